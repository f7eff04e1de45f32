// Alerts of the running session: the newest, as they come.

import { ask } from "../model/api.js";
import { h } from "../format/dom.js";
import { dateTime } from "../format/time.js";
import { Panel, filling } from "./frame.js";

const KEPT = 12;

export class AlertsPanel {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.panel = new Panel("Alerts", { body: "flush" });
    this.element = this.panel.element;
    /** @type {{at: string | null, message: string}[]} */
    this.alerts = [];
    context.follow("alert", (alert) => {
      this.alerts = [alert, ...this.alerts].slice(0, KEPT);
      this.draw(alert.at);
    });
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update({ as_of: asOf }, signal) {
    await filling(this.panel, signal, async () => {
      const told = await ask("health", { window: "1h", as_of: asOf }, signal);
      this.panel.asked({ path: "health", query: { window: "1h", as_of: asOf } });
      const { live } = told;
      if (live && this.alerts.length === 0) {
        this.alerts = live.alerts.slice(-KEPT).reverse().map((/** @type {any} */ alert) => (typeof alert === "string" ? { at: null, message: alert } : alert));
      }
      if (this.alerts.length > 0) {
        this.draw(live?.as_of ?? told.as_of);
      } else if (live) {
        this.panel.empty("no_events", "Nothing to tell since this session began.");
      } else {
        this.panel.empty("not_connected", "Alerts come from a running session: powderkeg watch --serve, or powderkeg demo.");
      }
    });
  }

  /** @param {string | null} asOf */
  draw(asOf) {
    const items = this.alerts.map(({ at, message }) =>
      h("li", null, h("div", { class: "list-item" }, h("span", null, message), h("span", { class: "second" }, at ? dateTime(at) : ""))),
    );
    this.panel.show(h("ol", { class: "list" }, items), { sources: ["this session"], asOf, coverage: null, method: null });
  }
}
