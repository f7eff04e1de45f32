// Words that stand beside every color and every figure.

/** @type {Readonly<Record<string, string>>} */
export const FEED_WORDS = {
  all: "every order",
  latest_per_second: "only the latest per symbol and second",
  largest_per_second: "only the largest per symbol, side and second",
  polled: "what was there when polled",
  unknown: "orders, not known whether all",
};

/** @type {Readonly<Record<string, string>>} */
export const STATE_WORDS = {
  LIVE: "messages arrive",
  QUIET: "connected; the path is proven alive, this stream is silent",
  STALE: "connected, but nothing arrives on the path",
  CONNECTING: "connecting",
  DOWN: "no connection",
};

/** @type {Readonly<Record<string, string>>} */
export const METHOD_WORDS = {
  measured: "added up from observed orders",
  modelled: "computed by a model from what was observed",
  reported: "as published by someone else",
};

/**
 * The first letter large, for the begin of a line.
 * @param {string} text
 */
export function sentence(text) {
  return text ? text[0]?.toUpperCase() + text.slice(1) : text;
}

/**
 * `liquidation_latency` as `liquidation latency`.
 * @param {string} name
 */
export function spaced(name) {
  return name.replaceAll("_", " ");
}
