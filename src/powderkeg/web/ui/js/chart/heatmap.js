// The heatmap inside the price chart: painted once when data or colors change, then one drawImage per frame.
//
// One primitive lives as long as its chart: detaching one slows lightweight-charts 5 down for good, so that new data
// and colors are given to the one that is there.

import { linearRows } from "../model/grid.js";
import { scaleTable } from "../format/colors.js";

const MAX_HEIGHT = 2_048;

/** @typedef {import("../model/grid.js").HeatGrid} HeatGrid */
/** @typedef {import("../../vendor/lightweight-charts.js").ISeriesPrimitive<import("../../vendor/lightweight-charts.js").Time>} Primitive */
/** @typedef {import("../../vendor/lightweight-charts.js").SeriesAttachedParameter<import("../../vendor/lightweight-charts.js").Time>} Attached */
/** @typedef {import("../../vendor/lightweight-charts.js").Logical} Logical */

/** @implements {Primitive} */
export class Heatmap {
  constructor() {
    /** @type {HeatGrid | null} */
    this.grid = null;
    /** @type {HTMLCanvasElement | null} */
    this.image = null;
    /** @type {Attached | null} */
    this.chart = null;
    this.scale = "viridis";
    /** Bars of the chart: where a time lies. */
    this.bars = { fromMs: 0, stepMs: 1 };
    this.painted = 0;
    this.drawn = 0;
    this.reach = 0.035;
    /** @type {number | null} */
    this.mark = null;
    const renderer = { draw: (/** @type {import("fancy-canvas").CanvasRenderingTarget2D} */ target) => this.draw(target) };
    this.views = [{ zOrder: () => /** @type {const} */ ("bottom"), renderer: () => renderer }];
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
   * @param {HeatGrid | null} grid
   * @param {{fromMs: number, stepMs: number}} bars open of the chart's first bar, and the length of one
   */
  setGrid(grid, bars) {
    this.bars = bars;
    if (grid !== this.grid) {
      this.grid = grid;
      this.paint();
    }
    this.chart?.requestUpdate();
  }

  /** @param {string} scale */
  setScale(scale) {
    if (scale !== this.scale) {
      this.scale = scale;
      this.paint();
      this.chart?.requestUpdate();
    }
  }

  /** Levels to colors, into a canvas nobody sees. */
  paint() {
    if (!this.grid) {
      this.image = null;
      return;
    }
    const { columns, rows, levels } = this.grid;
    const height = Math.min(MAX_HEIGHT, rows * 2);
    const image = this.image ?? document.createElement("canvas");
    image.width = columns;
    image.height = height;
    const context = /** @type {CanvasRenderingContext2D} */ (image.getContext("2d", { willReadFrequently: false }));
    const pixels = context.createImageData(columns, height);
    const words = new Uint32Array(pixels.data.buffer);
    const colors = new Uint32Array(scaleTable(this.scale).buffer);
    const rowOf = linearRows(this.grid, height);
    for (let y = 0; y < height; y += 1) {
      const line = (height - 1 - y) * columns;
      const row = rowOf[y] ?? 0;
      for (let column = 0; column < columns; column += 1) {
        words[line + column] = colors[levels[column * rows + row] ?? 0] ?? 0;
      }
    }
    context.putImageData(pixels, 0, 0);
    this.image = image;
    this.painted += 1;
  }

  /** The price axis shows the map around the last price, also where no candle has been. */
  autoscaleInfo() {
    if (!this.grid || this.mark === null) {
      return null;
    }
    const { lowLog, stepLog, rows } = this.grid;
    return {
      priceRange: {
        minValue: Math.max(Math.exp(lowLog), this.mark * (1 - this.reach)),
        maxValue: Math.min(Math.exp(lowLog + rows * stepLog), this.mark * (1 + this.reach)),
      },
    };
  }

  /** @param {import("fancy-canvas").CanvasRenderingTarget2D} target */
  draw(target) {
    const { grid, image, chart, bars } = this;
    if (!grid || !image || !chart) {
      return;
    }
    const x = alongTime(chart);
    const first = (grid.fromMs - bars.fromMs) / bars.stepMs - 0.5;
    const left = x(first);
    const right = x(first + (grid.columns * grid.stepMs) / bars.stepMs);
    const bottom = chart.series.priceToCoordinate(Math.exp(grid.lowLog));
    const top = chart.series.priceToCoordinate(Math.exp(grid.lowLog + grid.rows * grid.stepLog));
    if (bottom === null || top === null) {
      return;
    }
    target.useBitmapCoordinateSpace(({ context, horizontalPixelRatio: wide, verticalPixelRatio: tall }) => {
      context.imageSmoothingEnabled = false;
      context.drawImage(image, left * wide, top * tall, (right - left) * wide, (bottom - top) * tall);
    });
    this.drawn += 1;
  }
}

/**
 * From bars, also parts of one, to pixels: the chart itself only tells whole ones.
 * @param {Attached} chart
 * @returns {(bar: number) => number}
 */
export function alongTime(chart) {
  const axis = chart.chart.timeScale();
  const origin = axis.logicalToCoordinate(/** @type {Logical} */ (0)) ?? 0;
  const spacing = (axis.logicalToCoordinate(/** @type {Logical} */ (1)) ?? 0) - origin;
  return (bar) => origin + bar * spacing;
}
