// A panel: heading, content, and below it what the content rests on. Its question can be taken elsewhere.

import { addressOf, formatsOf } from "../model/api.js";
import { h, replace } from "../format/dom.js";
import { percent } from "../format/numbers.js";
import { asCurl, asPython } from "../format/snippets.js";
import { dateTime } from "../format/time.js";
import { METHOD_WORDS } from "../format/words.js";
import { failure, notice } from "./notice.js";
import { toast } from "./toast.js";

/**
 * What a figure rests on; what is not known is null.
 * @typedef {object} Provenance
 * @property {string[]} sources venues
 * @property {string | null} asOf RFC 3339
 * @property {number | null} coverage observed share
 * @property {string | null} method measured, modelled or reported
 * @property {string} [more] a further remark
 */

/** @typedef {{path: string, query?: import("../model/api.js").Query, body?: object}} Question */
/** @typedef {import("../format/dom.js").Child} Child */

/** What takes so long. */
export const WAITING = "it is being calibrated on what was liquidated before; the first time takes a while";
const FORMAT_WORDS = /** @type {const} */ ([["csv", "CSV"], ["parquet", "Parquet"]]);

export class Panel {
  /**
   * @param {string} title
   * @param {{note?: string, tools?: Child[], body?: string}} [options] `body` are classes of the content
   */
  constructor(title, { note = "", tools = [], body = "" } = {}) {
    this.title = title;
    this.note = h("span", { class: "panel-note" }, note);
    this.menuPlace = h("span", null);
    this.heading = h("h2", null, title);
    this.body = h("div", { class: `panel-body ${body}` });
    this.foot = h("footer", { class: "panel-foot" });
    this.element = h(
      "section",
      { class: "panel", "aria-label": title },
      h("header", { class: "panel-head" }, this.heading, this.note, h("div", { class: "panel-tools" }, tools, this.menuPlace)),
      this.body,
      this.foot,
    );
    this.isFilled = false;
    this.loading();
  }

  /** Gray bars at first; what is shown already stays until the new is there. */
  loading() {
    this.element.setAttribute("aria-busy", "true");
    if (this.isFilled) {
      this.body.classList.add("is-late");
    } else {
      replace(this.body, h("div", { class: "skeleton" }, h("i", null), h("i", null), h("i", null), h("i", null)));
    }
  }

  /**
   * @param {Child | Child[]} content
   * @param {Provenance | null} provenance
   */
  show(content, provenance) {
    this.keep(provenance);
    replace(this.body, content);
  }

  /**
   * The content is drawn into what stands already: only say what it rests on.
   * @param {Provenance | null} provenance
   */
  keep(provenance) {
    this.isFilled = true;
    this.element.removeAttribute("aria-busy");
    this.body.classList.remove("is-late");
    replace(this.foot, provenance ? provenanceLine(provenance) : []);
  }

  /**
   * Why there is nothing to show.
   * @param {import("./notice.js").Emptiness} kind
   * @param {string} told the server's sentence
   * @param {Provenance | null} provenance
   * @param {Child[]} actions
   */
  empty(kind, told, provenance = null, actions = []) {
    this.show(notice(kind, told, actions), provenance);
  }

  /** A map is being made for the answer: say so where nothing stands yet; the panel stays busy. */
  waiting() {
    if (!this.isFilled) {
      replace(this.body, notice("calibrating", WAITING));
    }
  }

  /** @param {unknown} error */
  fail(error) {
    this.show(failure(error), null);
    this.isFilled = false;
  }

  /**
   * What the panel asked, for taking it elsewhere.
   * @param {Question} question
   */
  asked(question) {
    replace(this.menuPlace, exportMenu(this.title, question));
  }
}

/**
 * Fill a panel; what goes wrong is said in it, unless nobody waits for it any more.
 * @param {Panel} panel
 * @param {AbortSignal} signal
 * @param {() => Promise<void>} work
 */
export async function filling(panel, signal, work) {
  panel.loading();
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) {
      panel.fail(error);
    }
  }
}

/**
 * @param {Provenance} provenance
 * @returns {Child[]}
 */
export function provenanceLine({ sources, asOf, coverage, method, more = "" }) {
  const names = sources.length > 4 ? `${sources.slice(0, 3).join(", ")} and ${sources.length - 3} more` : sources.join(", ");
  return [
    h("span", { title: sources.join(", ") }, "Sources ", h("b", null, names || "none")),
    h("span", null, "Updated ", h("b", null, dateTime(asOf, true))),
    h("span", null, "Coverage ", h("b", null, coverage === null ? "not known" : percent(coverage, 1))),
    method ? h("span", { title: METHOD_WORDS[method] ?? "" }, "Method ", h("b", null, method)) : null,
    more ? h("span", null, more) : null,
  ];
}

/**
 * What was asked, for a terminal, a program or a file; only forms the server says it has.
 * @param {string} title
 * @param {Question} question
 */
export function exportMenu(title, { path, query = {}, body }) {
  const absolute = new URL(addressOf(path, query), location.href).href;
  const copying = (/** @type {string} */ label, /** @type {string} */ text) =>
    h("button", { type: "button", onclick: () => copy(text, label) }, `Copy as ${label}`);
  const list = h("div", { class: "menu-list" }, copying("curl", asCurl(absolute, body)), copying("Python", asPython(absolute, body)));
  formatsOf(path).then((formats) => list.append(...(body ? [] : downloads(path, query, formats))), () => {});
  return h("details", { class: "menu" }, h("summary", { class: "button plain", "aria-label": `Data of ${title}` }, "Data"), list);
}

/**
 * Tables as files of rows; any other answer as it is.
 * @param {string} path
 * @param {import("../model/api.js").Query} query
 * @param {string[]} formats
 */
function downloads(path, query, formats) {
  const offered = FORMAT_WORDS.filter(([format]) => formats.includes(format));
  const named = (/** @type {string} */ format) => `${path.replaceAll("/", "-")}.${format}`;
  if (offered.length === 0 && formats.length > 0) {
    return [h("a", { href: addressOf(path, query), download: named("json") }, "Download JSON")];
  }
  return offered.map(([format, word]) => h("a", { href: addressOf(path, { ...query, format }), download: named(format) }, `Download ${word}`));
}

/**
 * @param {string} text
 * @param {string} label
 */
async function copy(text, label) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied as ${label}`);
  } catch {
    toast("The browser did not allow copying");
  }
}
