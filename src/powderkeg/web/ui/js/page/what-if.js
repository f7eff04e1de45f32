// What-if: a shock, or a price to reach, and what the ladder and many simulated paths make of it.

import { h } from "../format/dom.js";
import { Turn } from "../model/turn.js";
import { SimulationPanels } from "../panel/simulation.js";
import { WhatIfPanels } from "../panel/what-if.js";

/**
 * @param {import("./app.js").Context} context
 * @returns {import("./app.js").Page}
 */
export function whatIfPage(context) {
  const turn = new Turn(context.signal);
  const ladder = new WhatIfPanels(context);
  const simulation = new SimulationPanels(context);
  const element = h(
    "div",
    { class: "grid side-main" },
    h("h1", { class: "visually-hidden" }, "What-if"),
    h("div", { class: "stack" }, ladder.controls.element, simulation.controls.element),
    h(
      "div",
      { class: "stack" },
      ladder.outcome.element,
      h("div", { class: "grid halves" }, ladder.picture.element, ladder.rungs.element),
      simulation.outcome.element,
    ),
  );
  return {
    element,
    update(query) {
      const signal = turn.begin();
      void ladder.update(query, signal);
      void simulation.update(query, signal);
    },
  };
}
