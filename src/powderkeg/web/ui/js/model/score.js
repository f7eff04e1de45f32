// What the stored scores of a coin's map come to, in one line.

const DIGITS = 2;

/**
 * Gains of the newest score of every market and side, smallest first.
 * @param {readonly any[]} rows answer of `map-score`, oldest first
 * @returns {number[]}
 */
export function latestGains(rows) {
  const latest = new Map(rows.map((row) => [[row.venue, row.symbol, row.position_side].join(" "), row.gain]));
  return [...latest.values()].filter((gain) => typeof gain === "number").sort((a, b) => a - b);
}

/**
 * Of the middle market; a gain too small to be printed is none.
 * @param {readonly any[]} rows
 */
export function scoreText(rows) {
  const gains = latestGains(rows);
  const [least, most] = [gains[0], gains.at(-1)];
  if (least === undefined || most === undefined) {
    return "map score: none stored";
  }
  const middle = ((gains[(gains.length - 1) >> 1] ?? 0) + (gains[gains.length >> 1] ?? 0)) / 2;
  const gain = Number(middle.toFixed(DIGITS)) > 0 ? `gain over the move-only baseline ${signed(middle)}` : "no gain over the move-only baseline";
  const spread = gains.length > 1 ? ` (median of ${gains.length} markets and sides, ${signed(least)} to ${signed(most)})` : "";
  return `map score: ${gain}${spread}`;
}

/** @param {number} gain */
function signed(gain) {
  const text = Math.abs(gain).toFixed(DIGITS);
  return Number(text) === 0 ? text : `${gain > 0 ? "+" : "−"}${text}`;
}
