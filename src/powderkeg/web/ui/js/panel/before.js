// What was known when an event began: where leverage sat, and how much of it stood against the book.

import { LadderView } from "../chart/ladder-view.js";
import { Plot } from "../chart/plot.js";
import { ask } from "../model/api.js";
import { durationMs, msOf } from "../model/instants.js";
import { ladderOf } from "../model/market.js";
import { patiently } from "../model/patience.js";
import { barsOf } from "../model/series.js";
import { onColors } from "../model/settings.js";
import { h, replace } from "../format/dom.js";
import { compactUsd, priceAxis, priceText, reproductionText, signedPercent } from "../format/numbers.js";
import { dateTime } from "../format/time.js";
import { Panel, filling } from "./frame.js";
import { intervalFor } from "./history.js";
import { sideWord } from "./parts.js";
import { table } from "./table.js";

const NEAR = 0.06;
const CLUSTERS = 8;
const RUNGS = 8;
const STEPS = 48;
const LEAST_REACH = 0.015;

/** @typedef {import("./events.js").EventRow} EventRow */

export class MapBefore {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.panel = new Panel("The map before it", { note: "USD by price", body: "flush" });
    this.host = h("div", { class: "plot", role: "img" });
    this.plot = new Plot(this.host, 240);
    onColors(() => this.plot.recolor(), signal);
    signal.addEventListener("abort", () => this.plot.destroy());
  }

  /**
   * @param {EventRow} event
   * @param {AbortSignal} signal
   */
  async update({ coin, from }, signal) {
    const asked = { coin, as_of: from };
    await filling(this.panel, signal, async () => {
      const told = await patiently(() => ask("liquidation-map", asked, signal), signal, () => this.panel.waiting());
      this.panel.asked({ path: "liquidation-map", query: asked });
      replace(this.panel.body, this.host, clusterTable(told));
      this.host.setAttribute("aria-label", `Map of ${coin} as of ${dateTime(from)}, USD by price`);
      this.draw(told);
      this.panel.keep({ sources: told.sources, asOf: told.as_of, coverage: null, method: told.method });
    });
  }

  /** @param {any} told */
  draw({ bins, mark_price: mark }) {
    /** @type {number[]} */
    const prices = bins.price;
    const near = [...prices.keys()].filter((at) => Math.abs(Math.log((prices[at] ?? 0) / mark)) < NEAR);
    const column = (/** @type {number[]} */ values) => near.map((at) => values[at] || null);
    this.plot.show({
      x: near.map((at) => prices[at] ?? 0),
      series: [
        { label: "Longs", color: "long", kind: "bars", values: column(bins.long_usd) },
        { label: "Shorts", color: "short", kind: "bars", values: column(bins.short_usd) },
      ],
      xText: priceAxis(mark),
      marks: [{ x: mark, title: `mark ${priceText(mark)}`, color: "soft" }],
    });
  }
}

export class LadderBefore {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.panel = new Panel("The ladder before it", { body: "flush fills" });
    this.host = h("div", { class: "canvas-host ladder-before" });
    this.view = new LadderView(this.host, null);
    onColors(() => this.view.draw(), signal);
    signal.addEventListener("abort", () => this.view.destroy());
  }

  /**
   * The side that was liquidated more; the line is how far price went.
   * @param {EventRow} event
   * @param {AbortSignal} signal
   */
  async update({ coin, from, to, long_usd: longUsd, short_usd: shortUsd }, signal) {
    const side = shortUsd >= longUsd ? "short" : "long";
    const asked = { coin, side, shock_usd: 0, as_of: from };
    await filling(this.panel, signal, async () => {
      const [told, reached] = await Promise.all([
        patiently(() => ask("ladder", asked, signal), signal, () => this.panel.waiting()),
        extreme({ coin, from, to }, side, signal),
      ]);
      this.panel.asked({ path: "ladder", query: asked });
      this.show(told, reached, coin);
    });
  }

  /**
   * @param {any} told
   * @param {number | null} reached
   * @param {string} coin
   */
  show(told, reached, coin) {
    const { price, fuel, depth, position_side: side } = told;
    const endPrice = reached ?? price;
    const reach = Math.max(LEAST_REACH, Math.abs(Math.log(endPrice / price)) * 1.6);
    const ladder = ladderOf(told, reach, STEPS);
    const isPassed = (/** @type {number} */ trigger) => (side === "short" ? trigger <= endPrice : trigger >= endPrice);
    const rungs = ladder.rungs.map((rung) => ({ ...rung, isReached: isPassed(rung.triggerPrice) }));
    this.panel.note.textContent = `${side}s against ${side === "short" ? "asks" : "bids"} (gray), USD per step`;
    replace(this.panel.body, this.host, rungTable(rungs, side));
    this.view.canvas.setAttribute("aria-label", `Ladder of ${coin} before the event: ${side}s against the book, by price`);
    this.view.show({ ...ladder, rungs, endPrice, endPriceAlone: null }, reach);
    this.panel.keep({ sources: fuel.sources, asOf: told.as_of, coverage: null, method: told.method, more: `depth ${depth.method}: ${depth.source}` });
  }
}

/**
 * How far price went during an event: its highest where shorts were liquidated, else its lowest; null where nobody
 * recorded it.
 * @param {{coin: string, from: string, to: string}} event
 * @param {string} side
 * @param {AbortSignal} signal
 */
async function extreme({ coin, from, to }, side, signal) {
  const interval = intervalFor(`${Math.max(1, ((msOf(to) ?? 0) - (msOf(from) ?? 0)) / 1_000)}s`);
  const told = await ask("prices", { coin, start: from, end: to, interval }, signal).catch(() => ({ rows: [] }));
  const bars = barsOf(told.rows, durationMs(interval) ?? 60_000)?.rows ?? [];
  const prices = bars.map(({ high, low }) => (side === "short" ? high : low));
  return prices.length === 0 ? null : side === "short" ? Math.max(...prices) : Math.min(...prices);
}

/** @param {any} told answer of `liquidation-map` */
function clusterTable({ rows }) {
  return table({ caption: "Nearest clusters before the event: side, price, distance, notional with band", columns: CLUSTER_COLUMNS, rows: rows.slice(0, CLUSTERS) });
}

/**
 * @param {import("../model/ladder.js").Rung[]} rungs
 * @param {string} side
 */
function rungTable(rungs, side) {
  if (rungs.length === 0) {
    return h("p", { class: "assumptions" }, "No rung: nowhere did liquidations outrun the book for long.");
  }
  const caption = `Rungs before the event: where ${side}s outran the book, and whether price came there`;
  return table({ caption, columns: RUNG_COLUMNS, rows: rungs.slice(0, RUNGS) });
}

/** @type {import("./table.js").Column<any>[]} */
const CLUSTER_COLUMNS = [
  { title: "Side", isHead: true, cell: (row) => sideWord(row.position_side) },
  { title: "Price", isNumber: true, cell: (row) => priceText(row.price) },
  { title: "Distance", isNumber: true, cell: (row) => signedPercent(row.distance_ratio) },
  { title: "USD (80 % band)", isNumber: true, cell: (row) => `${compactUsd(row.notional_usd)} (${compactUsd(row.lower_usd)} – ${compactUsd(row.upper_usd)})` },
];

/** @type {import("./table.js").Column<import("../model/ladder.js").Rung>[]} */
const RUNG_COLUMNS = [
  { title: "Through", isHead: true, cell: (rung) => priceText(rung.triggerPrice) },
  { title: "To", isNumber: true, cell: (rung) => priceText(rung.crestPrice) },
  { title: "Liquidated, USD", isNumber: true, cell: (rung) => compactUsd(rung.fuelUsd) },
  { title: "Book, USD", isNumber: true, cell: (rung) => compactUsd(rung.depthUsd) },
  { title: "R", isNumber: true, cell: (rung) => h("strong", null, reproductionText(rung.reproduction)) },
  { title: "Price came", cell: (rung) => (rung.isReached ? "yes" : h("span", { class: "faint" }, "no")) },
];
