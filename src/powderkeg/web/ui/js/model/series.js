// Series for charts from rows of answers: one step per bar, holes stay holes.

import { msOf } from "./instants.js";

/** @typedef {{ms: number, value: number | null}} Point */

/**
 * Bars of a price.
 * @typedef {object} Bars
 * @property {number} fromMs open of the first
 * @property {number} stepMs length of one
 * @property {{ms: number, open: number, high: number, low: number, close: number}[]} rows in order, not necessarily every bar
 * @property {number} count bars from the first to the last, also those that are missing
 */

/**
 * @param {any[]} rows rows of `prices`
 * @param {number} stepMs
 * @returns {Bars | null}
 */
export function barsOf(rows, stepMs) {
  const known = rows
    .map((row) => ({ ms: msOf(row.open_at) ?? 0, open: row.open_price, high: row.high_price, low: row.low_price, close: row.close_price }))
    .filter((bar) => [bar.open, bar.high, bar.low, bar.close].every(Number.isFinite));
  const first = known[0];
  const last = known.at(-1);
  return first && last ? { fromMs: first.ms, stepMs, rows: known, count: Math.round((last.ms - first.ms) / stepMs) + 1 } : null;
}

/**
 * Sum over markets per bar, each market's last reading carried on until its next; a bar before a market's first
 * reading lacks it, so that the sum steps up where a market joins.
 * @param {any[]} rows
 * @param {(row: any) => number | null} figure
 * @returns {Point[]}
 */
export function carriedSum(rows, figure) {
  /** @type {Map<string, number>} */
  const held = new Map();
  /** @type {Map<number, number>} */
  const sums = new Map();
  for (const row of [...rows].sort((a, b) => (msOf(a.open_at) ?? 0) - (msOf(b.open_at) ?? 0))) {
    const found = figure(row);
    if (found !== null && found !== undefined) {
      held.set(`${row.venue} ${row.symbol}`, found);
    }
    const ms = msOf(row.open_at);
    if (ms !== null && held.size > 0) {
      sums.set(ms, [...held.values()].reduce((sum, one) => sum + one, 0));
    }
  }
  return [...sums].map(([ms, value]) => ({ ms, value }));
}

/**
 * The last known figure carried on over at most so many bars: a price stays where it is while nobody trades.
 * @param {(number | null)[]} figures
 * @param {number} most
 * @returns {(number | null)[]}
 */
export function carried(figures, most) {
  /** @type {number | null} */
  let held = null;
  let age = 0;
  return figures.map((figure) => {
    age = figure === null ? age + 1 : 0;
    held = figure ?? held;
    return age <= most ? held : null;
  });
}

/**
 * Mean over markets per bar.
 * @param {any[]} rows
 * @param {(row: any) => number | null} figure
 * @returns {Point[]}
 */
export function mean(rows, figure) {
  /** @type {Map<number, number[]>} */
  const found = new Map();
  for (const row of rows) {
    const ms = msOf(row.open_at);
    const one = figure(row);
    if (ms !== null && one !== null && one !== undefined) {
      found.set(ms, [...(found.get(ms) ?? []), one]);
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([ms, all]) => ({ ms, value: all.reduce((sum, one) => sum + one, 0) / all.length }));
}

/**
 * Sum over markets of taker buys minus sells, added up from the first bar on.
 * @param {any[]} rows rows of `cvd`
 * @returns {Point[]}
 */
export function cumulated(rows) {
  /** @type {Map<number, number>} */
  const deltas = new Map();
  for (const row of rows) {
    const ms = msOf(row.open_at);
    if (ms !== null) {
      deltas.set(ms, (deltas.get(ms) ?? 0) + (row.delta_usd ?? 0));
    }
  }
  let sum = 0;
  return [...deltas].sort(([a], [b]) => a - b).map(([ms, delta]) => ({ ms, value: (sum += delta) }));
}

/** @param {{market: string}} row */
export function isSpot({ market }) {
  return market === "spot";
}
