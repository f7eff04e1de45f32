// The price chart with everything in it: asked for together, shown as it comes.

import { PriceChart } from "../chart/price.js";
import { ApiError, ask } from "../model/api.js";
import { durationMs, msOf } from "../model/instants.js";
import { bubblesOf, heatOf, ladderOf } from "../model/market.js";
import { patiently } from "../model/patience.js";
import { fittingWindow } from "../model/reach.js";
import { scoreText } from "../model/score.js";
import { barsOf, carriedSum, cumulated, isSpot, mean } from "../model/series.js";
import { onColors } from "../model/settings.js";
import { SCALES } from "../format/colors.js";
import { h, replace } from "../format/dom.js";
import { place, segmented, select } from "./controls.js";
import { Panel, WAITING, filling } from "./frame.js";
import { barsBySide } from "./history.js";
import { Legend } from "./legend.js";
import { lastRecorded } from "./notice.js";

/** @type {Readonly<Record<string, string>>} */
const INTERVAL_FOR = { "15m": "5s", "1h": "10s", "4h": "1m", "24h": "5m", "7d": "1h", "30d": "4h", "90d": "12h" };
const WINDOWS = /** @type {const} */ ([["15m", "15 min"], ["1h", "1 h"], ["4h", "4 h"], ["24h", "1 d"], ["7d", "7 d"], ["30d", "30 d"], ["90d", "90 d"]]);
const INTERVALS = ["5s", "10s", "30s", "1m", "5m", "15m", "1h", "4h", "12h", "1d"];
const LARGEST = 500;

/** @typedef {{coin: string, venue: string | undefined, end: string | undefined, window: string, interval: string}} Asked */
/** @typedef {Asked & {depthUsd: string | undefined}} AskedWithDepth */

export class MapPanel {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.context = context;
    this.windowPlace = place();
    this.intervalPlace = place();
    this.scalePlace = place();
    this.legend = new Legend();
    this.host = h("div", { class: "price-chart", role: "group", tabindex: "0" });
    this.remarks = h("div", { class: "panel-note" });
    this.panel = new Panel("Price and liquidation map", {
      tools: [this.windowPlace.element, this.intervalPlace.element, this.scalePlace.element],
      body: "flush",
    });
    this.element = this.panel.element;
    this.chart = new PriceChart(this.host, (at) => this.legend.point(at));
    onColors(() => this.chart.recolor(), context.signal);
    context.signal.addEventListener("abort", () => this.chart.destroy());
    this.host.addEventListener("keydown", (event) => this.key(event));
    /** @type {string[]} */
    this.missing = [];
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update(query, signal) {
    const { coin = "BTC", venue, as_of: end, scale = "viridis" } = query;
    this.panel.heading.textContent = `${coin} price and liquidation map`;
    this.chart.heatmap.setScale(scale);
    await filling(this.panel, signal, async () => {
      const window = query["window"] ?? (await this.fitting(end, signal));
      signal.throwIfAborted();
      const interval = query["interval"] ?? INTERVAL_FOR[window] ?? "1h";
      const asked = { coin, venue, end, window, interval };
      this.controls(window, interval, scale);
      this.panel.asked({ path: "prices", query: asked });
      const told = await ask("prices", asked, signal);
      this.context.heard({ simulated: told.simulated });
      const bars = barsOf(told.rows, durationMs(interval) ?? 3_600_000);
      if (!bars) {
        const why = told.empty ?? { state: "no_events", message: "" };
        this.panel.empty(why.state, why.message, { sources: [], asOf: told.to, coverage: null, method: told.method }, await this.stepBack(end, signal));
        return;
      }
      if (this.host.parentElement !== this.panel.body) {
        replace(this.panel.body, this.legend.element, this.host);
      }
      this.chart.setBars(bars);
      this.setLevels(bars);
      this.host.setAttribute("aria-label", `${coin}, bars of ${interval} of ${told.venue}; arrow keys move, plus and minus zoom`);
      const coverage = bars.rows.length / bars.count;
      const provenance = { sources: [told.venue], asOf: told.to, coverage, method: told.method, more: `${told.symbol}, from ${told.basis.replace("_", " ")}s` };
      this.panel.keep(provenance);
      this.panel.element.setAttribute("aria-busy", "true"); // the price is there, the rest is on its way
      await this.overlays({ ...asked, depthUsd: query["depth_usd"] }, scale, provenance, signal);
    });
  }

  /**
   * @param {AskedWithDepth} asked
   * @param {string} scale
   * @param {import("./frame.js").Provenance} provenance
   * @param {AbortSignal} signal
   */
  async overlays(asked, scale, provenance, signal) {
    const { coin, end, window, depthUsd } = asked;
    /** @type {string[]} */
    const remarks = [];
    const optional = async (/** @type {string} */ what, /** @type {() => Promise<void>} */ work) => {
      try {
        await work();
      } catch (error) {
        if (signal.aborted) {
          throw error;
        }
        remarks.push(`${what}: ${error instanceof ApiError ? (error.isNotOffered ? "not part of this server" : error.message) : "failed"}`);
      }
    };
    const waiting = () => {
      this.panel.note.textContent = `Working on the map: ${WAITING}`;
    };
    const { depthUsd: _, ...question } = asked;
    const panes = this.panes(question, optional, signal);
    await Promise.all([
      optional("map", async () => {
        const told = await patiently(() => ask("liquidation-heatmap", { coin, as_of: end, window }, signal), signal, waiting).catch(
          (error) => {
            if (!signal.aborted) {
              this.chart.setHeat(null); // that of another coin or time must not stay
            }
            throw error;
          },
        );
        const grid = heatOf(told);
        this.chart.setHeat(grid);
        this.legend.show(grid, scale);
        remarks.unshift(`map: ${told.method}, ${told.sources.join(", ")}`);
      }),
      optional("ladder", async () => {
        const ladder = (/** @type {string} */ side) => ask("ladder", { coin, side, shock_usd: 0, as_of: end, depth_usd: depthUsd }, signal);
        const sides = await Promise.all(["short", "long"].map((side) => patiently(() => ladder(side), signal, waiting))).catch((error) => {
          if (!signal.aborted) {
            this.chart.ladder.setLadders([]);
          }
          throw error;
        });
        this.chart.ladder.setLadders(sides.map((told) => ladderOf(told)));
      }),
      optional("orders", async () => {
        const told = await ask("liquidations/orders", { coin, venue: asked.venue, end, window, order: "largest", limit: LARGEST }, signal);
        this.chart.setBubbles(bubblesOf(told.rows));
      }),
      optional("map score", async () => {
        const told = await ask("map-score", { coin, as_of: end }, signal);
        remarks.push(scoreText(told.rows));
      }),
      panes.then((shown) => this.chart.setPanes(shown)),
    ]);
    this.panel.note.textContent = "";
    if (this.chart.heatmap.grid === null) {
      this.legend.show(null, scale);
    }
    this.panel.keep({ ...provenance, more: [provenance.more, ...remarks].filter(Boolean).join("; ") });
  }

  /**
   * @param {Asked} asked
   * @param {(what: string, work: () => Promise<void>) => Promise<void>} optional
   * @param {AbortSignal} signal
   * @returns {Promise<import("../chart/price.js").Pane[]>}
   */
  async panes(asked, optional, signal) {
    /** @type {Record<string, any[]>} */
    const rows = { history: [], interest: [], funding: [], cvd: [] };
    const read = (/** @type {string} */ name, /** @type {string} */ path, /** @type {string} */ what) =>
      optional(what, async () => {
        rows[name] = (await ask(path, asked, signal)).rows;
      });
    await Promise.all([
      read("history", "liquidations/history", "liquidation bars"),
      read("interest", "open-interest", "open interest"),
      read("funding", "funding", "funding"),
      read("cvd", "cvd", "cvd"),
    ]);
    const { history = [], interest = [], funding = [], cvd = [] } = rows;
    const sides = history.length > 0 ? barsBySide(history, durationMs(asked.interval) ?? 1) : { x: [], shorts: [], longs: [] };
    const points = (/** @type {(number | null)[]} */ values) => sides.x.map((seconds, at) => ({ ms: seconds * 1_000, value: values[at] ?? null }));
    const yearly = mean(funding, (row) => row.annualized_ratio);
    const isUnknown = funding.length > 0 && yearly.length === 0;
    return [
      { title: "Liquidations, USD: shorts up, longs down", figure: "usd", curves: [{ kind: "histogram", color: "short", points: points(sides.shorts) }, { kind: "histogram", color: "long", points: points(sides.longs) }] },
      { title: "Open interest, USD", figure: "usd", curves: [{ kind: "line", color: "accent", points: carriedSum(interest, (row) => row.open_interest_usd) }] },
      { title: "CVD, USD: perpetuals (violet), spot (gray)", figure: "usd", curves: [{ kind: "line", color: "accent", points: cumulated(cvd.filter((row) => !isSpot(row))) }, { kind: "line", color: "soft", points: cumulated(cvd.filter(isSpot)) }] },
      { title: isUnknown ? "Funding: how often it is charged is not known here" : "Funding, annualized, mean of venues", figure: "percent", curves: [{ kind: "line", color: "warn", points: yearly }] },
    ];
  }

  /** @param {import("../model/series.js").Bars} bars */
  setLevels(bars) {
    const highest = Math.max(...bars.rows.map(({ high }) => high));
    const lowest = Math.min(...bars.rows.map(({ low }) => low));
    this.chart.setLevels([
      { price: highest, title: "high", color: "soft" },
      { price: lowest, title: "low", color: "soft" },
    ]);
  }

  /**
   * @param {string} window
   * @param {string} interval
   * @param {string} scale
   */
  controls(window, interval, scale) {
    const { navigate } = this.context;
    this.windowPlace.set(segmented("Window", WINDOWS, window, (chosen) => navigate({ window: chosen, interval: null })));
    this.intervalPlace.set(select("Length of a bar", INTERVALS.map((one) => [one, `bars ${one}`]), interval, (chosen) => navigate({ interval: chosen })));
    this.scalePlace.set(select("Colors of the map", SCALES.map((one) => [one, one]), scale, (chosen) => navigate({ scale: chosen === "viridis" ? null : chosen })));
  }

  /**
   * The window for an address that names none.
   * @param {string | undefined} end
   * @param {AbortSignal} signal
   */
  async fitting(end, signal) {
    const { recorded } = await ask("health", { window: "1h" }, signal).catch(() => ({ recorded: null }));
    return fittingWindow(recorded?.from, msOf(end) ?? Date.now(), WINDOWS.map(([one]) => one));
  }

  /**
   * Where nothing is shown for now but something was recorded, a step to the end of it.
   * @param {string | undefined} end
   * @param {AbortSignal} signal
   */
  async stepBack(end, signal) {
    const { recorded } = await ask("health", { window: "1h" }, signal).catch(() => ({ recorded: null }));
    const isBefore = recorded && (!end || (msOf(recorded.to) ?? 0) < (msOf(end) ?? 0));
    return isBefore ? lastRecorded({ state: "not_watched", message: recorded.to }, this.context.navigate) : [];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const axis = this.chart.chart.timeScale();
    const range = axis.getVisibleLogicalRange();
    const by = { ArrowLeft: [-0.1, -0.1], ArrowRight: [0.1, 0.1], "+": [0.1, -0.1], "-": [-0.1, 0.1] }[event.key];
    if (range && by) {
      event.preventDefault();
      const width = range.to - range.from;
      axis.setVisibleLogicalRange({ from: range.from + width * (by[0] ?? 0), to: range.to + width * (by[1] ?? 0) });
    }
  }
}
