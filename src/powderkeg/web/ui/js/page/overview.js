// Overview: how much was liquidated, of which coins, where, and what is happening now.

import { h } from "../format/dom.js";
import { Turn } from "../model/turn.js";
import { AlertsPanel } from "../panel/alerts.js";
import { Cards } from "../panel/cards.js";
import { EventsPanel } from "../panel/events.js";
import { HistoryPanel } from "../panel/history.js";
import { TapePanel } from "../panel/tape.js";
import { TotalsPanel } from "../panel/totals.js";

/**
 * @param {import("./app.js").Context} context
 * @returns {import("./app.js").Page}
 */
export function overviewPage(context) {
  const turn = new Turn(context.signal);
  const cards = new Cards();
  const totals = new TotalsPanel(context.navigate);
  const history = new HistoryPanel(context.signal);
  const tape = new TapePanel(context);
  const events = new EventsPanel();
  const alerts = new AlertsPanel(context);
  const element = h(
    "div",
    { class: "stack" },
    h("h1", { class: "visually-hidden" }, "Overview"),
    cards.element,
    h(
      "div",
      { class: "grid main-side" },
      h("div", { class: "stack" }, totals.element, history.element),
      h("div", { class: "stack" }, tape.element, events.element, alerts.element),
    ),
  );
  return {
    element,
    update(query) {
      const signal = turn.begin();
      void cards.update(query, signal, context.heard);
      void totals.update(query, signal);
      void tape.update(query, signal);
      void history.update({ coin: query["coin"], venue: query["venue"], end: query["as_of"], window: query["window"] ?? "24h" }, signal);
      void events.update(query, signal);
      void alerts.update(query, signal);
    },
  };
}
