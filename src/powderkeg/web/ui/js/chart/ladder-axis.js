// The ladder beside the price axis: fuel against depth per price, and the rungs with their reproduction number.

import { faded } from "../format/colors.js";
import { reproductionText } from "../format/numbers.js";

const WIDEST = 132;
const SHARE = 0.2;
const LABEL = 8;

/** @typedef {import("../model/ladder.js").Ladder} Ladder */
/** @typedef {import("./heatmap.js").Primitive} Primitive */
/** @typedef {import("./heatmap.js").Attached} Attached */

/** @implements {Primitive} */
export class LadderAxis {
  constructor() {
    /** @type {Ladder[]} */
    this.ladders = [];
    this.colors = { long: "#f59a3e", short: "#56a8ff", depth: "#7f8a9c", text: "#dfe5ee", ground: "#11151d", font: "sans-serif" };
    /** @type {Attached | null} */
    this.chart = null;
    const renderer = { draw: (/** @type {import("fancy-canvas").CanvasRenderingTarget2D} */ target) => this.draw(target) };
    this.views = [{ zOrder: () => /** @type {const} */ ("top"), renderer: () => renderer }];
  }

  /** @param {Attached} chart */
  attached(chart) {
    this.chart = chart;
  }

  paneViews() {
    return this.views;
  }

  updateAllViews() {}

  /** @param {Ladder[]} ladders one per side */
  setLadders(ladders) {
    this.ladders = ladders;
    this.chart?.requestUpdate();
  }

  /** @param {import("fancy-canvas").CanvasRenderingTarget2D} target */
  draw(target) {
    const series = this.chart?.series;
    if (!series || this.ladders.length === 0) {
      return;
    }
    const largest = Math.max(1, ...this.ladders.flatMap(({ steps }) => steps.map(({ fuelUsd, depthUsd }) => Math.max(fuelUsd, depthUsd))));
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const reach = Math.min(WIDEST, mediaSize.width * SHARE);
      const right = mediaSize.width;
      for (const ladder of this.ladders) {
        context.fillStyle = faded(this.colors[ladder.side], 0.75);
        for (const { low, high, fuelUsd, depthUsd } of ladder.steps) {
          const top = series.priceToCoordinate(high);
          const bottom = series.priceToCoordinate(low);
          if (top === null || bottom === null || bottom < 0 || top > mediaSize.height) {
            continue;
          }
          const height = Math.max(1, bottom - top - 0.5);
          context.fillStyle = faded(this.colors.depth, 0.45);
          context.fillRect(right - (depthUsd / largest) * reach, top, (depthUsd / largest) * reach, height);
          context.fillStyle = faded(this.colors[ladder.side], 0.85);
          context.fillRect(right - (fuelUsd / largest) * reach, top + height * 0.2, (fuelUsd / largest) * reach, height * 0.6);
        }
        this.drawRungs(context, ladder, { x: right - reach - 6, height: mediaSize.height }, series);
      }
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Ladder} ladder
   * @param {{x: number, height: number}} place where brackets stand, and how high the pane is
   * @param {Attached["series"]} series
   */
  drawRungs(context, { side, rungs, steps }, { x, height }, series) {
    context.font = `600 11px ${this.colors.font}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    let labeledAt = Infinity;
    const isDrawn = (/** @type {number} */ price) => steps.some(({ low, high }) => price >= low && price <= high);
    for (const { triggerPrice, crestPrice, reproduction } of rungs.filter((rung) => isDrawn(rung.triggerPrice)).slice(0, 6)) {
      const from = series.priceToCoordinate(triggerPrice);
      const to = series.priceToCoordinate(crestPrice);
      const middle = ((from ?? NaN) + (to ?? NaN)) / 2;
      if (from === null || to === null || !(middle > LABEL && middle < height - LABEL)) {
        continue;
      }
      context.strokeStyle = this.colors[side];
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(x + 4, from);
      context.lineTo(x, from);
      context.lineTo(x, to);
      context.lineTo(x + 4, to);
      context.stroke();
      if (Math.abs(middle - labeledAt) < 2 * LABEL) {
        continue; // it would stand on the one before
      }
      labeledAt = middle;
      const text = reproduction === null ? "R: no depth" : `R ${reproductionText(reproduction)}`;
      context.lineWidth = 3;
      context.strokeStyle = this.colors.ground;
      context.strokeText(text, x - 5, middle);
      context.fillStyle = this.colors.text;
      context.fillText(text, x - 5, middle);
    }
  }
}
