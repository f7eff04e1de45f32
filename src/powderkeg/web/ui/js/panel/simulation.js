// Many simulated paths: how far price goes, with and without forced flow, and whether it touches a level.

import { Plot } from "../chart/plot.js";
import { send } from "../model/api.js";
import { patiently } from "../model/patience.js";
import { onColors } from "../model/settings.js";
import { h } from "../format/dom.js";
import { compactUsd, countText, percent, plain, priceAxis, priceText } from "../format/numbers.js";
import { lengthText } from "../format/time.js";
import { segmented, select } from "./controls.js";
import { Panel, filling } from "./frame.js";
import { table } from "./table.js";
import { assumptions } from "./what-if.js";

const HORIZONS = /** @type {const} */ ([["4h", "4 h"], ["24h", "1 d"], ["48h", "2 d"], ["7d", "7 d"]]);
const RETURNS = /** @type {const} */ ([["student", "Student-t"], ["gaussian", "Gaussian"], ["bootstrap", "Blocks of history"]]);
const PATHS = 20_000;

/** @typedef {{mean: number, mean_error: number, quantiles: {probability: number, estimate: number, standard_error: number}[]}} Distribution */

export class SimulationPanels {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.context = context;
    this.controls = new Panel("Simulate", { body: "flush" });
    this.outcome = new Panel("Distributions", { note: "with forced flow, and the same paths without", body: "flush" });
    this.host = h("div", { class: "plot", role: "img" });
    this.plot = new Plot(this.host, 240);
    onColors(() => this.plot.recolor(), context.signal);
    context.signal.addEventListener("abort", () => this.plot.destroy());
    this.asked = "";
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update(query, signal) {
    const { coin = "BTC", horizon = "24h", returns = "student", level, as_of: asOf, stress, depth_usd: depthUsd } = query;
    const { navigate } = this.context;
    const field = h("input", { class: "field", type: "number", step: "any", min: "0", "aria-label": "Level that is touched or not", value: level ?? "", placeholder: "none", onchange: () => navigate({ level: field.value || null }) });
    const labeled = (/** @type {string} */ word, /** @type {Node} */ control) => h("div", { class: "control" }, h("span", { class: "control-top" }, word), control);
    this.controls.show(
      h(
        "div",
        { class: "controls" },
        segmented("Horizon", HORIZONS, horizon, (chosen) => navigate({ horizon: chosen })),
        labeled("Level", field),
        labeled("Returns from elsewhere", select("Returns from elsewhere", RETURNS, returns, (chosen) => navigate({ returns: chosen }))),
      ),
      null,
    );
    const body = { coin, horizon, returns, paths: PATHS, ...(level ? { levels: [Number(level)] } : {}), ...(asOf ? { as_of: asOf } : {}), ...(stress ? { stress } : {}), ...(depthUsd ? { depth_usd: Number(depthUsd) } : {}) };
    const key = JSON.stringify(body);
    if (key === this.asked) {
      return; // the same question has the same answer: the seed is fixed
    }
    this.outcome.asked({ path: "simulations", body });
    await filling(this.outcome, signal, async () => {
      this.show(await patiently(() => send("simulations", body, signal), signal, () => this.outcome.waiting()));
      this.asked = key;
    });
  }

  /** @param {any} told */
  show(told) {
    const { extremes, liquidated, price } = told;
    const curves = touchCurves(price, extremes);
    const rows = [
      ["Highest price", extremes.highest_price, extremes.highest_price_alone, priceText],
      ["Lowest price", extremes.lowest_price, extremes.lowest_price_alone, priceText],
      ["Shorts liquidated, USD", liquidated.short_usd, null, compactUsd],
      ["Longs liquidated, USD", liquidated.long_usd, null, compactUsd],
    ];
    this.outcome.show(
      [
        this.host,
        table({ caption: "Quantiles over simulated paths", columns: QUANTILE_COLUMNS, rows }),
        told.rows.length > 0 ? touchTable(told.rows) : null,
        assumptions(told.assumptions),
      ],
      { sources: [told.price_source], asOf: told.as_of, coverage: null, method: told.method, more: `${countText(told.paths)} paths of ${countText(told.steps)} steps, ${told.returns} returns, seed ${told.seed}` },
    );
    this.host.setAttribute("aria-label", "Probability that a price is touched, with and without forced flow");
    this.plot.show({
      x: curves.x,
      series: [
        { label: "without forced flow", color: "soft", kind: "line", values: curves.alone },
        { label: "with forced flow", color: "accent", kind: "area", values: curves.forced },
      ],
      xText: priceAxis(price),
      yText: (share) => percent(share),
      marks: [{ x: price, title: `now ${priceText(price)}; violet: with forced flow, gray: without`, color: "soft" }],
    });
  }
}

/**
 * P(price is touched) over price: below the start from the lowest price, above it from the highest.
 * @param {number} price
 * @param {{highest_price: Distribution, lowest_price: Distribution, highest_price_alone: Distribution, lowest_price_alone: Distribution}} told
 */
export function touchCurves(price, told) {
  const branch = (/** @type {Distribution} */ low, /** @type {Distribution} */ high) =>
    new Map([
      ...low.quantiles.filter(({ estimate }) => estimate < price).map(({ probability, estimate }) => /** @type {[number, number]} */ ([estimate, probability])),
      [price, 1],
      ...high.quantiles.filter(({ estimate }) => estimate > price).map(({ probability, estimate }) => /** @type {[number, number]} */ ([estimate, 1 - probability])),
    ]);
  const forced = branch(told.lowest_price, told.highest_price);
  const alone = branch(told.lowest_price_alone, told.highest_price_alone);
  const x = [...new Set([...forced.keys(), ...alone.keys()])].sort((a, b) => a - b);
  return { x, forced: between(x, forced), alone: between(x, alone) };
}

/**
 * Values at all places, linear between known ones, unknown outside.
 * @param {number[]} x
 * @param {Map<number, number>} known
 * @returns {(number | null)[]}
 */
function between(x, known) {
  const places = [...known.keys()].sort((a, b) => a - b);
  return x.map((at) => {
    const right = places.findIndex((place) => place >= at);
    const high = places[right];
    if (high === undefined) {
      return null;
    }
    if (high === at) {
      return known.get(at) ?? null;
    }
    const low = places[right - 1];
    if (low === undefined) {
      return null;
    }
    const [from = 0, to = 0] = [known.get(low), known.get(high)];
    return from + ((to - from) * (at - low)) / (high - low);
  });
}

/**
 * @param {Distribution | null} told
 * @param {number} probability
 * @param {(figure: number) => string} text
 */
function quantile(told, probability, text) {
  const found = told?.quantiles.find((one) => Math.abs(one.probability - probability) < 1e-9);
  return found ? text(found.estimate) : "–";
}

/** @type {import("./table.js").Column<any>[]} */
const QUANTILE_COLUMNS = [
  { title: "Within the horizon", isHead: true, cell: ([name]) => name },
  ...[0.05, 0.25, 0.5, 0.75, 0.95].map((probability) => ({
    title: percent(probability),
    isNumber: true,
    cell: (/** @type {any} */ [, told, , text]) => quantile(told, probability, text),
  })),
  { title: "Median without forced flow", isNumber: true, cell: ([, , alone, text]) => h("span", { class: "soft" }, quantile(alone, 0.5, text)) },
];

/** @param {any[]} touches */
function touchTable(touches) {
  const share = (/** @type {number} */ probability, /** @type {number} */ error) => `${percent(probability, 1)} ± ${plain(error * 100)}`;
  return table({
    caption: "Probability that a level is touched",
    columns: [
      { title: "Level", isHead: true, cell: (touch) => priceText(touch.level_price) },
      { title: "Touched", isNumber: true, cell: (touch) => share(touch.probability, touch.probability_error) },
      { title: "Without forced flow", isNumber: true, cell: (touch) => share(touch.probability_alone, touch.probability_alone_error) },
      { title: "Forced flow adds", isNumber: true, cell: (touch) => share(touch.difference, touch.difference_error) },
      { title: "Median time to it", isNumber: true, cell: (touch) => { const found = touch.hours?.quantiles.find((/** @type {any} */ one) => one.probability === 0.5); return found ? lengthText(found.estimate * 3_600_000) : "–"; } },
    ],
    rows: touches,
  });
}
