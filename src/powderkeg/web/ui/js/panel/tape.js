// The tape: single liquidations as they come, from a minimum size on.

import { ask } from "../model/api.js";
import { conflated } from "../model/conflate.js";
import { placed } from "../model/tape.js";
import { jointCoverage } from "../model/totals.js";
import { compactUsd, priceText } from "../format/numbers.js";
import { h, replace } from "../format/dom.js";
import { clock } from "../format/time.js";
import { select } from "./controls.js";
import { Panel, filling } from "./frame.js";
import { lastRecorded } from "./notice.js";
import { sideWord } from "./parts.js";
import { table } from "./table.js";

const SHOWN = 60;
const SIZES = /** @type {const} */ ([["", "Any size"], ["10000", "≥ 10 k"], ["100000", "≥ 100 k"], ["1000000", "≥ 1 M"]]);

/**
 * @typedef {object} Order
 * @property {string} at
 * @property {string} coin
 * @property {string} venue
 * @property {string} symbol
 * @property {string} position_side
 * @property {number | null} notional_usd
 * @property {number | null} price
 * @property {string} price_kind
 * @property {string | null} event_id
 */

export class TapePanel {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.context = context;
    this.tools = h("span", null);
    this.panel = new Panel("Tape", { tools: [this.tools], body: "flush" });
    this.element = this.panel.element;
    /** @type {Order[]} */
    this.orders = [];
    /** @type {Readonly<Record<string, string>>} */
    this.query = {};
    /** @type {Order | null} */
    this.latest = null;
    this.asOf = "";
    /** @type {number | null} */
    this.coverage = null;
    /** @type {string[]} */
    this.sources = [];
    this.drawSoon = conflated(() => this.draw());
    context.signal.addEventListener("abort", () => this.drawSoon.cancel());
    context.follow("liquidation", (order) => this.take(order));
  }

  get minUsd() {
    return Number(this.query["min_usd"] ?? 0) || 0;
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update(query, signal) {
    const { coin, venue, as_of: end, window = "24h", min_usd: minUsd } = query;
    this.query = query;
    this.tools.replaceChildren(select("Smallest order", SIZES, minUsd ?? "", (chosen) => this.context.navigate({ min_usd: chosen })));
    const asked = { coin, venue, end, window, min_usd: minUsd ?? null, limit: SHOWN };
    await filling(this.panel, signal, async () => {
      const told = await ask("liquidations/orders", asked, signal);
      this.context.heard(told);
      this.panel.asked({ path: "liquidations/orders", query: asked });
      this.orders = told.rows;
      this.asOf = told.to;
      this.coverage = jointCoverage(told.sources);
      this.sources = [...new Set(this.orders.map((order) => order.venue))].sort();
      if (this.orders.length > 0) {
        this.draw();
        return;
      }
      const isFiltered = this.minUsd > 0 && told.empty?.state === "no_events";
      const message = isFiltered ? `No order of ${compactUsd(this.minUsd)} USD or more; smaller ones are left out.` : (told.empty?.message ?? "");
      const provenance = { sources: [], asOf: told.to, coverage: this.coverage, method: told.method };
      this.panel.empty(isFiltered ? "filtered_out" : (told.empty?.state ?? "no_events"), message, provenance, lastRecorded(told.empty, this.context.navigate));
    });
  }

  /**
   * One more, from the stream.
   * @param {Order} order
   */
  take(order) {
    const { coin, venue, as_of: asOf } = this.query;
    if (asOf || (coin && order.coin !== coin) || (venue && order.venue !== venue) || (order.notional_usd ?? 0) < this.minUsd) {
      return;
    }
    this.orders = placed(this.orders, order, SHOWN);
    this.asOf = this.orders[0]?.at ?? order.at;
    this.latest = order;
    this.drawSoon();
  }

  draw() {
    const grid = table({ caption: "Single liquidations, newest first: time, coin, side, notional, price, venue", columns: COLUMNS, rows: this.orders });
    grid.classList.add("tape");
    grid.querySelectorAll("tbody tr").forEach((row, at) => row.classList.toggle("fresh", this.orders[at] === this.latest));
    this.panel.keep({ sources: this.sources, asOf: this.asOf, coverage: this.coverage, method: "measured" });
    replace(this.panel.body, grid);
  }
}

/** @type {import("./table.js").Column<Order>[]} */
const COLUMNS = [
  { title: "UTC", cell: (order) => h("time", { class: "soft", datetime: order.at, title: order.at }, clock(order.at)) },
  { title: "Coin", cell: (order) => h("span", { title: order.symbol }, order.coin) },
  { title: "Side", cell: (order) => sideWord(order.position_side) },
  { title: "USD", isNumber: true, cell: (order) => h("strong", null, compactUsd(order.notional_usd)) },
  { title: "Price", isNumber: true, cell: (order) => h("span", { title: `${order.price_kind} price` }, priceText(order.price)) },
  { title: "Venue", cell: (order) => h("span", { class: "soft" }, order.venue) },
];
