// The ladder by itself: price upwards, fuel and depth as bars, and a line to drag to the price one asks about.

import { faded, palette } from "../format/colors.js";
import { compactUsd, priceAxis, priceText, reproductionText, roundTicks, signedPercent } from "../format/numbers.js";

const LEFT = 76;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 26;
const GRIP = 14;

/** @typedef {import("../model/ladder.js").Ladder} Ladder */
/** @typedef {Ladder & {endPrice: number, endPriceAlone: number | null}} Result */

export class LadderView {
  /**
   * @param {HTMLElement} host
   * @param {((price: number) => void) | null} onTarget called while the line is moved; null for a picture
   */
  constructor(host, onTarget) {
    this.host = host;
    this.onTarget = onTarget ?? (() => {});
    this.isPicture = onTarget === null;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", this.isPicture ? "img" : "slider");
    host.append(this.canvas);
    /** @type {Result | null} */
    this.result = null;
    this.reach = 0.03;
    this.isDragging = false;
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(host);
    if (!this.isPicture) {
      this.listen();
    }
  }

  /** The line follows the pointer and the arrow keys. */
  listen() {
    this.canvas.tabIndex = 0;
    this.canvas.addEventListener("pointerdown", (event) => {
      this.isDragging = true;
      this.canvas.setPointerCapture(event.pointerId);
      this.point(event);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const isNear = this.result !== null && Math.abs(event.offsetY - this.y(this.result.endPrice)) < GRIP;
      this.canvas.style.cursor = this.isDragging || isNear ? "ns-resize" : "crosshair";
      if (this.isDragging) {
        this.point(event);
      }
    });
    for (const ending of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(ending, () => (this.isDragging = false));
    }
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {PointerEvent} event */
  point({ offsetY }) {
    const price = this.priceAt(offsetY);
    if (price !== null) {
      this.onTarget(price);
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const result = this.result;
    const step = { ArrowUp: 0.0005, ArrowDown: -0.0005, PageUp: 0.005, PageDown: -0.005 }[event.key];
    if (result && step) {
      event.preventDefault();
      this.onTarget(this.clamped(result.endPrice * (1 + step)));
    }
  }

  /**
   * @param {Result} result
   * @param {number} reach log distance from the price to the far end of the axis
   */
  show(result, reach) {
    this.result = result;
    this.reach = reach;
    this.draw();
    if (!this.isPicture) {
      this.say(result, reach);
    }
  }

  /**
   * For those who hear the page.
   * @param {Result} result
   * @param {number} reach
   */
  say({ price, endPrice, side }, reach) {
    this.canvas.setAttribute("aria-label", "Price the ladder stops at; arrow keys move it");
    this.canvas.setAttribute("aria-valuemin", String(side === "short" ? price : price * Math.exp(-reach)));
    this.canvas.setAttribute("aria-valuemax", String(side === "short" ? price * Math.exp(reach) : price));
    this.canvas.setAttribute("aria-valuenow", String(endPrice));
    this.canvas.setAttribute("aria-valuetext", `${priceText(endPrice)}, ${signedPercent(endPrice / price - 1)}`);
  }

  get extent() {
    const { price = 1, side = "short" } = this.result ?? {};
    const direction = side === "short" ? 1 : -1;
    const far = price * Math.exp(direction * this.reach);
    const near = price * Math.exp(-direction * this.reach * 0.04);
    return { low: Math.min(near, far), high: Math.max(near, far) };
  }

  get height() {
    return this.host.clientHeight;
  }

  /** @param {number} price */
  y(price) {
    const { low, high } = this.extent;
    return TOP + (1 - (price - low) / (high - low)) * (this.height - TOP - BOTTOM);
  }

  /** @param {number} y */
  priceAt(y) {
    const { low, high } = this.extent;
    return this.result ? this.clamped(low + (1 - (y - TOP) / (this.height - TOP - BOTTOM)) * (high - low)) : null;
  }

  /** @param {number} price */
  clamped(price) {
    const { price: start = price, side = "short" } = this.result ?? {};
    const far = start * Math.exp((side === "short" ? 1 : -1) * this.reach);
    return Math.min(Math.max(price, Math.min(start, far)), Math.max(start, far));
  }

  draw() {
    const { result, canvas, host } = this;
    const width = host.clientWidth;
    const height = this.height;
    if (!result || width < 10 || height < 10) {
      return;
    }
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(devicePixelRatio, devicePixelRatio);
    const colors = palette();
    context.font = `11px ${colors.font}`;
    context.textBaseline = "middle";
    const span = width - LEFT - RIGHT;
    const largest = Math.max(1, ...result.steps.map(({ fuelUsd, depthUsd }) => Math.max(fuelUsd, depthUsd)));
    this.drawAxes(context, colors, { width, height, span, largest });
    const from = Math.min(this.y(result.price), this.y(result.endPrice));
    const to = Math.max(this.y(result.price), this.y(result.endPrice));
    context.fillStyle = faded(colors[result.side], 0.1);
    context.fillRect(LEFT, from, span, to - from);
    for (const { low, high, fuelUsd, depthUsd } of result.steps) {
      const top = this.y(high);
      const tall = Math.max(1, this.y(low) - top - 1);
      const isPassed = top + tall / 2 > from && top + tall / 2 < to;
      context.fillStyle = faded(colors.faint, 0.4);
      context.fillRect(LEFT, top, (depthUsd / largest) * span, tall);
      context.fillStyle = faded(colors[result.side], isPassed ? 0.95 : 0.5);
      context.fillRect(LEFT, top + tall * 0.2, (fuelUsd / largest) * span, tall * 0.6);
    }
    this.drawRungs(context, colors, width);
    this.drawLines(context, colors, width);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {ReturnType<typeof palette>} colors
   * @param {{width: number, height: number, span: number, largest: number}} frame
   */
  drawAxes(context, colors, { width, height, span, largest }) {
    const { low, high } = this.extent;
    context.strokeStyle = colors.grid;
    context.fillStyle = colors.soft;
    context.lineWidth = 1;
    context.textAlign = "right";
    const spelled = priceAxis(high);
    for (const price of roundTicks(low, high, Math.max(3, Math.floor(height / 44)))) {
      const y = Math.round(this.y(price)) + 0.5;
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(width - RIGHT, y);
      context.stroke();
      context.fillText(spelled(price), LEFT - 8, y);
    }
    context.textAlign = "center";
    for (const usd of roundTicks(0, largest, 4)) {
      context.fillText(compactUsd(usd), Math.min(LEFT + (span * usd) / largest, width - RIGHT - 14), height - 10);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {ReturnType<typeof palette>} colors
   * @param {number} width
   */
  drawRungs(context, colors, width) {
    const { rungs, side } = /** @type {Result} */ (this.result);
    context.textAlign = "right";
    for (const { triggerPrice, crestPrice, reproduction, isReached } of rungs) {
      const bottom = Math.min(this.y(Math.min(triggerPrice, crestPrice)), this.height - BOTTOM);
      const top = Math.max(this.y(Math.max(triggerPrice, crestPrice)), TOP);
      if (bottom < TOP || top > this.height - BOTTOM) {
        continue;
      }
      context.strokeStyle = faded(colors[side], isReached ? 1 : 0.45);
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(width - RIGHT - 6, bottom);
      context.lineTo(width - RIGHT, bottom);
      context.lineTo(width - RIGHT, top);
      context.lineTo(width - RIGHT - 6, top);
      context.stroke();
      const text = reproduction === null ? "no depth" : `R ${reproductionText(reproduction)}`;
      const y = Math.min(Math.max((top + bottom) / 2, TOP), this.height - BOTTOM);
      context.fillStyle = faded(colors.surface, 0.85);
      context.fillRect(width - RIGHT - 14 - context.measureText(text).width, y - 8, context.measureText(text).width + 6, 16);
      context.fillStyle = isReached ? colors.text : colors.soft;
      context.fillText(text, width - RIGHT - 11, y);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {ReturnType<typeof palette>} colors
   * @param {number} width
   */
  drawLines(context, colors, width) {
    const { price, endPrice, endPriceAlone } = /** @type {Result} */ (this.result);
    /** @type {[number, string, string, number[]][]} */
    const lines = [[price, "start", colors.soft, [3, 3]]];
    if (endPriceAlone !== null) {
      lines.push([endPriceAlone, "without liquidations", colors.soft, [3, 3]]);
    }
    if (endPrice !== price) {
      lines.push([endPrice, `${this.isPicture ? "reached" : "stops at"} ${priceText(endPrice)}`, colors.accent, []]);
    }
    context.textAlign = "left";
    for (const [at, word, color, dash] of lines) {
      const y = Math.round(this.y(at)) + 0.5;
      context.strokeStyle = color;
      context.lineWidth = dash.length ? 1 : 2;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(width - RIGHT, y);
      context.stroke();
      context.setLineDash([]);
      const box = context.measureText(word).width;
      const shift = dash.length ? 0.42 : 0.7;
      const x = LEFT + (width - LEFT - RIGHT) * shift;
      context.fillStyle = colors.surface;
      context.fillRect(x - 5, y - 8, box + 10, 16);
      context.fillStyle = color;
      context.fillText(word, x, y);
    }
  }

  destroy() {
    this.watch.disconnect();
  }
}
