// The order of the tape: by when a liquidation happened, newest first. Venues tell theirs with different delays.

import { msOf } from "./instants.js";

/**
 * Orders with one more at its place, before those of the same instant; at most so many are kept.
 * @template {{at: string}} Order
 * @param {readonly Order[]} orders newest first
 * @param {Order} order
 * @param {number} limit
 * @returns {Order[]}
 */
export function placed(orders, order, limit) {
  const ms = msOf(order.at) ?? 0;
  const place = orders.findIndex(({ at }) => (msOf(at) ?? 0) <= ms);
  const index = place < 0 ? orders.length : place;
  return [...orders.slice(0, index), order, ...orders.slice(index)].slice(0, limit);
}
