// Small pieces several panels are made of: figures of a side, floors, shares.

import { h } from "../format/dom.js";
import { compactUsd, percent } from "../format/numbers.js";

/** @typedef {import("../model/totals.js").Row} Row */

/** @param {number | null} usd */
export function longFigure(usd) {
  return h("span", { class: "long-text" }, compactUsd(usd));
}

/** @param {number | null} usd */
export function shortFigure(usd) {
  return h("span", { class: "short-text" }, compactUsd(usd));
}

/** @param {Pick<Row, "is_floor" | "total_usd">} row */
export function totalText(row) {
  return `${row.is_floor && row.total_usd !== null ? "≥ " : ""}${compactUsd(row.total_usd)}`;
}

export function floorBadge() {
  return h("span", { class: "badge floor", title: "A feed leaves orders out, or part of the time was not observed: there was at least this much." }, "≥ floor");
}

/**
 * Estimate with its interval, where the row is a floor and there is one.
 * @param {Row} row
 */
export function estimateText({ is_floor: isFloor, estimate_usd: usd, estimate_low_usd: low, estimate_high_usd: high }) {
  if (!isFloor || usd === null) {
    return "";
  }
  return `${compactUsd(usd)} (${compactUsd(low)} – ${high === null ? "not known" : compactUsd(high)})`;
}

/**
 * A bar of two colors; the figures stand in words beside it.
 * @param {number | null} share of longs
 */
export function splitBar(share) {
  const bar = h("span", { class: "split", "aria-hidden": "true" });
  if (share !== null) {
    const longs = h("i", { class: "long" });
    const shorts = h("i", { class: "short" });
    longs.style.flexGrow = String(share);
    shorts.style.flexGrow = String(1 - share);
    bar.append(longs, shorts);
  }
  return bar;
}

/** @param {number | null} share of longs */
export function shareCell(share) {
  return h("span", { class: "share" }, h("span", null, percent(share)), splitBar(share));
}

/** @param {string} positionSide */
export function sideWord(positionSide) {
  const isLong = positionSide === "long";
  return h("span", { class: isLong ? "long-text" : "short-text" }, isLong ? "Long" : "Short");
}
