// The bar above every page: where one is, whose market, when, and whether the stream lives.

import { carriedOver, hrefOf } from "../model/route.js";
import { PRESETS, THEMES, choose, settings } from "../model/settings.js";
import { fill, h, replace } from "../format/dom.js";
import { msOf } from "../model/instants.js";
import { dateTime, rfc3339 } from "../format/time.js";
import { select } from "./controls.js";
import { showHelp } from "./keys.js";

const STREAM_WORDS = { connecting: ["CONNECTING", "connecting"], live: ["LIVE", "stream live"], broken: ["DOWN", "no stream"] };

/** @typedef {(patch: Record<string, string | null>) => void} Navigate */

export class Bar {
  /**
   * @param {HTMLElement} element
   * @param {{name: string, title: string}[]} pages
   * @param {Navigate} navigate
   */
  constructor(element, pages, navigate) {
    this.navigate = navigate;
    this.page = "overview";
    /** @type {Readonly<Record<string, string>>} */
    this.query = {};
    /** @type {string[]} */
    this.coins = ["BTC", "ETH", "SOL"];
    this.tabs = pages.map(({ name, title }) => ({ name, link: h("a", { class: "tab" }, title) }));
    this.clock = h("time", { class: "clock" });
    this.state = h("span", { class: "state CONNECTING", role: "status" });
    this.coinPlace = h("span", null);
    this.whenPlace = h("span", null);
    this.themeButton = h("button", { type: "button", class: "button plain", onclick: () => this.nextTheme() });
    fill(
      element,
      h("nav", { class: "tabs", "aria-label": "Pages" }, this.tabs.map(({ link }) => link)),
      h("div", { class: "bar-end" }, this.coinPlace, this.whenPlace, this.state, this.clock, this.presetControl(), this.themeButton, helpButton()),
    );
    this.stream("connecting");
    this.nameTheme();
    this.tick();
    setInterval(() => this.tick(), 1_000);
  }

  /**
   * @param {string} page
   * @param {Readonly<Record<string, string>>} query
   */
  show(page, query) {
    this.page = page;
    this.query = query;
    for (const { name, link } of this.tabs) {
      link.href = hrefOf(name, this.carried);
      if (name === page) {
        link.setAttribute("aria-current", "page");
      } else {
        link.removeAttribute("aria-current");
      }
    }
    this.drawCoins();
    this.drawWhen();
  }

  get carried() {
    return carriedOver(this.query);
  }

  /** @param {keyof typeof STREAM_WORDS} state */
  stream(state) {
    const [className = "", word = ""] = STREAM_WORDS[state];
    this.state.className = `state ${className}`;
    this.state.textContent = word;
  }

  /** @param {unknown} rows rows of an answer, which may name coins */
  learnCoins(rows) {
    const named = Array.isArray(rows) ? rows.map((row) => row?.coin).filter((coin) => typeof coin === "string") : [];
    const unknown = [...new Set(named)].filter((coin) => !this.coins.includes(coin));
    if (unknown.length > 0) {
      this.coins = [...this.coins, ...unknown].slice(0, 200);
      this.drawCoins();
    }
  }

  drawCoins() {
    const chosen = this.query["coin"] ?? "";
    const needsOne = this.page === "map" || this.page === "what-if" || this.page === "event";
    const coins = chosen && !this.coins.includes(chosen) ? [chosen, ...this.coins] : this.coins;
    /** @type {[string, string][]} */
    const options = coins.map((coin) => [coin, coin]);
    if (!needsOne) {
      options.unshift(["", "All coins"]);
    }
    replace(this.coinPlace, select("Coin", options, chosen || (needsOne ? "BTC" : ""), (coin) => this.navigate({ coin })));
  }

  drawWhen() {
    const asOf = this.query["as_of"];
    const field = h("input", {
      type: "datetime-local",
      class: "field",
      step: "1",
      "aria-label": "As of, UTC",
      value: asOf ? rfc3339(msOf(asOf) ?? 0).slice(0, 19) : "",
      onchange: () => this.navigate({ as_of: field.value ? rfc3339(Date.parse(`${field.value}Z`)) : null }),
    });
    const label = asOf ? `As of ${dateTime(asOf)}` : "Now";
    const now = h("button", { type: "button", onclick: () => this.navigate({ as_of: null }) }, "Back to now");
    const form = h("div", { class: "menu-list" }, h("span", { class: "menu-title" }, "Show the state as of (UTC)"), field, asOf ? now : null);
    replace(this.whenPlace, h("details", { class: "menu" }, h("summary", { class: asOf ? "button" : "button plain", "aria-label": `Instant shown: ${label}` }, label), form));
  }

  presetControl() {
    const words = { default: "Orange / blue", western: "Green / red", inverted: "Red / green" };
    const field = select("Colors of longs and shorts", PRESETS.map((name) => [name, words[name]]), settings().preset, (preset) => choose("preset", preset));
    field.classList.add("wide");
    field.title = "Colors of long / short";
    return field;
  }

  nextTheme() {
    choose("theme", THEMES.find((theme) => theme !== settings().theme) ?? "dark");
    this.nameTheme();
  }

  nameTheme() {
    const isDark = settings().theme === "dark";
    this.themeButton.textContent = isDark ? "☾" : "☀";
    this.themeButton.setAttribute("aria-label", isDark ? "Theme: dark. Change to light" : "Theme: light. Change to dark");
    this.themeButton.title = "Dark or light (t)";
  }

  tick() {
    this.clock.textContent = `${new Date().toISOString().slice(11, 19)} UTC`;
  }
}

function helpButton() {
  return h("button", { type: "button", class: "button plain", "aria-label": "Keyboard shortcuts", title: "Keyboard (?)", onclick: showHelp }, "?");
}
