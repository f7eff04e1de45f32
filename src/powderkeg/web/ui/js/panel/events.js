// Events: hours whose liquidations stand out, as a list to choose from.

import { ask } from "../model/api.js";
import { hrefOf } from "../model/route.js";
import { h } from "../format/dom.js";
import { compactUsd, plain } from "../format/numbers.js";
import { msOf } from "../model/instants.js";
import { dateTime, lengthText } from "../format/time.js";
import { Panel, filling } from "./frame.js";
import { splitBar } from "./parts.js";
import { jointCoverage, longShare } from "../model/totals.js";

/**
 * @typedef {object} EventRow
 * @property {string} id
 * @property {string} from
 * @property {string} to
 * @property {string} coin
 * @property {number} total_usd
 * @property {number} long_usd
 * @property {number} short_usd
 * @property {number} count
 * @property {number | null} largest_usd
 * @property {number | null} median_usd
 * @property {number | null} multiple
 * @property {number | null} coverage
 * @property {boolean} is_floor
 */

export class EventsPanel {
  constructor(title = "Top events", limit = 8) {
    this.panel = new Panel(title, { body: "flush" });
    this.element = this.panel.element;
    this.limit = limit;
    /** @type {EventRow[]} */
    this.rows = [];
    /** @type {string[]} */
    this.sources = [];
    /** Until when it was asked. */
    this.asOf = "";
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update({ coin, venue, as_of: end, window: _, id, ...rest }, signal) {
    const asked = { coin, venue, end, window: rest["reach"] ?? "30d", limit: this.limit };
    this.rows = [];
    await filling(this.panel, signal, async () => {
      const told = await ask("events", asked, signal);
      this.panel.asked({ path: "events", query: asked });
      this.panel.note.textContent = `over ${told.rule.multiple} × the median hour`;
      this.panel.note.title = told.rule.text;
      this.sources = told.sources.map((/** @type {any} */ source) => source.venue);
      this.asOf = told.to;
      const provenance = { sources: this.sources, asOf: told.to, coverage: jointCoverage(told.sources), method: told.method };
      this.rows = [...told.rows].sort((a, b) => b.total_usd - a.total_usd);
      if (this.rows.length === 0) {
        const why = told.empty ?? { state: "no_events", message: "" };
        this.panel.empty(why.state, why.message || "No hour stands out.", provenance);
        return;
      }
      const list = h("ol", { class: "list" }, this.rows.slice(0, this.limit).map((row) => h("li", null, eventLink(row, row.id === id, asked.end))));
      this.panel.show(list, provenance);
    });
  }
}

/**
 * @param {EventRow} row
 * @param {boolean} isShown
 * @param {string | undefined} asOf
 */
function eventLink(row, isShown, asOf) {
  return h(
    "a",
    { class: "list-item", href: hrefOf("event", { id: row.id, coin: row.coin, as_of: asOf }), "aria-current": isShown ? "true" : null },
    h("span", null, h("strong", null, row.coin), ` ${dateTime(row.from)}`),
    h("strong", { class: "number" }, `${row.is_floor ? "≥ " : ""}${compactUsd(row.total_usd)}`),
    h("span", { class: "second" }, `${lengthText((msOf(row.to) ?? 0) - (msOf(row.from) ?? 0))}${row.multiple ? `, ${plain(row.multiple)} times the median` : ""}`),
    splitBar(longShare(row)),
  );
}
