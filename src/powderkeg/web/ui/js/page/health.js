// Data health: what was observed, what was not, and how connections stand.

import { h } from "../format/dom.js";
import { Turn } from "../model/turn.js";
import { HealthPanels } from "../panel/health.js";

/**
 * @param {import("./app.js").Context} context
 * @returns {import("./app.js").Page}
 */
export function healthPage(context) {
  const turn = new Turn(context.signal);
  const panels = new HealthPanels(context);
  const element = h(
    "div",
    { class: "stack" },
    h("h1", { class: "visually-hidden" }, "Data health"),
    panels.feeds.element,
    panels.venues.element,
    panels.gaps.element,
  );
  return { element, update: (query) => void panels.update(query, turn.begin()) };
}
