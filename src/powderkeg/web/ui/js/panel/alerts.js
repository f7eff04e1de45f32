// Alerts: those told before, and the newest as they come.

import { ask } from "../model/api.js";
import { jointCoverage } from "../model/totals.js";
import { h } from "../format/dom.js";
import { dateTime } from "../format/time.js";
import { Panel, filling } from "./frame.js";

const KEPT = 12;
const OWN_PAGE = /^\/[a-z-]+(\?|$)/;

/** @typedef {{at: string, headline: string, detail: string, sureness: string, path: string, is_simulated: boolean}} Told */
/** @typedef {{at: string | null, message: string}} Line */

export class AlertsPanel {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.panel = new Panel("Alerts", { body: "flush" });
    this.element = this.panel.element;
    /** @type {Told[]} */
    this.told = [];
    /** @type {Line[]} */
    this.lines = [];
    /** @type {import("./frame.js").Provenance} */
    this.provenance = { sources: [], asOf: null, coverage: null, method: null };
    this.isNow = true;
    context.follow("alert", (alert) => {
      this.lines = [alert, ...this.lines].slice(0, KEPT);
      if (this.isNow) {
        this.draw(alert.at);
      }
    });
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update({ as_of: asOf }, signal) {
    const asked = { as_of: asOf, limit: KEPT };
    await filling(this.panel, signal, async () => {
      const told = await ask("alerts", asked, signal);
      this.panel.asked({ path: "alerts", query: asked });
      this.isNow = !asOf;
      this.told = told.rows;
      const sources = told.sources.map((/** @type {any} */ one) => one.venue);
      this.provenance = { sources, asOf: told.as_of, coverage: jointCoverage(told.sources), method: null };
      const { state = "no_events", message = "" } = told.empty ?? {};
      if (this.shown.length > 0) {
        this.draw(told.as_of);
      } else {
        this.panel.empty(state, message, this.provenance);
      }
    });
  }

  /** Lines of this session that the server has not told as an alert, newest first, then alerts. */
  get shown() {
    const isTold = (/** @type {string} */ message) => this.told.some(({ headline }) => message.includes(headline));
    const lines = this.isNow ? this.lines.filter(({ message }) => !isTold(message)).map(lineItem) : [];
    return [...lines, ...this.told.map(toldItem)].slice(0, KEPT);
  }

  /** @param {string | null} asOf */
  draw(asOf) {
    this.panel.show(h("ol", { class: "list" }, this.shown), { ...this.provenance, asOf });
  }
}

/** @param {Line} line */
function lineItem({ at, message }) {
  return h("li", null, h("div", { class: "list-item" }, h("span", null, message), h("span", { class: "second" }, at ? dateTime(at) : "")));
}

/** @param {Told} told */
function toldItem({ at, headline, detail, sureness, path, is_simulated: isSimulated }) {
  const text = h("span", null, isSimulated ? "SIMULATED: " : null, headline, h("span", { class: "second" }, ` (${sureness})`));
  const content = [text, h("span", { class: "second", title: detail }, dateTime(at))];
  return h("li", null, OWN_PAGE.test(path) ? h("a", { class: "list-item", href: path, title: detail }, content) : h("div", { class: "list-item" }, content));
}
