// Liquidations over time: longs below, shorts above the line.

import { ask } from "../model/api.js";
import { provenanceOf } from "../model/totals.js";
import { h } from "../format/dom.js";
import { compactUsd } from "../format/numbers.js";
import { durationMs, msOf } from "../model/instants.js";
import { Plot } from "../chart/plot.js";
import { onColors } from "../model/settings.js";
import { Panel, filling } from "./frame.js";

/** @type {ReadonlyArray<readonly [number, string]>} */
const INTERVALS = [[15 * 60_000, "10s"], [2 * 3_600_000, "1m"], [13 * 3_600_000, "15m"], [3 * 86_400_000, "1h"], [14 * 86_400_000, "4h"], [Infinity, "1d"]];

/**
 * The interval that gives a window between thirty and two hundred bars.
 * @param {string} window
 */
export function intervalFor(window) {
  const ms = durationMs(window) ?? 86_400_000;
  return INTERVALS.find(([most]) => ms <= most)?.[1] ?? "1d";
}

export class HistoryPanel {
  /** @param {AbortSignal} signal */
  constructor(signal, title = "Liquidations over time", height = 168) {
    this.host = h("div", { class: "plot", role: "img" });
    this.panel = new Panel(title, { body: "flush" });
    this.element = this.panel.element;
    this.plot = new Plot(this.host, height);
    onColors(() => this.plot.recolor(), signal);
    signal.addEventListener("abort", () => this.plot.destroy());
  }

  /**
   * @param {{coin?: string | undefined, venue?: string | undefined, start?: string | undefined, end?: string | undefined, window?: string, interval?: string}} told
   * @param {AbortSignal} signal
   * @param {{x: number, title: string, color: import("../chart/price.js").ColorName}[]} [marks]
   */
  async update({ coin, venue, start, end, window = "24h", interval = intervalFor(window) }, signal, marks) {
    const asked = { coin, venue, start, end, window: start ? null : window, interval };
    await filling(this.panel, signal, async () => {
      const told = await ask("liquidations/history", asked, signal);
      this.panel.asked({ path: "liquidations/history", query: asked });
      this.panel.note.textContent = `bars of ${interval}, USD; shorts up, longs down`;
      if (told.rows.every((/** @type {any} */ row) => !row.count)) {
        this.panel.empty(told.empty?.state ?? "no_events", told.empty?.message ?? "", provenanceOf(told));
        return;
      }
      const reach = [msOf(told.from) ?? 0, (msOf(told.to) ?? 1) - 1];
      const series = barsBySide(told.rows, durationMs(interval) ?? 3_600_000, reach);
      const total = series.shorts.reduce((/** @type {number} */ sum, usd) => sum + (usd ?? 0), 0);
      this.host.setAttribute("aria-label", `Bars of ${interval}: shorts ${compactUsd(total)} USD in all`);
      this.panel.keep({ ...provenanceOf(told), more: "a bar left out was not observed" });
      if (this.host.parentElement !== this.panel.body) {
        this.panel.body.replaceChildren(this.host);
      }
      this.plot.show({
        x: series.x,
        isTime: true,
        series: [
          { label: "Short", color: "short", kind: "bars", values: series.shorts },
          { label: "Long", color: "long", kind: "bars", values: series.longs },
        ],
        yText: (usd) => compactUsd(Math.abs(usd)),
        ...(marks ? { marks } : {}),
      });
    });
  }
}

/**
 * Both sides on an even axis; it reaches over `also` too, where nothing is known.
 * @param {any[]} rows
 * @param {number} stepMs
 * @param {number[]} [also] instants, ms
 */
export function barsBySide(rows, stepMs, also = []) {
  const found = new Map(rows.map((row) => [msOf(row.open) ?? 0, row]));
  const opens = [...found.keys(), ...also.map((ms) => Math.floor(ms / stepMs) * stepMs)];
  const first = Math.min(...opens);
  const count = Math.round((Math.max(...opens) - first) / stepMs) + 1;
  const x = Array.from({ length: count }, (_, at) => (first + at * stepMs) / 1_000);
  const side = (/** @type {string} */ name, /** @type {number} */ sign) =>
    x.map((seconds) => {
      const usd = found.get(Math.round(seconds * 1_000))?.[name];
      return usd === undefined || usd === null ? null : usd * sign;
    });
  return { x, shorts: side("short_usd", 1), longs: side("long_usd", -1) };
}
