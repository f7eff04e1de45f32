// The page as a whole: which address shows what, the bar above it, the stream behind it.

import { addressOf, ask } from "../model/api.js";
import { hrefOf, pageOf, parseRoute } from "../model/route.js";
import { Stream } from "../model/stream.js";
import { Bar } from "../panel/bar.js";
import { showBanner } from "../panel/banner.js";
import { listenToKeys } from "../panel/keys.js";
import { eventPage } from "./event.js";
import { healthPage } from "./health.js";
import { mapPage } from "./map.js";
import { overviewPage } from "./overview.js";
import { whatIfPage } from "./what-if.js";

/**
 * What a page is given.
 * @typedef {object} Context
 * @property {AbortSignal} signal aborts when the page is left
 * @property {(patch: Record<string, string | number | null | undefined>, how?: {replace?: boolean}) => void} navigate
 *   changes the address of this page; `replace` leaves no step to go back to
 * @property {(topic: string, listener: (told: any) => void) => void} follow events of the stream, until the page is left
 * @property {(told: any) => void} heard every answer passes here: is it simulated, which coins are there
 */

/** @typedef {Readonly<Record<string, string>>} PageQuery */
/** @typedef {{element: HTMLElement, update: (query: PageQuery) => void}} Page */

/** @type {Readonly<Record<string, {title: string, build: (context: Context) => Page}>>} */
const PAGES = {
  overview: { title: "Overview", build: overviewPage },
  map: { title: "Price and map", build: mapPage },
  "what-if": { title: "What-if", build: whatIfPage },
  event: { title: "Event", build: eventPage },
  health: { title: "Data health", build: healthPage },
};

const TOPICS = /** @type {const} */ (["liquidation", "alert", "data"]);
const REFRESH_MS = 10_000;

class App {
  constructor() {
    this.main = /** @type {HTMLElement} */ (document.getElementById("main"));
    /** @type {EventTarget} */
    this.events = new EventTarget();
    /** @type {{name: string, page: Page, leave: AbortController} | null} */
    this.shown = null;
    this.bar = new Bar(
      /** @type {HTMLElement} */ (document.getElementById("bar")),
      Object.entries(PAGES).map(([name, { title }]) => ({ name, title })),
      (patch) => this.navigate(patch),
    );
    this.stream = new Stream(
      addressOf("stream", { topics: TOPICS.join(",") }),
      {
        onEvent: (topic, told) => this.events.dispatchEvent(new CustomEvent(topic, { detail: told })),
        onState: (state) => this.bar.stream(state),
        onResync: () => this.refresh(),
      },
      TOPICS,
    );
  }

  start() {
    addEventListener("popstate", () => this.route());
    document.addEventListener("click", (event) => this.followLink(event));
    document.getElementById("skip")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.main.focus();
    });
    listenToKeys({ open: (page) => this.open(page), bar: this.bar });
    this.route();
    this.stream.open();
    setInterval(() => this.isLive && !document.hidden && this.refresh(), REFRESH_MS);
    document.addEventListener("visibilitychange", () => !document.hidden && this.isLive && this.refresh());
    ask("liquidations/totals", { by: "coin", window: "7d" }).then((told) => this.heard(told), () => {});
  }

  get current() {
    return parseRoute(location);
  }

  /** Nothing is asked again where the address names an instant: the past does not change. */
  get isLive() {
    return !this.current.query["as_of"];
  }

  route() {
    const { page: name, query } = this.current;
    const entry = PAGES[name];
    if (!entry) {
      return;
    }
    document.title = `${entry.title} · powderkeg`;
    this.bar.show(name, query);
    if (this.shown?.name !== name) {
      this.shown?.leave.abort();
      const leave = new AbortController();
      const page = entry.build(this.context(leave.signal));
      this.main.replaceChildren(page.element);
      this.shown = { name, page, leave };
      scrollTo(0, 0);
    }
    this.shown.page.update(query);
  }

  refresh() {
    this.shown?.page.update(this.current.query);
  }

  /** @param {string} page */
  open(page) {
    this.go(hrefOf(page, this.bar.carried));
  }

  /** @param {string} href of one of our pages; a step to come back to */
  go(href) {
    if (href !== location.pathname + location.search) {
      history.pushState(null, "", href);
    }
    this.route();
  }

  /**
   * Links to our own pages change the address and nothing is loaded anew.
   * @param {MouseEvent} event
   */
  followLink(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (link && isPlain && link.origin === location.origin && !link.hasAttribute("download") && !link.target && pageOf(link.pathname) && !link.hash) {
      event.preventDefault();
      this.go(link.pathname + link.search);
    }
  }

  /**
   * @param {Record<string, string | number | null | undefined>} patch
   * @param {{replace?: boolean}} [how]
   */
  navigate(patch, { replace = false } = {}) {
    const { page, query } = this.current;
    const href = hrefOf(page, { ...query, ...patch });
    if (replace) {
      history.replaceState(null, "", href);
      this.bar.show(page, this.current.query);
    } else {
      this.go(href);
    }
  }

  /** @param {any} told */
  heard(told) {
    if (told && typeof told === "object") {
      showBanner(Boolean(told.simulated));
      this.bar.learnCoins(told.rows);
    }
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Context}
   */
  context(signal) {
    return {
      signal,
      navigate: (patch, how) => this.navigate(patch, how),
      follow: (topic, listener) =>
        this.events.addEventListener(topic, (event) => listener(/** @type {CustomEvent} */ (event).detail), { signal }),
      heard: (told) => this.heard(told),
    };
  }
}

new App().start();
