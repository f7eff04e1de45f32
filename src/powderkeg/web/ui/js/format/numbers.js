// Figures as a reader sees them; the same as on the command line, so that both can be held side by side.

/** What is not known; never a 0. */
export const UNKNOWN = "–";

/** @type {ReadonlyArray<readonly [number, number, string]>} */
const UNITS = [
  [1e3, 1, ""],
  [1e6, 1e3, " k"],
  [1e9, 1e6, " M"],
  [Infinity, 1e9, " B"],
];

/**
 * Dollars in at most seven characters: `831`, `12.3 k`, `4.57 M`, `1.20 B`; unknown is a dash.
 * @param {number | null | undefined} usd
 */
export function compactUsd(usd) {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) {
    return UNKNOWN;
  }
  if (usd === 0) {
    return "0";
  }
  for (const [limit, divisor, unit] of UNITS) {
    if (Math.abs(usd) < limit * 0.9995) {
      const scaled = usd / divisor;
      const whole = String(Math.trunc(Math.abs(scaled)));
      return scaled.toFixed(unit === "" && Math.abs(scaled) >= 1 ? 0 : Math.max(0, 3 - whole.length)) + unit;
    }
  }
  return UNKNOWN;
}

/**
 * A share as percent; 1 and 0 only where they are exact, so that 99.96 % never looks complete.
 * @param {number | null | undefined} ratio
 */
export function percent(ratio, digits = 0) {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) {
    return UNKNOWN;
  }
  let text = (ratio * 100).toFixed(digits);
  if (ratio < 1 && Number(text) === 100) {
    text = (100 - 10 ** -(digits || 1)).toFixed(digits || 1);
  }
  return `${text} %`;
}

/**
 * A change with its sign.
 * @param {number | null | undefined} ratio
 */
export function signedPercent(ratio, digits = 2) {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) {
    return UNKNOWN;
  }
  return `${ratio > 0 ? "+" : ratio < 0 ? "−" : ""}${(Math.abs(ratio) * 100).toFixed(digits)} %`;
}

/** Made once: axes ask for many prices a frame. */
const PRICE_FORMATS = Array.from(
  { length: 9 },
  (_, digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/**
 * A price with as many decimals as its magnitude needs, thousands apart.
 * @param {number | null | undefined} price
 */
export function priceText(price) {
  if (price === null || price === undefined || !Number.isFinite(price)) {
    return UNKNOWN;
  }
  return PRICE_FORMATS[decimalsOf(price)]?.format(price) ?? UNKNOWN;
}

/**
 * Decimals a price of this magnitude is written with: six significant figures, 0 to 8 decimals.
 * @param {number} price
 */
export function decimalsOf(price) {
  const magnitude = Math.floor(Math.log10(Math.abs(price) || 1));
  return Math.min(8, Math.max(0, 5 - magnitude));
}

/**
 * A count, thousands apart.
 * @param {number | null | undefined} count
 */
export function countText(count) {
  return count === null || count === undefined ? UNKNOWN : count.toLocaleString("en-US");
}

/**
 * A plain number of three significant figures.
 * @param {number | null | undefined} number
 */
export function plain(number) {
  if (number === null || number === undefined || !Number.isFinite(number)) {
    return UNKNOWN;
  }
  return Number(number.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}
