// The market's answers, made ready for charts. Shapes of the API are known here and nowhere else.

import { bytesOf } from "./grid.js";
import { msOf } from "./instants.js";
import { stepsOf } from "./ladder.js";

/** @typedef {import("./grid.js").HeatGrid} HeatGrid */
/** @typedef {import("./ladder.js").Ladder} Ladder */

/** How far from the price a ladder is drawn, in log price. */
export const LADDER_REACH = 0.06;
const MOST_STEPS = 120;

/**
 * @param {any} told answer of `liquidation-heatmap`
 * @returns {HeatGrid | null}
 */
export function heatOf(told) {
  const times = told.times_ms;
  const edges = told.price_edges;
  const [first, second] = times;
  if (first === undefined || edges.length < 2) {
    return null;
  }
  const rows = edges.length - 1;
  const stepMs = second === undefined ? 3_600_000 : second - first;
  const lowLog = Math.log(edges[0]);
  return {
    fromMs: first,
    stepMs,
    columns: times.length,
    rows,
    lowLog,
    stepLog: (Math.log(edges[rows]) - lowLog) / rows,
    levels: bytesOf(told.cells_base64),
    lowUsd: told.scale.floor_usd,
    highUsd: told.scale.top_usd,
  };
}

/**
 * @param {any} told answer of `ladder`
 * @param {number} [reach] log distance that is drawn
 * @param {number} [most] steps
 * @returns {Ladder}
 */
export function ladderOf(told, reach = LADDER_REACH, most = MOST_STEPS) {
  const side = told.position_side;
  const { price, bins } = told;
  const steps = bins
    ? stepsOf({ side, price, binBps: bins.bin_bps, fuelUsd: bins.fuel_usd, depthUsd: bins.depth_usd }, reach, most)
    : told.steps.map((/** @type {any} */ step) => ({
        low: Math.min(step.price_from, step.price_to),
        high: Math.max(step.price_from, step.price_to),
        fuelUsd: step.fuel_usd,
        depthUsd: step.depth_usd,
      }));
  return { side, price, steps, rungs: told.rows.map(rungOf).filter(isWorthShowing) };
}

/**
 * @param {any} row
 * @returns {import("./ladder.js").Rung}
 */
function rungOf(row) {
  return {
    triggerPrice: row.price_trigger,
    crestPrice: row.price_crest,
    stopPrice: row.price_stop,
    fuelUsd: row.fuel_usd,
    depthUsd: row.depth_usd,
    reproduction: row.reproduction,
    isReached: row.is_reached,
    shockUsd: row.shock_to_trigger_usd,
    sentence: row.sentence ?? "",
  };
}

/**
 * A shorter rung is a hole between levels of a book: counted, not shown.
 * @param {import("./ladder.js").Rung} rung
 */
function isWorthShowing({ triggerPrice, stopPrice }) {
  return Math.abs(Math.log(stopPrice / triggerPrice)) >= 5e-4;
}

/**
 * @param {any[]} rows of `liquidations/orders`
 * @returns {{ms: number, price: number, isFill: boolean, notionalUsd: number, isLong: boolean}[]}
 */
export function bubblesOf(rows) {
  return rows
    .filter((row) => row.price !== null && row.notional_usd !== null)
    .map((row) => ({
      ms: msOf(row.at) ?? 0,
      price: row.price,
      isFill: row.price_kind === "fill",
      notionalUsd: row.notional_usd,
      isLong: row.position_side === "long",
    }));
}
