// What the colors of a heatmap mean, in dollars, printed.

import { scaleTable } from "../format/colors.js";
import { h, replace } from "../format/dom.js";
import { compactUsd } from "../format/numbers.js";
import { levelAt, usdOfLevel } from "../model/grid.js";
import { clock } from "../format/time.js";
import { priceText } from "../format/numbers.js";

/** @typedef {import("../model/grid.js").HeatGrid} HeatGrid */

export class Legend {
  constructor() {
    this.scaleCanvas = h("canvas", { width: "255", height: "1", "aria-hidden": "true" });
    this.low = h("span", null);
    this.high = h("span", null);
    this.scaleBox = h("span", { class: "legend-scale" }, "Map, USD per price row, log scale", this.low, this.scaleCanvas, this.high);
    this.readout = h("span", { class: "readout", "aria-live": "off" });
    this.element = h(
      "div",
      { class: "legend" },
      this.scaleBox,
      h("span", null, h("i", { class: "swatch short" }), "shorts liquidated, fuel above"),
      h("span", null, h("i", { class: "swatch long" }), "longs liquidated, fuel below"),
      h("span", null, h("i", { class: "swatch depth" }), "book depth"),
      this.readout,
    );
    /** @type {HeatGrid | null} */
    this.grid = null;
  }

  /**
   * @param {HeatGrid | null} grid
   * @param {string} scale
   */
  show(grid, scale) {
    this.grid = grid;
    this.scaleBox.hidden = grid === null;
    if (grid) {
      this.low.textContent = compactUsd(grid.lowUsd);
      this.high.textContent = compactUsd(grid.highUsd);
      const context = /** @type {CanvasRenderingContext2D} */ (this.scaleCanvas.getContext("2d"));
      context.putImageData(new ImageData(scaleTable(scale).slice(4), 255, 1), 0, 0);
    }
  }

  /** @param {{ms: number, price: number} | null} at under the crosshair */
  point(at) {
    if (!at) {
      replace(this.readout);
      return;
    }
    const level = this.grid ? levelAt(this.grid, at.ms, at.price) : 0;
    const usd = this.grid && level > 0 ? `≈ ${compactUsd(usdOfLevel(this.grid, level))} USD in the row` : this.grid ? "below the scale" : "";
    this.readout.textContent = `${clock(at.ms)} UTC  ${priceText(at.price)}  ${usd}`;
  }
}
