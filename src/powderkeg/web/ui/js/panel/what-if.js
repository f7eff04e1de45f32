// The ladder as a question: drag the price or the shock; rungs light up.

import { LadderView } from "../chart/ladder-view.js";
import { ask } from "../model/api.js";
import { settled } from "../model/conflate.js";
import { ladderOf } from "../model/market.js";
import { patiently } from "../model/patience.js";
import { onColors } from "../model/settings.js";
import { Turn } from "../model/turn.js";
import { h, replace } from "../format/dom.js";
import { compactUsd, percent, plain, priceText, reproductionText, signedPercent } from "../format/numbers.js";
import { sentence } from "../format/words.js";
import { segmented, select, slider } from "./controls.js";
import { Panel, filling } from "./frame.js";

const DEFAULT_SHOCK_USD = 20e6;
const LEAST_SHOCK_LOG = 4;
const MOST_SHOCK_LOG = 9.5;
const LEAST_REACH = 0.025;
const WAIT_MS = 60;

const SIDES = /** @type {const} */ ([["short", "Up: shorts"], ["long", "Down: longs"]]);
const STRESS = /** @type {const} */ ([["calm", "Book as seen"], ["median", "Thinner, as in a median event"], ["p90", "Thinner, as in the worst tenth"]]);
const IMPACTS = /** @type {const} */ ([["sweep", "Sweep the book"], ["power", "Power law"], ["sqrt", "Square-root law"]]);

export class WhatIfPanels {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.context = context;
    this.controls = new Panel("What if", { body: "flush" });
    this.outcome = new Panel("What happens", { body: "flush" });
    this.picture = new Panel("Ladder", { note: "fuel against depth, USD per step; drag the line", body: "flush" });
    this.rungs = new Panel("Rungs", { note: "where forced orders outrun the book", body: "flush" });
    this.host = h("div", { class: "canvas-host price-chart is-short" });
    /** @type {Readonly<Record<string, string>>} */
    this.query = {};
    this.turn = new Turn(context.signal);
    const ask = settled(() => void this.question(this.turn.begin()), WAIT_MS);
    this.view = new LadderView(this.host, (price) => this.change({ to: price.toPrecision(7), shock_usd: null }, ask));
    this.shock = slider({
      label: "Net market orders from elsewhere, USD",
      min: LEAST_SHOCK_LOG,
      max: MOST_SHOCK_LOG,
      step: 0.01,
      value: Math.log10(DEFAULT_SHOCK_USD),
      text: (log) => compactUsd(10 ** log),
      input: (log) => this.change({ shock_usd: String(Math.round(10 ** log)), to: null }, ask),
    });
    this.share = slider({
      label: "Share of a liquidation that reaches the book",
      min: 0.05,
      max: 1,
      step: 0.05,
      value: 1,
      text: (share) => percent(share),
      input: (share) => this.change({ market_share: share === 1 ? null : share.toFixed(2) }, ask),
    });
    onColors(() => this.view.draw(), context.signal);
    context.signal.addEventListener("abort", () => this.view.destroy());
  }

  /**
   * Sliders change the address without a step to go back to, and ask as soon as they rest.
   * @param {Record<string, string | null>} patch
   * @param {() => void} ask
   */
  change(patch, ask) {
    this.context.navigate(patch, { replace: true });
    this.query = Object.fromEntries(Object.entries({ ...this.query, ...patch }).filter((entry) => entry[1] !== null)
      .map(([name, given]) => [name, String(given)]));
    ask();
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} _signal of the page; the ladder has its own, for it is asked more often
   */
  async update(query, _signal) {
    const isRefresh = JSON.stringify(query) === JSON.stringify(this.query);
    this.query = query;
    if (!isRefresh || !this.controls.isFilled) {
      this.drawControls();
    }
    await this.question(this.turn.begin());
  }

  drawControls() {
    const { side = "short", stress = "calm", impact = "sweep", shock_usd: shockUsd, market_share: share } = this.query;
    const { navigate } = this.context;
    this.shock.set(Math.log10(Number(shockUsd ?? DEFAULT_SHOCK_USD)));
    this.share.set(Number(share ?? 1));
    const target = h("input", {
      class: "field",
      type: "number",
      step: "any",
      min: "0",
      "aria-label": "Price to reach",
      placeholder: "or drag the line in the ladder",
      value: this.query["to"] ?? "",
      onchange: () => navigate({ to: target.value || null, shock_usd: null }),
    });
    const depth = h("input", {
      class: "field",
      type: "number",
      step: "any",
      min: "1",
      "aria-label": "Depth of one side within 1 %, USD",
      placeholder: "from the book, or typical",
      value: this.query["depth_usd"] ?? "",
      onchange: () => navigate({ depth_usd: depth.value || null }),
    });
    const labeled = (/** @type {string} */ word, /** @type {Node} */ control) => h("div", { class: "control" }, h("span", { class: "control-top" }, word), control);
    this.target = target;
    this.controls.show(
      h(
        "div",
        { class: "controls" },
        segmented("Direction", SIDES, side, (chosen) => navigate({ side: chosen === "short" ? null : chosen, to: null })),
        this.shock.element,
        labeled("Price to reach", target),
        this.share.element,
        labeled("Depth of one side within 1 %, USD", depth),
        labeled("Depth of the book", select("Depth of the book", STRESS, stress, (chosen) => navigate({ stress: chosen === "calm" ? null : chosen }))),
        labeled("Impact", select("Impact", IMPACTS, impact, (chosen) => navigate({ impact: chosen === "sweep" ? null : chosen }))),
      ),
      null,
    );
  }

  /** @param {AbortSignal} signal */
  async question(signal) {
    const { coin = "BTC", side = "short", to, shock_usd: shockUsd, market_share: share, depth_usd: depthUsd, stress, impact, as_of: asOf } = this.query;
    const asked = { coin, side, to, shock_usd: to ? null : (shockUsd ?? DEFAULT_SHOCK_USD), market_share: share, depth_usd: depthUsd, stress, impact, as_of: asOf };
    for (const panel of [this.outcome, this.picture, this.rungs]) {
      panel.loading();
      panel.asked({ path: "ladder", query: asked });
    }
    await filling(this.outcome, signal, async () => {
      try {
        const waiting = () => [this.outcome, this.picture, this.rungs].forEach((panel) => panel.waiting());
        this.show(await patiently(() => ask("ladder", asked, signal), signal, waiting));
      } catch (error) {
        if (!signal.aborted) {
          this.picture.fail(error);
          this.rungs.fail(error);
        }
        throw error;
      }
    });
  }

  /** @param {any} told */
  show(told) {
    this.context.heard({ simulated: told.simulated ?? told.is_simulated });
    const { price, target } = told;
    const endPrice = target?.price_target ?? told.price_end;
    const reach = this.view.isDragging ? this.view.reach : Math.max(LEAST_REACH, Math.abs(Math.log(endPrice / price)) * 1.35);
    const ladder = ladderOf(told, reach);
    const provenance = { sources: [...told.fuel.sources, told.depth.source], asOf: told.as_of, coverage: null, method: told.method };
    this.outcome.show([...this.factsOf(told, endPrice), assumptions(told.assumptions)], provenance);
    if (this.host.parentElement !== this.picture.body) {
      replace(this.picture.body, this.host);
    }
    this.picture.keep(provenance);
    this.view.show({ ...ladder, endPrice, endPriceAlone: target ? null : told.price_end_alone }, reach);
    this.showRungs(ladder, endPrice, provenance, told);
    if (target) {
      this.shock.set(Math.log10(Math.max(1, target.shock_usd)));
    } else if (this.target && document.activeElement !== this.target) {
      this.target.value = "";
    }
  }

  /**
   * @param {any} told
   * @param {number} endPrice
   */
  factsOf(told, endPrice) {
    const { price, target } = told;
    const fact = (/** @type {string} */ name, /** @type {string} */ figure, note = "", key = "") => h("div", { class: "fact" }, h("dt", null, name), h("dd", { "data-figure": key || null }, figure, note ? h("small", null, note) : null));
    const band = told.liquidated_lower_usd === null ? "no band" : `80 % band ${compactUsd(told.liquidated_lower_usd)} to ${compactUsd(told.liquidated_upper_usd)}`;
    const worst = told.rows.reduce((/** @type {number} */ most, /** @type {any} */ row) => Math.max(most, row.reproduction ?? 0), 0);
    return [
      h("p", { class: "assumptions" }, h("span", null, sentence(told.summary))),
      h(
        "dl",
        { class: "facts" },
        fact(target ? "Price to reach" : "Price stops at", priceText(endPrice), `${signedPercent(endPrice / price - 1)} from ${priceText(price)}`, "price-end"),
        fact("Orders it takes from elsewhere", compactUsd(target ? target.shock_usd : told.shock_usd), "USD, net, at market", "shock"),
        fact(told.position_side === "short" ? "Shorts liquidated" : "Longs liquidated", compactUsd(told.liquidated_usd), band, "liquidated"),
        fact("Amplification", told.amplification === null ? "–" : `${plain(told.amplification)} ×`, "against the move without liquidations", "amplification"),
        fact("Largest R of a rung", worst > 0 ? reproductionText(worst) : "–", worst > 1 ? "above 1 a move feeds itself" : "", "reproduction"),
        fact("Depth of the book", compactUsd(told.depth.within_usd), depthText(told), "depth"),
      ),
    ];
  }

  /**
   * @param {import("../model/ladder.js").Ladder} ladder
   * @param {number} endPrice
   * @param {import("./frame.js").Provenance} provenance
   * @param {any} told
   */
  showRungs({ rungs, side }, endPrice, provenance, told) {
    if (rungs.length === 0) {
      this.rungs.empty("no_events", "No rung: liquidations nowhere outrun the book for long.", provenance);
      return;
    }
    const isPassed = (/** @type {number} */ trigger) => (side === "short" ? trigger <= endPrice : trigger >= endPrice);
    const items = rungs.slice(0, 24).map((rung) => {
      const isLit = told.target ? isPassed(rung.triggerPrice) : rung.isReached;
      return h(
        "li",
        { class: `rung${isLit ? " is-lit" : ""}` },
        h("strong", null, priceText(rung.triggerPrice)),
        h("span", null, `${compactUsd(rung.fuelUsd)} against ${compactUsd(rung.depthUsd)}`),
        h("strong", null, rung.reproduction === null ? "no depth" : `R ${reproductionText(rung.reproduction)}`),
        h("span", { class: "sentence" }, `${isLit ? "Reached: " : "Not reached: "}${rung.sentence}`),
      );
    });
    const list = h("ol", { class: `rungs of-${side}` }, items);
    this.rungs.show(h("div", { class: "rungs-scroll", tabindex: "0", role: "region", "aria-label": "Rungs, nearest first" }, list), provenance);
  }
}

/**
 * Where depth comes from, and how far.
 * @param {any} told answer of `ladder`
 */
function depthText({ depth, position_side: side }) {
  const reach = depth.within_log_distance === null ? "" : ` within ${percent(Math.expm1(depth.within_log_distance), 1)}`;
  return `${side === "short" ? "asks" : "bids"}${reach}, ${depth.method}: ${depth.source}`;
}

/** @param {Record<string, string>} told */
export function assumptions(told) {
  const lines = Object.entries(told).map(([name, said]) => h("li", null, h("b", null, `${sentence(name)}: `), said));
  return h("details", { class: "why" }, h("summary", null, `What this assumes (${lines.length})`), h("ul", { class: "assumptions" }, lines));
}
