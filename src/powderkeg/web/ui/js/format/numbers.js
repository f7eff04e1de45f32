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
 * A share as percent; 1 and 0 only where they are exact, so that 99.96 % never looks complete and 0.04 % never absent.
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
  if (ratio > 0 && Number(text) === 0) {
    const finest = 10 ** -(digits || 1);
    text = ratio * 100 < finest ? `< ${finest}` : (ratio * 100).toFixed(digits || 1);
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
 * Prices of one axis, all with as many decimals as its price needs there.
 * @param {number} reference
 * @returns {(price: number) => string}
 */
export function priceAxis(reference) {
  const format = PRICE_FORMATS[Math.max(0, decimalsOf(reference) - 1)];
  return (price) => format?.format(price) ?? UNKNOWN;
}

/**
 * Round places of an axis: steps of 1, 2 or 5 times a power of ten.
 * @param {number} low
 * @param {number} high
 * @param {number} most how many at most
 * @returns {number[]}
 */
export function roundTicks(low, high, most) {
  const raw = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((one) => one * power >= raw * (1 - 1e-9)) ?? 10);
  if (!(step > 0) || !Number.isFinite(step)) {
    return [low];
  }
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => (first + at) * step);
}

/**
 * A count, thousands apart.
 * @param {number | null | undefined} count
 */
export function countText(count) {
  return count === null || count === undefined ? UNKNOWN : count.toLocaleString("en-US");
}

/**
 * A reproduction number: two decimals, so that rungs can be compared.
 * @param {number | null | undefined} ratio
 */
export function reproductionText(ratio) {
  return ratio === null || ratio === undefined || !Number.isFinite(ratio) ? UNKNOWN : ratio < 100 ? ratio.toFixed(2) : plain(ratio);
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
