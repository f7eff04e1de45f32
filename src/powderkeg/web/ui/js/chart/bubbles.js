// Large liquidations where they happened: a circle at time and price, its area by notional.

import { faded } from "../format/colors.js";
import { alongTime } from "./heatmap.js";

const LARGEST_RADIUS = 14;
const SMALLEST_RADIUS = 2.5;
const MOST_SHOWN = 120;

/** @typedef {{ms: number, price: number, isFill: boolean, notionalUsd: number, isLong: boolean}} Bubble */
/** @typedef {import("./heatmap.js").Primitive} Primitive */
/** @typedef {import("./heatmap.js").Attached} Attached */

/** @implements {Primitive} */
export class Bubbles {
  constructor() {
    /** @type {Bubble[]} largest first */
    this.bubbles = [];
    this.colors = { long: "#f59a3e", short: "#56a8ff" };
    this.bars = { fromMs: 0, stepMs: 1 };
    /** @type {Attached | null} */
    this.chart = null;
    const renderer = { draw: (/** @type {import("fancy-canvas").CanvasRenderingTarget2D} */ target) => this.draw(target) };
    this.views = [{ zOrder: () => /** @type {const} */ ("normal"), renderer: () => renderer }];
  }

  /** @param {Attached} chart */
  attached(chart) {
    this.chart = chart;
  }

  paneViews() {
    return this.views;
  }

  updateAllViews() {}

  /**
   * @param {Bubble[]} bubbles
   * @param {{fromMs: number, stepMs: number}} bars
   */
  setBubbles(bubbles, bars) {
    this.bars = bars;
    this.bubbles = [...bubbles].sort((a, b) => b.notionalUsd - a.notionalUsd);
    this.chart?.requestUpdate();
  }

  /** @param {import("fancy-canvas").CanvasRenderingTarget2D} target */
  draw(target) {
    const { chart } = this;
    const range = chart?.chart.timeScale().getVisibleLogicalRange();
    if (!chart || !range) {
      return;
    }
    const shown = this.inView(range.from, range.to);
    const largestUsd = shown[0]?.notionalUsd ?? 1;
    const x = alongTime(chart);
    target.useMediaCoordinateSpace(({ context }) => {
      for (const { ms, price, notionalUsd, isLong } of shown) {
        const y = chart.series.priceToCoordinate(price);
        if (y === null) {
          continue;
        }
        const color = isLong ? this.colors.long : this.colors.short;
        context.beginPath();
        context.arc(x(this.barOf(ms)), y, Math.max(SMALLEST_RADIUS, LARGEST_RADIUS * Math.sqrt(notionalUsd / largestUsd)), 0, Math.PI * 2);
        context.fillStyle = faded(color, 0.3);
        context.fill();
        context.strokeStyle = faded(color, 0.9);
        context.lineWidth = 1;
        context.stroke();
      }
    });
  }

  /** @param {number} ms */
  barOf(ms) {
    return Math.floor((ms - this.bars.fromMs) / this.bars.stepMs);
  }

  /**
   * The largest ones between two bars; more would hide the price.
   * @param {number} from
   * @param {number} to
   * @returns {Bubble[]}
   */
  inView(from, to) {
    /** @type {Bubble[]} */
    const found = [];
    for (const bubble of this.bubbles) {
      const bar = this.barOf(bubble.ms);
      if (bar >= from - 1 && bar <= to + 1 && found.push(bubble) >= MOST_SHOWN) {
        break;
      }
    }
    return found;
  }
}
