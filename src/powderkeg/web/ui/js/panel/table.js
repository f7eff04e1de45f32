// Tables with a name for those who hear them, columns that sort, and figures aligned.

import { fill, h } from "../format/dom.js";

/** @typedef {import("../format/dom.js").Child} Child */
/**
 * @template T
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: T) => Child | Child[]} cell
 * @property {boolean} [isNumber]
 * @property {boolean} [isHead] the cell names its row
 * @property {string} [key] what to sort by, where it can be sorted
 * @property {string} [help]
 * @property {boolean} [isExtra] left out where there is no room for it
 */

/**
 * @template T
 * @param {object} told
 * @param {string} told.caption read out, not shown: the panel has a heading
 * @param {Column<T>[]} told.columns
 * @param {readonly T[]} told.rows
 * @param {(row: T) => string} [told.rowClass]
 * @param {{key: string, choose: (key: string) => void}} [told.order] largest first by this column
 */
export function table({ caption, columns, rows, rowClass = () => "", order }) {
  const head = h("tr", null, columns.map((column) => heading(column, order)));
  const body = h("tbody", null);
  for (const row of rows) {
    const name = rowClass(row);
    const line = h("tr", name ? { class: name } : null);
    for (const column of columns) {
      const classes = classesOf(column);
      fill(line, column.isHead ? h("th", { scope: "row", ...classes }, column.cell(row)) : h("td", classes, column.cell(row)));
    }
    body.append(line);
  }
  const grid = h("table", null, h("caption", { class: "visually-hidden" }, caption), h("thead", null, head), body);
  return h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": caption }, grid);
}

/** @param {{isNumber?: boolean, isExtra?: boolean}} column */
function classesOf({ isNumber, isExtra }) {
  const names = [isNumber ? "number" : "", isExtra ? "extra" : ""].filter(Boolean).join(" ");
  return names ? { class: names } : {};
}

/**
 * @template T
 * @param {Column<T>} column
 * @param {{key: string, choose: (key: string) => void} | undefined} order
 */
function heading(column, order) {
  const { title, key, help } = column;
  const isSorted = key !== undefined && order?.key === key;
  const label =
    key && order ? h("button", { type: "button", onclick: () => order.choose(key) }, title, isSorted ? " ↓" : "") : title;
  return h(
    "th",
    { scope: "col", ...classesOf(column), title: help, "aria-sort": isSorted ? "descending" : null },
    label,
  );
}
