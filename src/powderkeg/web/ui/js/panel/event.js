// One event: its figures, its timeline, what the map and the ladder said before it, and where it happened.

import { Plot } from "../chart/plot.js";
import { ask } from "../model/api.js";
import { durationMs, msOf } from "../model/instants.js";
import { barsOf, carried } from "../model/series.js";
import { onColors } from "../model/settings.js";
import { longShare, provenanceOf } from "../model/totals.js";
import { h, replace } from "../format/dom.js";
import { compactUsd, countText, percent, plain, priceAxis } from "../format/numbers.js";
import { dateTime, lengthText, rfc3339 } from "../format/time.js";
import { LadderBefore, MapBefore } from "./before.js";
import { EventsPanel } from "./events.js";
import { Panel, filling } from "./frame.js";
import { barsBySide, intervalFor } from "./history.js";
import { longFigure, shareCell, shortFigure, totalText } from "./parts.js";
import { table } from "./table.js";

const MARGIN = 1.5;
const LEAST_MARGIN_MS = 30 * 60_000;
const CARRIED_BARS = 10;

/** @typedef {import("./events.js").EventRow} EventRow */

export class EventPanels {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.context = context;
    this.list = new EventsPanel("Events", 40);
    this.facts = new Panel("Event", { body: "flush" });
    this.timeline = new Panel("Timeline", { note: "liquidations, USD, and price", body: "flush" });
    this.map = new MapBefore(context.signal);
    this.ladder = new LadderBefore(context.signal);
    this.venues = new Panel("By venue", { body: "flush" });
    this.timelineHost = h("div", { class: "plot", role: "img" });
    this.timelinePlot = new Plot(this.timelineHost, 260);
    onColors(() => this.timelinePlot.recolor(), context.signal);
    context.signal.addEventListener("abort", () => this.timelinePlot.destroy());
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update(query, signal) {
    const panels = [this.facts, this.timeline, this.map.panel, this.ladder.panel, this.venues];
    panels.forEach((panel) => panel.loading());
    await this.list.update(query, signal);
    if (signal.aborted) {
      return;
    }
    const { rows } = this.list;
    const event = rows.find(({ id }) => id === query["id"]) ?? (query["id"] ? undefined : rows[0]);
    if (!event) {
      const told = query["id"] ? "The address names an event that is not among these." : "Choose another coin or a longer time.";
      panels.forEach((panel) => panel.empty(query["id"] ? "filtered_out" : "no_events", told));
      return;
    }
    this.showFacts(event);
    await Promise.all([this.showTimeline(event, signal, query["as_of"]), this.map.update(event, signal), this.ladder.update(event, signal), this.showVenues(event, signal)]);
  }

  /** @param {EventRow} event */
  showFacts(event) {
    const { coin, from, to } = event;
    this.facts.heading.textContent = `${coin}, ${dateTime(from)} to ${dateTime(to)}`;
    this.facts.asked({ path: "events", query: { coin, end: to, window: "7d" } });
    const fact = (/** @type {string} */ name, /** @type {import("../format/dom.js").Child} */ figure, note = "") => h("div", { class: "fact" }, h("dt", null, name), h("dd", null, figure, note ? h("small", null, note) : null));
    const facts = h(
      "dl",
      { class: "facts" },
      fact("Liquidated", totalText(event), event.is_floor ? "a floor: feeds leave orders out" : "USD"),
      fact("Longs", longFigure(event.long_usd), percent(longShare(event))),
      fact("Shorts", shortFigure(event.short_usd), percent(event.total_usd ? event.short_usd / event.total_usd : null)),
      fact("Orders", countText(event.count), `largest ${compactUsd(event.largest_usd)}`),
      fact("Against the median hour", event.multiple ? `${plain(event.multiple)} ×` : "–", `median ${compactUsd(event.median_usd)}`),
      fact("Length", lengthText((msOf(to) ?? 0) - (msOf(from) ?? 0)), "whole hours"),
    );
    const asOf = to < this.list.asOf ? to : this.list.asOf; // its last hour may not be over
    this.facts.show(facts, { sources: this.list.sources, asOf, coverage: event.coverage, method: "measured" });
  }

  /**
   * @param {EventRow} event
   * @param {AbortSignal} signal
   * @param {string | null} [asOf] nothing later is shown
   */
  async showTimeline({ coin, from, to }, signal, asOf = null) {
    const fromMs = msOf(from) ?? 0;
    const toMs = msOf(to) ?? 0;
    const margin = Math.max(LEAST_MARGIN_MS, (toMs - fromMs) * MARGIN);
    const interval = intervalFor(`${Math.ceil((toMs - fromMs + 2 * margin) / 4_000)}s`);
    const asked = { coin, start: rfc3339(fromMs - margin), end: rfc3339(Math.min(toMs + margin, msOf(asOf) ?? Date.now())), interval };
    await filling(this.timeline, signal, async () => {
      const [told, prices] = await Promise.all([ask("liquidations/history", asked, signal), ask("prices", asked, signal).catch(() => null)]);
      this.timeline.asked({ path: "liquidations/history", query: asked });
      const stepMs = durationMs(interval) ?? 60_000;
      const { x, shorts, longs } = barsBySide(told.rows, stepMs, told.rows.length > 0 ? [fromMs, toMs] : []);
      if (x.length === 0) {
        const why = told.empty ?? { state: "no_events", message: "" };
        this.timeline.empty(why.state, why.message, provenanceOf(told));
        return;
      }
      const closes = new Map((barsOf(prices?.rows ?? [], stepMs)?.rows ?? []).map((bar) => [bar.ms / 1_000, bar.close]));
      replace(this.timeline.body, this.timelineHost);
      this.timelineHost.setAttribute("aria-label", `Liquidations of ${coin} in bars of ${interval} around the event`);
      this.timelinePlot.show({
        x,
        isTime: true,
        series: [
          { label: "Short", color: "short", kind: "bars", values: shorts },
          { label: "Long", color: "long", kind: "bars", values: longs },
          { label: "Price", color: "accent", kind: "line", scale: "right", values: carried(x.map((seconds) => closes.get(seconds) ?? null), CARRIED_BARS) },
        ],
        yText: (usd) => compactUsd(Math.abs(usd)),
        rightText: priceAxis([...closes.values()].at(-1) ?? 1),
        marks: [{ x: fromMs / 1_000, title: "begins", color: "soft" }, { x: toMs / 1_000, title: "ends", color: "soft" }],
      });
      this.timeline.note.textContent = `bars of ${interval}: shorts up, longs down, USD; violet: price`;
      this.timeline.keep(provenanceOf(told));
    });
  }

  /**
   * @param {EventRow} event
   * @param {AbortSignal} signal
   */
  async showVenues({ coin, from, to }, signal) {
    const asked = { coin, as_of: to, window: `${((msOf(to) ?? 0) - (msOf(from) ?? 0)) / 1_000}s`, by: "venue" };
    await filling(this.venues, signal, async () => {
      const told = await ask("liquidations/totals", asked, signal);
      this.venues.asked({ path: "liquidations/totals", query: asked });
      const rows = told.rows.filter((/** @type {any} */ row) => row.count > 0);
      this.venues.show(table({ caption: "Liquidations of the event by venue", columns: VENUE_COLUMNS, rows }), provenanceOf(told));
    });
  }
}

/** @type {import("./table.js").Column<import("../model/totals.js").Row>[]} */
const VENUE_COLUMNS = [
  { title: "Venue", isHead: true, cell: (row) => row.venue },
  { title: "Long", isNumber: true, cell: (row) => longFigure(row.long_usd) },
  { title: "Short", isNumber: true, cell: (row) => shortFigure(row.short_usd) },
  { title: "Total", isNumber: true, cell: (row) => h("strong", null, totalText(row)) },
  { title: "Long share", cell: (row) => shareCell(longShare(row)) },
  { title: "Largest", isNumber: true, cell: (row) => compactUsd(row.largest_usd) },
];
