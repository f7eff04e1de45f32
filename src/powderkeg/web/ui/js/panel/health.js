// How every feed stands: connections now, what was observed, and the holes.

import { ask } from "../model/api.js";
import { conflated } from "../model/conflate.js";
import { h } from "../format/dom.js";
import { compactUsd, countText, percent, plain } from "../format/numbers.js";
import { durationMs, msOf } from "../model/instants.js";
import { dateTime, lengthText } from "../format/time.js";
import { STATE_WORDS, spaced } from "../format/words.js";
import { segmented } from "./controls.js";
import { Panel, filling } from "./frame.js";
import { lastRecorded } from "./notice.js";
import { table } from "./table.js";

const WINDOWS = /** @type {const} */ ([["1h", "1 h"], ["24h", "24 h"], ["7d", "7 d"]]);
const SHOWN_GAPS = 60;
const TAIL_MS = 5_000;

/** @typedef {{venue: string, stream: string, from: string, to: string, reason: string}} Gap */
/** @typedef {{venue: string, stream: string, liquidation_feed: string | null, coverage: number | null, gap_count: number, gap_s: number, gaps: Gap[], audits: Audit[]}} Feed */
/** @typedef {{source: string, interval_count: number, captured_usd: number, reported_usd: number, captured_ratio: number | null}} Audit */
/** @typedef {{venue: string, states: Record<string, string>, polled: string[], trouble: string, frames_per_s: number, lag_p50_ms: number | null, lag_p99_ms: number | null, delay_p99_ms: number | null, events: number, rejects: number, shed: number, gaps: number, reconnects: number}} LiveVenue */
/** @typedef {{venue: string, stream: string, state: string, isPolled: boolean, venueLive: LiveVenue | null, feed: Feed | null, isFirst: boolean}} Line */

/** @param {string} state */
export function stateChip(state) {
  return h("span", { class: `state ${state}`, title: STATE_WORDS[state] ?? "" }, state);
}

export class HealthPanels {
  /** @param {import("../page/app.js").Context} context */
  constructor(context) {
    this.context = context;
    this.tools = h("span", null);
    this.feeds = new Panel("Feeds", { note: "filled: observed; hatched: not recorded; red: lost", tools: [this.tools], body: "flush" });
    this.venues = new Panel("Connections now", { body: "flush" });
    this.gaps = new Panel("Gaps", { note: "what was not observed, newest first", body: "flush" });
    /** @type {any} */
    this.told = null;
    /** @type {any} */
    this.live = null;
    this.drawSoon = conflated(() => this.draw());
    context.signal.addEventListener("abort", () => this.drawSoon.cancel());
    context.follow("health", (live) => {
      this.live = live;
      if (this.told && this.isNow) {
        this.drawSoon();
      }
    });
    this.isNow = true;
  }

  /**
   * @param {Readonly<Record<string, string>>} query
   * @param {AbortSignal} signal
   */
  async update({ venue, window = "24h", as_of: asOf }, signal) {
    this.isNow = !asOf;
    this.tools.replaceChildren(segmented("Window", WINDOWS, window, (chosen) => this.context.navigate({ window: chosen })));
    const asked = { venue, window, as_of: asOf };
    for (const panel of [this.venues, this.gaps]) {
      panel.loading();
      panel.asked({ path: "health", query: asked });
    }
    this.feeds.asked({ path: "health", query: asked });
    await filling(this.feeds, signal, async () => {
      try {
        this.told = await ask("health", asked, signal);
      } catch (error) {
        if (!signal.aborted) {
          this.venues.fail(error);
          this.gaps.fail(error);
        }
        throw error;
      }
      this.context.heard({ simulated: this.told.simulated });
      this.live = this.isNow ? this.told.live : null;
      this.draw();
    });
  }

  draw() {
    const { told, live } = this;
    const streams = linesOf(told.rows, live);
    const provenance = { sources: [...new Set(streams.map(({ venue }) => venue))], asOf: live?.as_of ?? told.as_of, coverage: meanCoverage(told.rows), method: told.method };
    if (streams.length === 0) {
      const why = told.recorded
        ? { state: /** @type {const} */ ("not_watched"), message: `Nothing was recorded in this window; what is recorded lies between ${told.recorded.from} and ${told.recorded.to}` }
        : { state: /** @type {const} */ ("not_connected"), message: "No feed was ever recorded here: powderkeg watch BTC, powderkeg import FILE, or powderkeg demo." };
      this.feeds.empty(why.state, why.message, provenance, lastRecorded(why, this.context.navigate));
      this.gaps.empty(why.state, why.message, provenance);
    } else {
      const end = msOf(told.as_of) ?? 0;
      const span = { fromMs: end - (durationMs(told.window) ?? 1), toMs: end };
      this.feeds.show(table({ caption: "Feeds by venue and stream: state, coverage, gaps", columns: feedColumns(span, live !== null), rows: streams, rowClass: ({ isFirst }) => (isFirst ? "head" : "") }), provenance);
      this.drawGaps(told.rows, provenance);
    }
    this.drawVenues(live);
  }

  /** @param {{as_of: string, paused: boolean, rebuilding: boolean, venues: LiveVenue[]} | null} live */
  drawVenues(live) {
    if (!live) {
      this.venues.empty("not_connected", this.isNow ? "This server only reads what was recorded; connections stand where powderkeg collect or watch runs." : "Connections are known for now only, and the address names another instant.");
      return;
    }
    const remarks = [live.rebuilding ? "windows of before the restart are being read" : "", live.paused ? "collection is paused: the disk refuses" : ""];
    this.venues.show(
      table({ caption: "Connections by venue: messages per second, lag, delay, events, refusals", columns: VENUE_COLUMNS, rows: live.venues }),
      { sources: live.venues.map(({ venue }) => venue), asOf: live.as_of, coverage: null, method: "measured", more: remarks.filter(Boolean).join("; ") },
    );
  }

  /**
   * @param {Feed[]} feeds
   * @param {import("./frame.js").Provenance} provenance
   */
  drawGaps(feeds, provenance) {
    const endMs = msOf(this.told.as_of) ?? 0;
    const gaps = joined(feeds.flatMap((feed) => feed.gaps)).filter((gap) => !isUnderway(gap, endMs));
    if (gaps.length === 0) {
      this.gaps.empty("no_events", "No gap is recorded in this window.", provenance);
      return;
    }
    const more = gaps.length > SHOWN_GAPS ? `${gaps.length - SHOWN_GAPS} older ones are not shown` : "";
    this.gaps.show(table({ caption: "Gaps: venue, streams, from, length, reason", columns: GAP_COLUMNS, rows: gaps.slice(0, SHOWN_GAPS) }), { ...provenance, more });
  }
}

/**
 * Newest first; what began and ended together for one reason is one gap of several streams.
 * @param {Gap[]} gaps
 * @returns {Gap[]}
 */
function joined(gaps) {
  /** @type {Map<string, Gap>} */
  const found = new Map();
  for (const gap of gaps) {
    const key = [gap.venue, gap.from, gap.to, gap.reason].join(" ");
    const known = found.get(key);
    found.set(key, known ? { ...known, stream: `${known.stream}, ${gap.stream}` } : gap);
  }
  return [...found.values()].sort((a, b) => (a.from < b.from ? 1 : -1));
}

/**
 * The last moments before now, which are still on their way into the record.
 * @param {Gap} gap
 * @param {number} endMs of the window
 */
function isUnderway({ from, to }, endMs) {
  return (msOf(to) ?? 0) >= endMs - TAIL_MS && endMs - (msOf(from) ?? 0) < TAIL_MS;
}

/**
 * A line per venue and stream, from both what was recorded and what is connected.
 * @param {Feed[]} feeds
 * @param {{venues: LiveVenue[]} | null} live
 * @returns {Line[]}
 */
function linesOf(feeds, live) {
  /** @type {Map<string, Line>} */
  const lines = new Map(feeds.map((feed) => [`${feed.venue} ${feed.stream}`, { venue: feed.venue, stream: feed.stream, state: "", isPolled: false, venueLive: null, feed, isFirst: true }]));
  for (const venue of live?.venues ?? []) {
    const polled = Object.fromEntries(venue.polled.map((stream) => [stream, ""]));
    for (const [stream, state] of Object.entries({ ...polled, ...venue.states })) {
      const key = `${venue.venue} ${stream}`;
      lines.set(key, { venue: venue.venue, stream, state, isPolled: state === "", venueLive: venue, feed: lines.get(key)?.feed ?? null, isFirst: true });
    }
  }
  const sorted = [...lines.values()].sort((a, b) => (`${a.venue} ${a.stream}` < `${b.venue} ${b.stream}` ? -1 : 1));
  return sorted.map((line, at) => ({ ...line, isFirst: sorted[at - 1]?.venue !== line.venue }));
}

/** @param {Feed[]} feeds */
function meanCoverage(feeds) {
  const shares = feeds.map(({ coverage }) => coverage).filter((share) => share !== null);
  return shares.length > 0 ? shares.reduce((sum, share) => sum + share, 0) / shares.length : null;
}

/**
 * @param {{fromMs: number, toMs: number}} span
 * @param {boolean} isLive
 * @returns {import("./table.js").Column<Line>[]}
 */
function feedColumns(span, isLive) {
  return [
    { title: "Venue", isHead: true, cell: ({ venue, isFirst }) => h("span", isFirst ? null : { class: "visually-hidden" }, venue) },
    { title: "Stream", cell: ({ stream, feed }) => [spaced(stream), ...(feed?.audits ?? []).map(auditNote)] },
    ...(isLive ? [{ title: "State", cell: stateCell }] : []),
    { title: "Coverage", isNumber: true, cell: ({ feed }) => h("span", { class: coverageClass(feed?.coverage ?? null) }, feed?.coverage === null || !feed ? "not known" : percent(feed.coverage, 2)) },
    { title: "Observed in the window", cell: ({ feed }) => strip(feed, span) },
    { title: "Gaps", isNumber: true, isExtra: true, cell: ({ feed }) => countText(feed?.gap_count) },
    { title: "Missing", isNumber: true, isExtra: true, cell: ({ feed }) => (feed?.gap_count ? lengthText(feed.gap_s * 1_000) : "0 s") },
  ];
}

/** @param {Audit} audit */
function auditNote({ source, interval_count: count, captured_usd: captured, reported_usd: reported, captured_ratio: ratio }) {
  const told = ratio === null ? "nothing reported" : `${percent(ratio)} captured`;
  const title = `${compactUsd(captured)} of ${compactUsd(reported)} USD in ${countText(count)} reported intervals that were watched`;
  return h("div", { class: "faint", title }, `${told}, says ${source}`);
}

/** @param {Line} line */
function stateCell({ state, isPolled, venueLive }) {
  if (state) {
    return [stateChip(state), venueLive?.trouble && state !== "LIVE" ? h("span", { class: "faint" }, ` ${venueLive.trouble}`) : null];
  }
  const told = isPolled ? { word: "polled", title: "asked for from time to time; the venue has no stream of it" } : { word: "not collected now", title: "recorded before" };
  return h("span", { class: "faint", title: told.title }, told.word);
}

/** @param {number | null} coverage */
function coverageClass(coverage) {
  return coverage === null ? "faint" : coverage >= 0.99 ? "good" : coverage >= 0.9 ? "warn" : "bad";
}

/**
 * The window as a strip, holes in it.
 * @param {Feed | null} feed
 * @param {{fromMs: number, toMs: number}} span
 */
function strip(feed, { fromMs, toMs }) {
  const band = h("span", { class: `strip${feed?.coverage === null || !feed ? " is-unknown" : ""}`, role: "img", "aria-label": `${feed?.gap_count ?? 0} gaps` });
  for (const gap of feed?.gaps ?? []) {
    const from = Math.max(0, ((msOf(gap.from) ?? fromMs) - fromMs) / (toMs - fromMs));
    const to = Math.min(1, ((msOf(gap.to) ?? toMs) - fromMs) / (toMs - fromMs));
    if (to > from) {
      const hole = h("i", {
        class: gap.reason === "not recorded" ? "is-absent" : null,
        title: `${gap.reason}: ${dateTime(gap.from, true)} to ${dateTime(gap.to, true)}`,
      });
      hole.style.left = `${from * 100}%`;
      hole.style.width = `${(to - from) * 100}%`;
      band.append(hole);
    }
  }
  return band;
}

/** @type {import("./table.js").Column<LiveVenue>[]} */
const VENUE_COLUMNS = [
  { title: "Venue", isHead: true, cell: ({ venue }) => venue },
  { title: "Messages/s", isNumber: true, cell: (row) => plain(row.frames_per_s) },
  { title: "Lag p50", isNumber: true, help: "From the venue's time stamp to reception, of what it told as it happened: what it repeats from before the connection, and polls, are left out", cell: (row) => lengthText(row.lag_p50_ms) },
  { title: "Lag p99", isNumber: true, isExtra: true, cell: (row) => lengthText(row.lag_p99_ms) },
  { title: "Delay p99", isNumber: true, help: "From reception to the updated numbers", cell: (row) => (row.delay_p99_ms === null ? "–" : `${plain(row.delay_p99_ms)} ms`) },
  { title: "Events", isNumber: true, cell: (row) => countText(row.events) },
  { title: "Refused", isNumber: true, isExtra: true, help: "Frames that could not be understood", cell: (row) => h("span", { class: row.rejects ? "warn" : "" }, countText(row.rejects)) },
  { title: "Shed", isNumber: true, isExtra: true, help: "Frames that were not admitted, for want of room", cell: (row) => h("span", { class: row.shed ? "warn" : "" }, countText(row.shed)) },
  { title: "Reconnects", isNumber: true, isExtra: true, cell: (row) => countText(row.reconnects) },
];

/** @type {import("./table.js").Column<Gap>[]} */
const GAP_COLUMNS = [
  { title: "Venue", isHead: true, cell: ({ venue }) => venue },
  { title: "Streams", cell: ({ stream }) => spaced(stream) },
  { title: "From", cell: ({ from }) => h("span", { class: "nowrap" }, dateTime(from, true)) },
  { title: "Length", isNumber: true, cell: ({ from, to }) => lengthText((msOf(to) ?? 0) - (msOf(from) ?? 0)) },
  { title: "Reason", cell: ({ reason }) => reason },
];
