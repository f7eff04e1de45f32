// Small plots over time or price: bars and lines, with uPlot.

import uPlot from "../../vendor/uPlot.js";
import { faded, palette } from "../format/colors.js";
import { compactUsd } from "../format/numbers.js";
import { short } from "../format/time.js";

/** @typedef {{label: string, color: import("./price.js").ColorName, values: (number | null)[], kind: "bars" | "line" | "area", scale?: string}} PlotSeries */
/**
 * @typedef {object} PlotTold
 * @property {number[]} x
 * @property {boolean} [isTime] x are seconds since 1970
 * @property {PlotSeries[]} series
 * @property {(x: number) => string} [xText]
 * @property {(y: number) => string} [yText]
 * @property {(y: number) => string} [rightText] axis of the series with scale `right`
 * @property {{x: number, title: string, color: import("./price.js").ColorName}[]} [marks] vertical lines
 */

export class Plot {
  /**
   * @param {HTMLElement} host
   * @param {number} height
   */
  constructor(host, height) {
    this.host = host;
    this.height = height;
    /** @type {any} */
    this.plot = null;
    /** @type {PlotTold | null} */
    this.told = null;
    this.readout = document.createElement("div");
    this.readout.className = "plot-readout";
    this.watch = new ResizeObserver(() => this.plot?.setSize({ width: this.width, height: this.height }));
    this.watch.observe(host);
  }

  get width() {
    return Math.max(160, this.host.clientWidth);
  }

  /** @param {PlotTold} told */
  show(told) {
    const isSameKind = this.told?.series.length === told.series.length && this.told.isTime === told.isTime && !told.marks && !this.told.marks;
    this.told = told;
    const data = [told.x, ...told.series.map(({ values }) => values)];
    if (this.plot && isSameKind) {
      this.plot.setData(data);
      return;
    }
    this.plot?.destroy();
    this.plot = new /** @type {any} */ (uPlot)(this.options(told), data, this.host);
  }

  /**
   * Under the crosshair: the place, and every series there.
   * @param {any} plot
   */
  read({ cursor: { idx: at }, root }) {
    const { told, readout } = this;
    if (!told || at === null || at === undefined) {
      readout.textContent = "";
      return;
    }
    root.append(readout);
    const { xText = (/** @type {number} */ x) => (told.isTime ? `${short(x * 1_000)} UTC` : String(x)), yText = compactUsd, rightText = compactUsd } = told;
    const figures = told.series.flatMap(({ label, values, scale }) => {
      const figure = values[at];
      return figure === null || figure === undefined ? [] : [`${label} ${(scale === "right" ? rightText : yText)(figure)}`];
    });
    readout.textContent = [xText(told.x[at] ?? 0), ...figures].join("   ");
  }

  recolor() {
    const told = this.told;
    if (told) {
      this.plot?.destroy();
      this.plot = null;
      this.show(told);
    }
  }

  destroy() {
    this.watch.disconnect();
    this.plot?.destroy();
  }

  /** @param {PlotTold} told */
  options(told) {
    const colors = palette();
    const axis = { stroke: colors.soft, font: `11px ${colors.font}`, grid: { stroke: colors.grid, width: 1 }, ticks: { stroke: colors.grid, width: 1, size: 4 } };
    const { xText = (/** @type {number} */ x) => (told.isTime ? short(x * 1_000) : String(x)), yText = compactUsd, rightText } = told;
    const hasRight = told.series.some(({ scale }) => scale === "right");
    return {
      width: this.width,
      height: this.height,
      ms: 1e-3,
      tzDate: (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1_000), "UTC"),
      cursor: { y: false, points: { size: 5 }, drag: { x: false, y: false } },
      legend: { show: false },
      padding: [8, hasRight ? 4 : 16, 0, 4],
      scales: { x: { time: Boolean(told.isTime) }, y: {}, right: {} },
      axes: [
        { ...axis, size: 26, space: 88, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(xText) },
        { ...axis, size: 62, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(yText) },
        ...(hasRight ? [{ ...axis, side: 1, scale: "right", size: 62, grid: { show: false }, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(rightText ?? compactUsd) }] : []),
      ],
      series: [{}, ...told.series.map((series) => seriesOptions(series, colors))],
      hooks: {
        setCursor: [(/** @type {any} */ plot) => this.read(plot)],
        draw: [(/** @type {any} */ plot) => drawMarks(plot, told.marks ?? [], colors)],
      },
    };
  }
}

/**
 * @param {PlotSeries} series
 * @param {ReturnType<typeof palette>} colors
 */
function seriesOptions({ label, color, kind, scale = "y" }, colors) {
  const stroke = colors[color];
  const shape = { label, scale, stroke, width: kind === "bars" ? 0 : 1.5, points: { show: false }, spanGaps: false };
  if (kind === "bars") {
    return { ...shape, fill: faded(stroke, 0.85), paths: /** @type {any} */ (uPlot).paths.bars({ size: [0.8, 48, 1] }) };
  }
  return kind === "area" ? { ...shape, fill: faded(stroke, 0.18) } : shape;
}

/**
 * @param {any} plot
 * @param {NonNullable<PlotTold["marks"]>} marks
 * @param {ReturnType<typeof palette>} colors
 */
function drawMarks(plot, marks, colors) {
  const { ctx: context, bbox } = plot;
  context.save();
  context.font = `${11 * devicePixelRatio}px ${colors.font}`;
  for (const { x, title, color } of marks) {
    const at = plot.valToPos(x, "x", true);
    if (at < bbox.left || at > bbox.left + bbox.width) {
      continue;
    }
    context.strokeStyle = colors[color];
    context.lineWidth = devicePixelRatio;
    context.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    context.beginPath();
    context.moveTo(at, bbox.top);
    context.lineTo(at, bbox.top + bbox.height);
    context.stroke();
    context.fillStyle = colors[color];
    context.textAlign = at > bbox.left + bbox.width * 0.8 ? "right" : "left";
    context.fillText(title, at + (context.textAlign === "left" ? 4 : -4) * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
  }
  context.restore();
}
