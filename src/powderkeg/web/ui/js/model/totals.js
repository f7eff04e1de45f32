// Liquidation totals as the server tells them, and what panels ask of them.

/**
 * A row of totals or of bars; what is not known is null.
 * @typedef {object} Row
 * @property {string | null} coin
 * @property {string | null} venue
 * @property {number | null} long_usd
 * @property {number | null} short_usd
 * @property {number | null} total_usd
 * @property {number} count
 * @property {number | null} largest_usd
 * @property {{venue: string, symbol: string, position_side: string, notional_usd: number, price: number | null} | null} largest
 * @property {number | null} coverage
 * @property {boolean} is_floor
 * @property {number | null} estimate_usd
 * @property {number | null} estimate_low_usd
 * @property {number | null} estimate_high_usd
 * @property {string[]} feed_coverage
 * @property {string} [open]
 */

/** @typedef {{venue: string, feed_coverage: string[], coverage: number | null, gaps: object[]}} Source */
/** @typedef {"no_events" | "not_connected" | "not_published" | "filtered_out" | "not_watched" | "not_offered" | "no_map" | "calibrating"} Emptiness */
/** @typedef {{state: Emptiness, message: string} | null} Empty */
/** @typedef {{as_of?: string, from?: string, to?: string, method: string, sources: Source[], rows: Row[], empty: Empty, simulated: boolean}} Totals */

/**
 * Share of longs in what is known of both sides; null where that is nothing.
 * @param {Pick<Row, "long_usd" | "short_usd">} row
 */
export function longShare({ long_usd: longUsd, short_usd: shortUsd }) {
  const sum = (longUsd ?? 0) + (shortUsd ?? 0);
  return sum > 0 ? (longUsd ?? 0) / sum : null;
}

/**
 * Mean observed share over the sources of an answer; null where one is not known.
 * @param {readonly Source[]} sources
 */
export function jointCoverage(sources) {
  const shares = sources.map(({ coverage }) => coverage);
  return shares.length > 0 && shares.every((share) => share !== null)
    ? /** @type {number[]} */ (shares).reduce((sum, share) => sum + share, 0) / shares.length
    : null;
}

/**
 * What an answer about liquidations rests on.
 * @param {Totals} told
 */
export function provenanceOf(told) {
  return {
    sources: told.sources.map(({ venue }) => venue),
    asOf: told.as_of ?? told.to ?? null,
    coverage: jointCoverage(told.sources),
    method: told.method,
  };
}

/** @type {Readonly<Record<string, (row: Row) => number>>} */
const ORDERS = {
  total: (row) => row.total_usd ?? -1,
  long: (row) => row.long_usd ?? -1,
  short: (row) => row.short_usd ?? -1,
  count: (row) => row.count,
  largest: (row) => row.largest_usd ?? -1,
};

/**
 * Coins, largest first, each followed by its venues, largest first.
 * @param {readonly Row[]} coins rows by coin
 * @param {readonly Row[]} venues rows by coin and venue
 * @param {string} order
 * @returns {{row: Row, isPart: boolean}[]}
 */
export function nested(coins, venues, order) {
  const weight = ORDERS[order] ?? ORDERS["total"];
  const sorted = (/** @type {readonly Row[]} */ rows) => [...rows].sort((a, b) => (weight?.(b) ?? 0) - (weight?.(a) ?? 0));
  return sorted(coins).flatMap((row) => {
    const parts = venues.filter((part) => part.coin === row.coin && part.count > 0);
    return [{ row, isPart: false }, ...sorted(parts).map((part) => ({ row: part, isPart: true }))];
  });
}
