// Large liquidations where they happened: a circle at time and price, its area by notional. Only what is in view is drawn.

import { faded } from "../format/colors.js";

const LARGEST_RADIUS = 14;
const SMALLEST_RADIUS = 2.5;

/** @typedef {{ms: number, price: number, notionalUsd: number, isLong: boolean}} Bubble */
/** @typedef {import("./heatmap.js").Primitive} Primitive */
/** @typedef {import("./heatmap.js").Attached} Attached */

/** @implements {Primitive} */
export class Bubbles {
  constructor() {
    /** @type {Bubble[]} */
    this.bubbles = [];
    this.largestUsd = 1;
    this.colors = { long: "#f59a3e", short: "#56a8ff", ring: "#0a0d12" };
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
    this.bubbles = [...bubbles].sort((a, b) => a.ms - b.ms);
    this.largestUsd = this.bubbles.reduce((most, { notionalUsd }) => Math.max(most, notionalUsd), 1);
    this.chart?.requestUpdate();
  }

  /** @param {import("fancy-canvas").CanvasRenderingTarget2D} target */
  draw(target) {
    const { chart, bars } = this;
    const axis = chart?.chart.timeScale();
    const range = axis?.getVisibleLogicalRange();
    if (!chart || !axis || !range) {
      return;
    }
    const fromMs = bars.fromMs + (range.from - 1) * bars.stepMs;
    const toMs = bars.fromMs + (range.to + 1) * bars.stepMs;
    target.useMediaCoordinateSpace(({ context }) => {
      for (const color of /** @type {const} */ (["long", "short"])) {
        context.beginPath();
        for (let at = this.firstFrom(fromMs); at < this.bubbles.length; at += 1) {
          const bubble = this.bubbles[at];
          if (!bubble || bubble.ms > toMs) {
            break;
          }
          if (bubble.isLong === (color === "long")) {
            this.trace(context, bubble, chart, axis);
          }
        }
        context.fillStyle = faded(this.colors[color], 0.5);
        context.strokeStyle = this.colors.ring;
        context.lineWidth = 1;
        context.fill();
        context.stroke();
      }
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Bubble} bubble
   * @param {Attached} chart
   * @param {ReturnType<Attached["chart"]["timeScale"]>} axis
   */
  trace(context, { ms, price, notionalUsd }, chart, axis) {
    const logical = Math.floor((ms - this.bars.fromMs) / this.bars.stepMs);
    const x = axis.logicalToCoordinate(/** @type {import("./heatmap.js").Logical} */ (logical));
    const y = chart.series.priceToCoordinate(price);
    if (x !== null && y !== null) {
      const radius = Math.max(SMALLEST_RADIUS, LARGEST_RADIUS * Math.sqrt(notionalUsd / this.largestUsd));
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, Math.PI * 2);
    }
  }

  /**
   * Index of the first bubble at or after a time.
   * @param {number} ms
   */
  firstFrom(ms) {
    let low = 0;
    let high = this.bubbles.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bubbles[middle]?.ms ?? 0) < ms) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
