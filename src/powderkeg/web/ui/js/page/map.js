// Price and map: where leverage sits, in the price chart, with what the market did below it.

import { h } from "../format/dom.js";
import { Turn } from "../model/turn.js";
import { MapPanel } from "../panel/map.js";

/**
 * @param {import("./app.js").Context} context
 * @returns {import("./app.js").Page}
 */
export function mapPage(context) {
  const turn = new Turn(context.signal);
  const map = new MapPanel(context);
  const element = h("div", { class: "stack" }, h("h1", { class: "visually-hidden" }, "Price and map"), map.element);
  return { element, update: (query) => void map.update(query, turn.begin()) };
}
