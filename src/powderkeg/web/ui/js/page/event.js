// Event: what happened, in the order it happened, and what the map and the ladder said before it.

import { h } from "../format/dom.js";
import { Turn } from "../model/turn.js";
import { EventPanels } from "../panel/event.js";

/**
 * @param {import("./app.js").Context} context
 * @returns {import("./app.js").Page}
 */
export function eventPage(context) {
  const turn = new Turn(context.signal);
  const panels = new EventPanels(context);
  const element = h(
    "div",
    { class: "grid side-main" },
    h("h1", { class: "visually-hidden" }, "Event"),
    panels.list.element,
    h("div", { class: "stack" }, panels.facts.element, panels.timeline.element, h("div", { class: "grid halves" }, panels.map.panel.element, panels.ladder.panel.element), panels.venues.element),
  );
  return { element, update: (query) => void panels.update(query, turn.begin()) };
}
