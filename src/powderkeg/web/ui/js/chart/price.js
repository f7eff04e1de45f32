// The price chart: candles, the heatmap inside, the ladder beside the axis, and panes below on the same time axis.

import {
  CandlestickSeries, ColorType, CrosshairMode, HistogramSeries, LineSeries, LineStyle, createChart, createTextWatermark,
} from "../../vendor/lightweight-charts.js";
import { faded, palette } from "../format/colors.js";
import { compactUsd, decimalsOf, priceText, signedPercent } from "../format/numbers.js";
import { dateTime } from "../format/time.js";
import { Bubbles } from "./bubbles.js";
import { Heatmap } from "./heatmap.js";
import { LadderAxis } from "./ladder-axis.js";

/** @typedef {import("../../vendor/lightweight-charts.js").UTCTimestamp} Stamp */
/** @typedef {import("../model/series.js").Bars} Bars */
/** @typedef {import("../model/series.js").Point} Point */
/** @typedef {"long" | "short" | "accent" | "soft" | "warn"} ColorName */
/** @typedef {{kind: "line" | "histogram", color: ColorName, points: Point[]}} Curve */
/** @typedef {{title: string, figure: "usd" | "percent", curves: Curve[]}} Pane */

const LADDER_ROOM = 150;
const LADDER_SHARE = 0.2;
const STROKE = 1;
const BELOW_TITLE = { top: 0.3, bottom: 0.12 };

/** @param {number} ms */
const stamp = (ms) => /** @type {Stamp} */ (ms / 1_000);

export class PriceChart {
  /**
   * @param {HTMLElement} host
   * @param {(at: {ms: number, price: number} | null) => void} onHover
   */
  constructor(host, onHover = () => {}) {
    this.heatmap = new Heatmap();
    this.bubbles = new Bubbles();
    this.ladder = new LadderAxis();
    this.chart = createChart(host, {
      layout: { attributionLogo: false, panes: { enableResize: true } }, // the link stands in the foot of the page; the built-in one needs inline style
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, rightOffsetPixels: LADDER_ROOM, minBarSpacing: 0.02, enableConflation: true },
      localization: { locale: "en-US", timeFormatter: (/** @type {number} */ seconds) => dateTime(seconds * 1_000, true) },
      rightPriceScale: { minimumWidth: 72, scaleMargins: { top: 0.05, bottom: 0.05 } },
    });
    host.querySelector("table")?.setAttribute("role", "presentation"); // the library lays canvases out in one
    this.candles = this.chart.addSeries(CandlestickSeries, { priceLineVisible: true, lastValueVisible: true, borderVisible: true });
    for (const primitive of [this.heatmap, this.bubbles, this.ladder]) {
      this.candles.attachPrimitive(primitive);
    }
    this.isFitDue = false;
    this.watch = new ResizeObserver(() => this.resize(host));
    this.watch.observe(host);
    /** @type {{titles: ReturnType<typeof createTextWatermark<any>>, series: any[], pane: Pane}[]} */
    this.panes = [];
    /** @type {Bars | null} */
    this.bars = null;
    /** @type {any[]} */
    this.lines = [];
    this.recolor();
    this.chart.subscribeCrosshairMove((event) => {
      const price = event.point ? this.candles.coordinateToPrice(event.point.y) : null;
      onHover(event.time !== undefined && price !== null ? { ms: Number(event.time) * 1_000, price } : null);
    });
  }

  /**
   * Candles; every bar gets its place, also those without a price, so that time is even along the axis.
   * @param {Bars} bars
   */
  setBars(bars) {
    const isSameAxis = this.bars?.fromMs === bars.fromMs && this.bars.stepMs === bars.stepMs;
    const known = new Map(bars.rows.map((row) => [row.ms, row]));
    const data = Array.from({ length: bars.count }, (_, at) => {
      const ms = bars.fromMs + at * bars.stepMs;
      const row = known.get(ms);
      return row ? { time: stamp(ms), open: row.open, high: row.high, low: row.low, close: row.close } : { time: stamp(ms) };
    });
    const last = bars.rows.at(-1);
    const decimals = decimalsOf(last?.close ?? 1);
    this.candles.applyOptions({ priceFormat: { type: "custom", minMove: 10 ** -decimals, formatter: priceText } });
    this.chart.timeScale().applyOptions({ secondsVisible: bars.stepMs < 60_000 });
    this.heatmap.mark = last?.close ?? null;
    this.candles.setData(data);
    this.bars = bars;
    if (!isSameAxis) {
      this.fit();
    }
  }

  /** The whole of it, with room for the ladder beside the axis. */
  fit() {
    this.isFitDue = this.chart.timeScale().width() <= 0;
    this.chart.timeScale().fitContent();
  }

  /** @param {HTMLElement} host */
  resize({ clientWidth, clientHeight }) {
    if (clientWidth > 0 && clientHeight > 0) {
      this.chart.resize(clientWidth, clientHeight);
      this.chart.timeScale().applyOptions({ rightOffsetPixels: Math.min(LADDER_ROOM, clientWidth * LADDER_SHARE) });
      if (this.isFitDue) {
        this.fit(); // asked for before there was room to fit into
      }
    }
  }

  /** @param {import("../model/grid.js").HeatGrid | null} grid */
  setHeat(grid) {
    this.heatmap.setGrid(grid, this.axis);
  }

  /**
   * Large liquidations, each where the market stood: what a venue tells is often the bankruptcy price, which is not
   * where it traded; then the close of its bar stands for it.
   * @param {import("./bubbles.js").Bubble[]} bubbles
   */
  setBubbles(bubbles) {
    const { fromMs, stepMs } = this.axis;
    const closes = new Map((this.bars?.rows ?? []).map((bar) => [bar.ms, bar.close]));
    const placed = bubbles.map((one) => {
      const open = fromMs + Math.floor((one.ms - fromMs) / stepMs) * stepMs;
      return one.isFill ? one : { ...one, price: closes.get(open) ?? one.price };
    });
    this.bubbles.setBubbles(placed, this.axis);
  }

  get axis() {
    return this.bars ?? { fromMs: 0, stepMs: 1 };
  }

  /**
   * Horizontal lines with a word.
   * @param {{price: number, title: string, color: ColorName}[]} levels
   */
  setLevels(levels) {
    const colors = palette();
    for (const line of this.lines) {
      this.candles.removePriceLine(line);
    }
    this.lines = levels.map(({ price, title, color }) =>
      this.candles.createPriceLine({ price, title, color: colors[color], lineStyle: LineStyle.Dashed, lineWidth: 1, axisLabelVisible: false }),
    );
  }

  /**
   * Panes below the price; their number and kinds stay the same for one chart.
   * @param {Pane[]} panes
   */
  setPanes(panes) {
    panes.forEach((pane, at) => {
      const shown = this.panes[at] ?? this.addPane(pane, at + 1);
      shown.pane = pane;
      pane.curves.forEach((curve, index) => shown.series[index]?.setData(
        curve.points.map(({ ms, value }) => (value === null ? { time: stamp(ms) } : { time: stamp(ms), value })),
      ));
    });
    this.recolor();
  }

  /**
   * @param {Pane} pane
   * @param {number} index
   */
  addPane(pane, index) {
    const formatter = pane.figure === "usd" ? compactUsd : (/** @type {number} */ ratio) => signedPercent(ratio, 1);
    const series = pane.curves.map(({ kind }) =>
      this.chart.addSeries(
        /** @type {any} */ (kind === "line" ? LineSeries : HistogramSeries),
        { priceFormat: { type: "custom", formatter, minMove: 1e-9 }, priceLineVisible: false, lastValueVisible: false, ...(kind === "line" ? { lineWidth: 1.5 } : {}) },
        index,
      ),
    );
    const element = this.chart.panes()[index];
    element?.setStretchFactor(0.27);
    series[0]?.priceScale().applyOptions({ scaleMargins: BELOW_TITLE });
    const titles = createTextWatermark(/** @type {any} */ (element), { horzAlign: "left", vertAlign: "top", lines: [] });
    const shown = { titles, series, pane };
    this.panes.push(shown);
    return shown;
  }

  /** Take the page's colors as they are now. */
  recolor() {
    const colors = palette();
    this.chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: colors.surface }, textColor: colors.soft, fontFamily: colors.font, fontSize: 11, panes: { separatorColor: colors.grid, separatorHoverColor: colors.line } },
      grid: { vertLines: { visible: false }, horzLines: { color: faded(colors.line, 0.4) } },
      rightPriceScale: { borderColor: colors.grid },
      timeScale: { borderColor: colors.grid },
      crosshair: { vertLine: { color: colors.faint, labelBackgroundColor: colors.line }, horzLine: { color: colors.faint, labelBackgroundColor: colors.line } },
    });
    this.candles.applyOptions({
      upColor: colors.up, borderUpColor: colors.upEdge, wickUpColor: colors.upEdge,
      downColor: colors.down, borderDownColor: colors.downEdge, wickDownColor: colors.downEdge,
    });
    this.bubbles.colors = { long: colors.long, short: colors.short };
    this.ladder.colors = { long: colors.long, short: colors.short, depth: colors.faint, text: colors.text, ground: colors.surface, font: colors.font };
    for (const { pane, series, titles } of this.panes) {
      titles.applyOptions({ lines: [{ text: pane.title, color: colors.soft, fontSize: 11, fontFamily: colors.font }] });
      pane.curves.forEach(({ color }, at) => series[at]?.applyOptions({ color: colors[color], lineWidth: STROKE }));
    }
  }

  destroy() {
    this.watch.disconnect();
    this.chart.remove();
  }
}
