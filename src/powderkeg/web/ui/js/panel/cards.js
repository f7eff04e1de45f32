// The four cards: what was liquidated in the last hour, four, twelve and twenty-four.

import { ask } from "../model/api.js";
import { hrefOf } from "../model/route.js";
import { longShare, provenanceOf } from "../model/totals.js";
import { h, replace } from "../format/dom.js";
import { compactUsd, countText, percent } from "../format/numbers.js";
import { dateTime } from "../format/time.js";
import { exportMenu } from "./frame.js";
import { failure } from "./notice.js";
import { estimateText, floorBadge, splitBar } from "./parts.js";

export const WINDOWS = /** @type {const} */ (["1h", "4h", "12h", "24h"]);

/** @typedef {import("../model/totals.js").Totals} Totals */

export class Cards {
  constructor() {
    this.cards = WINDOWS.map((window) => ({ window, element: h("article", { class: "card", "aria-label": `Liquidations, ${window}` }) }));
    this.element = h("div", { class: "grid cards" }, this.cards.map(({ element }) => element));
    for (const { element, window } of this.cards) {
      replace(element, h("div", { class: "card-top" }, h("h2", null, window)), h("div", { class: "skeleton" }, h("i", null), h("i", null), h("i", null)));
    }
  }

  /**
   * @param {Readonly<Record<string, string>>} query of the page
   * @param {AbortSignal} signal
   * @param {(told: any) => void} heard
   */
  async update(query, signal, heard) {
    const shown = query["window"] ?? "24h";
    await Promise.all(
      this.cards.map(async ({ window, element }) => {
        const question = { coin: query["coin"], venue: query["venue"], as_of: query["as_of"], window, by: "" };
        if (window === shown) {
          element.setAttribute("aria-current", "true");
        } else {
          element.removeAttribute("aria-current");
        }
        try {
          const told = await ask("liquidations/totals", question, signal);
          heard(told);
          replace(element, ...cardContent(window, told, query, question));
        } catch (error) {
          if (!signal.aborted) {
            replace(element, h("div", { class: "card-top" }, h("h2", null, window)), failure(error));
          }
        }
      }),
    );
  }
}

/**
 * @param {string} window
 * @param {Totals} told
 * @param {Readonly<Record<string, string>>} query
 * @param {import("../model/api.js").Query} question
 */
function cardContent(window, told, query, question) {
  const row = told.rows[0];
  const { sources, asOf, method } = provenanceOf(told);
  const isKnown = row !== undefined && (row.count > 0 || told.empty?.state === "no_events");
  const estimate = row ? estimateText(row) : "";
  return [
    h(
      "div",
      { class: "card-top" },
      h("h2", null, h("a", { href: hrefOf("overview", { ...query, window }) }, window)),
      row?.is_floor && row.count > 0 ? floorBadge() : null,
      h("span", { class: "panel-tools" }, exportMenu(`liquidations ${window}`, { path: "liquidations/totals", query: question })),
    ),
    h("div", { class: "card-total", "data-figure": `total-${window}` }, isKnown ? compactUsd(row.total_usd) : "–", " ", h("small", null, "USD")),
    h("div", { class: "card-estimate" }, estimate ? `estimate ${estimate}` : isKnown ? "" : (told.empty?.message ?? "not known")),
    splitBar(row ? longShare(row) : null),
    h(
      "div",
      { class: "card-sides" },
      h("span", { class: "long-text", "data-figure": `long-${window}` }, `Long ${compactUsd(isKnown ? row.long_usd : null)}`),
      h("span", { class: "short-text", "data-figure": `short-${window}` }, `Short ${compactUsd(isKnown ? row.short_usd : null)}`),
    ),
    h(
      "div",
      { class: "card-foot" },
      h("span", null, `${isKnown ? countText(row.count) : "–"} orders`),
      h("span", null, `largest ${compactUsd(row?.largest_usd)}`),
      h("span", null, `coverage ${row?.coverage === null || !row ? "not known" : percent(row.coverage, 1)}`),
      h("span", { title: `${sources.join(", ")}; ${dateTime(asOf, true)}` }, `${sources.length} venues, ${method}`),
    ),
  ];
}
