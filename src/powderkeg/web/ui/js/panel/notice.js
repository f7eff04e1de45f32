// Empty is never silent: why there is nothing to see, and what can be done about it.

import { ApiError } from "../model/api.js";
import { h } from "../format/dom.js";
import { sentence, spaced } from "../format/words.js";

/** @typedef {import("../model/totals.js").Emptiness} Emptiness */

/** @type {Readonly<Record<Emptiness, readonly [string, string]>>} */
const HEADINGS = {
  no_events: ["○", "No events"],
  not_connected: ["⌁", "Not connected"],
  not_published: ["⊘", "The venue does not publish this"],
  filtered_out: ["▽", "Filtered out"],
  not_watched: ["◌", "Not recorded then"],
  no_map: ["▭", "No map"],
  calibrating: ["◔", "Working on the map"],
  not_offered: ["∅", "Not part of this server"],
};

/**
 * @param {Emptiness} kind
 * @param {string} told
 * @param {import("../format/dom.js").Child[]} actions
 */
export function notice(kind, told, actions = []) {
  const [mark, heading] = HEADINGS[kind] ?? ["∅", sentence(spaced(kind))];
  return h(
    "div",
    { class: "notice", "data-empty": kind },
    h("span", { class: "mark", "aria-hidden": "true" }, mark),
    h("strong", null, heading),
    told ? h("p", null, sentence(told)) : null,
    actions,
  );
}

/** @param {unknown} error */
export function failure(error) {
  if (error instanceof ApiError && error.isNotOffered) {
    return notice("not_offered", "This server was started without what this panel needs.");
  }
  if (error instanceof ApiError && error.isNoMap) {
    return notice("no_map", error.message);
  }
  const { message, hint } = error instanceof ApiError ? error : { message: String(error), hint: "" };
  return h(
    "div",
    { class: "notice", role: "alert", "data-empty": "error" },
    h("span", { class: "mark bad", "aria-hidden": "true" }, "!"),
    h("strong", null, "This could not be answered"),
    h("p", null, sentence(message)),
    hint ? h("p", { class: "faint" }, sentence(hint)) : null,
  );
}

/**
 * Where nothing was recorded then, a step to when something was: the last instant the server's sentence names.
 * @param {{state: string, message: string} | null} empty
 * @param {(patch: Record<string, string | null>) => void} navigate
 */
export function lastRecorded(empty, navigate) {
  const last = empty?.state === "not_watched" ? empty.message.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/g)?.at(-1) : undefined;
  return last ? [h("button", { type: "button", class: "button", onclick: () => navigate({ as_of: last }) }, "Show the last that was recorded")] : [];
}
