// The address is the state: `/map?coin=BTC&interval=1h`. Pure functions; `page/app.js` listens.

/** @typedef {{page: string, query: Readonly<Record<string, string>>}} Route */

export const PAGES = /** @type {const} */ (["overview", "map", "what-if", "event", "health"]);

/**
 * The page an address names, or null where it is none of the dashboard's; `/` is the overview.
 * @param {string} path
 * @returns {string | null}
 */
export function pageOf(path) {
  const name = path === "/" ? "overview" : path.slice(1);
  return /** @type {readonly string[]} */ (PAGES).includes(name) ? name : null;
}

/**
 * @param {{pathname: string, search: string}} address
 * @returns {Route}
 */
export function parseRoute({ pathname, search }) {
  return { page: pageOf(pathname) ?? "overview", query: Object.fromEntries(new URLSearchParams(search)) };
}

/**
 * The address of a page; empty parameters are left out, the rest stand in order, so that equal states look equal.
 * @param {string} page
 * @param {Record<string, string | number | null | undefined>} query
 */
export function hrefOf(page, query = {}) {
  const kept = Object.entries(query)
    .filter(([, given]) => given !== null && given !== undefined && given !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const search = new URLSearchParams(kept.map(([name, given]) => [name, String(given)])).toString();
  return `/${page}${search ? `?${search}` : ""}`;
}

/**
 * What stays when another page is opened: whose market, and when.
 * @param {Route["query"]} query
 */
export function carriedOver(query) {
  const { coin, as_of: asOf } = query;
  return { coin, as_of: asOf };
}
