// The address is the state: `#/price?coin=BTC&interval=1h`. Pure functions; `page/app.js` listens.

/** @typedef {{page: string, query: Readonly<Record<string, string>>}} Route */

export const PAGES = /** @type {const} */ (["overview", "price", "what-if", "event", "health"]);

/**
 * The route a fragment names; an unknown page is the overview.
 * @param {string} hash with or without `#`
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path = "", search = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const page = /** @type {readonly string[]} */ (PAGES).includes(path) ? path : "overview";
  return { page, query: Object.fromEntries(new URLSearchParams(search)) };
}

/**
 * The fragment of a route; empty parameters are left out, the rest stand in order, so that equal states look equal.
 * @param {string} page
 * @param {Record<string, string | number | null | undefined>} query
 */
export function hrefOf(page, query = {}) {
  const kept = Object.entries(query)
    .filter(([, given]) => given !== null && given !== undefined && given !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const search = new URLSearchParams(kept.map(([name, given]) => [name, String(given)])).toString();
  return `#/${page}${search ? `?${search}` : ""}`;
}

/**
 * What stays when another page is opened: whose market, and when.
 * @param {Route["query"]} query
 */
export function carriedOver(query) {
  const { coin, as_of: asOf } = query;
  return { coin, as_of: asOf };
}
