// The ladder as the server tells it, made ready to be drawn: fuel against depth in steps one can see.

/**
 * @typedef {object} Rung
 * @property {number} triggerPrice
 * @property {number} crestPrice
 * @property {number} stopPrice
 * @property {number} fuelUsd
 * @property {number} depthUsd
 * @property {number | null} reproduction
 * @property {boolean | null} isReached
 * @property {number | null} shockUsd
 * @property {string} sentence
 */

/**
 * @typedef {object} Ladder
 * @property {"long" | "short"} side whose positions
 * @property {number} price where it starts
 * @property {{low: number, high: number, fuelUsd: number, depthUsd: number}[]} steps nearest first
 * @property {Rung[]} rungs nearest first
 */

/**
 * Bins to steps: neighboring bins added up, so that at most `most` remain up to `reach`.
 * @param {{side: "long" | "short", price: number, binBps: number, fuelUsd: number[], depthUsd: number[]}} told
 * @param {number} reach log distance shown
 * @param {number} most steps
 */
export function stepsOf({ side, price, binBps, fuelUsd, depthUsd }, reach, most) {
  const direction = side === "short" ? 1 : -1;
  const width = binBps / 1e4;
  const bins = Math.min(fuelUsd.length, Math.ceil(reach / width));
  const each = Math.max(1, Math.ceil(bins / most));
  /** @type {Ladder["steps"]} */
  const steps = [];
  for (let at = 0; at < bins; at += each) {
    const end = Math.min(at + each, bins);
    const edges = [price * Math.exp(direction * at * width), price * Math.exp(direction * end * width)];
    steps.push({
      low: Math.min(...edges),
      high: Math.max(...edges),
      fuelUsd: sum(fuelUsd, at, end),
      depthUsd: sum(depthUsd, at, end),
    });
  }
  return steps;
}

/**
 * @param {number[]} all
 * @param {number} from
 * @param {number} to
 */
function sum(all, from, to) {
  let total = 0;
  for (let at = from; at < to; at += 1) {
    total += all[at] ?? 0;
  }
  return total;
}
