// Totals by coin and venue.

import { ask } from "../model/api.js";
import { longShare, nested, provenanceOf } from "../model/totals.js";
import { hrefOf } from "../model/route.js";
import { h, replace } from "../format/dom.js";
import { compactUsd, countText, percent } from "../format/numbers.js";
import { FEED_WORDS } from "../format/words.js";
import { select } from "./controls.js";
import { Panel, filling } from "./frame.js";
import { lastRecorded } from "./notice.js";
import { estimateText, longFigure, shareCell, shortFigure, totalText } from "./parts.js";
import { table } from "./table.js";

const TOP = 15;
const FORMS = /** @type {const} */ ([["", "Coins and venues"], ["coin", "Coins"], ["venue", "Venues"]]);

/** @typedef {import("../model/totals.js").Row} Row */
/** @typedef {{row: Row, isPart: boolean}} Line */

export class TotalsPanel {
  /** @param {(patch: Record<string, string | null>) => void} navigate */
  constructor(navigate) {
    this.navigate = navigate;
    this.tools = h("span", null);
    this.panel = new Panel("Liquidations by coin and venue", { tools: [this.tools], body: "flush" });
    this.element = this.panel.element;
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update(query, signal) {
    const { coin, venue, as_of: asOf, window = "24h", by = "", sort = "total", all } = query;
    replace(
      this.tools,
      venue ? h("button", { type: "button", class: "button", onclick: () => this.navigate({ venue: null }) }, `${venue} ×`) : null,
      " ",
      select("Rows", FORMS, by, (chosen) => this.navigate({ by: chosen })),
    );
    this.panel.note.textContent = `last ${window}, USD${venue ? `, ${venue} only` : ""}`;
    const asked = { coin, venue, as_of: asOf, window };
    await filling(this.panel, signal, async () => {
      const [heads, parts] = await Promise.all([
        ask("liquidations/totals", { ...asked, by: by || "coin" }, signal),
        by ? null : ask("liquidations/totals", { ...asked, by: "coin,venue" }, signal),
      ]);
      this.panel.asked({ path: "liquidations/totals", query: { ...asked, by: by || "coin,venue" } });
      this.show(heads, parts, { by, sort, all: Boolean(all), query });
    });
  }

  /**
   * @param {import("../model/totals.js").Totals} heads
   * @param {import("../model/totals.js").Totals | null} parts
   * @param {{by: string, sort: string, all: boolean, query: Readonly<Record<string, string>>}} how
   */
  show(heads, parts, { by, sort, all, query }) {
    const rows = heads.rows.filter((row) => row.count > 0);
    if (rows.length === 0) {
      const { state = "no_events", message = "" } = heads.empty ?? {};
      this.panel.empty(state, message, provenanceOf(heads), lastRecorded(heads.empty, this.navigate));
      return;
    }
    const lines = nested(rows, parts?.rows ?? [], sort);
    const limit = all ? Infinity : TOP;
    let heading = 0;
    const shown = lines.filter(({ isPart }) => (isPart ? heading : ++heading) <= limit);
    const grid = table({
      caption: "Liquidations by coin and venue: long, short, total, long share, estimate, orders, largest order, observed share",
      columns: columns(by, query),
      rows: shown,
      rowClass: ({ isPart }) => (isPart ? "part" : "head"),
      order: { key: sort, choose: (key) => this.navigate({ sort: key === "total" ? null : key }) },
    });
    const hidden = rows.length - Math.min(rows.length, limit);
    const more = hidden > 0 ? h("button", { class: "button plain", type: "button", onclick: () => this.navigate({ all: "1" }) }, `Show ${hidden} more`) : null;
    this.panel.show([grid, more], { ...provenanceOf(heads), more: "≥ is a floor: a feed leaves orders out, or not all was observed" });
  }
}

/**
 * @param {string} by
 * @param {Readonly<Record<string, string>>} query
 * @returns {import("./table.js").Column<Line>[]}
 */
function columns(by, query) {
  const venueLink = (/** @type {string | null} */ venue) => h("a", { class: "quiet", href: hrefOf("overview", { ...query, venue }), title: `Only ${venue}` }, venue);
  const coinLink = (/** @type {string | null} */ coin) => h("a", { class: "quiet", href: hrefOf("overview", { ...query, coin }), title: `Only ${coin}` }, coin);
  return [
    { title: by === "venue" ? "Venue" : "Coin", isHead: true, cell: ({ row, isPart }) => (isPart ? h("span", { class: "visually-hidden" }, row.coin) : by === "venue" ? venueLink(row.venue) : coinLink(row.coin)) },
    ...(by ? [] : [{ title: "Venue", cell: (/** @type {Line} */ { row, isPart }) => (isPart ? venueLink(row.venue) : "all") }]),
    { title: "Long", key: "long", isNumber: true, cell: ({ row }) => longFigure(row.long_usd) },
    { title: "Short", key: "short", isNumber: true, cell: ({ row }) => shortFigure(row.short_usd) },
    { title: "Total", key: "total", isNumber: true, cell: ({ row, isPart }) => h(isPart ? "span" : "strong", null, totalText(row)) },
    { title: "Long share", isExtra: true, cell: ({ row }) => shareCell(longShare(row)) },
    { title: "Estimate (90 % interval)", isNumber: true, isExtra: true, help: "What throttled feeds leave out, estimated", cell: ({ row }) => h("span", { class: "soft" }, estimateText(row)) },
    { title: "Orders", key: "count", isNumber: true, isExtra: true, cell: ({ row }) => countText(row.count) },
    { title: "Largest", key: "largest", isNumber: true, isExtra: true, cell: ({ row }) => compactUsd(row.largest_usd) },
    { title: "Seen", isNumber: true, isExtra: true, help: "Share of the window that was observed", cell: ({ row }) => h("span", { title: row.feed_coverage.map((feed) => FEED_WORDS[feed]).join("; ") }, percent(row.coverage, 1)) },
  ];
}
