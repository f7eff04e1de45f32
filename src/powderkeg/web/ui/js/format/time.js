// Times are UTC, and say so.

import { msOf } from "../model/instants.js";

/**
 * `2026-09-16T14:50:00Z`, for addresses.
 * @param {number} ms
 */
export function rfc3339(ms) {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/**
 * `14:50:00`, the zone left to the heading.
 * @param {string | number | null | undefined} instant
 */
export function clock(instant) {
  const ms = msOf(instant);
  return ms === null ? "–" : new Date(ms).toISOString().slice(11, 19);
}

/**
 * `2026-09-16 14:50 UTC`.
 * @param {string | number | null | undefined} instant
 */
export function dateTime(instant, seconds = false) {
  const ms = msOf(instant);
  return ms === null ? "–" : `${new Date(ms).toISOString().slice(0, seconds ? 19 : 16).replace("T", " ")} UTC`;
}

/**
 * `16 Sep 14:50`, for axes.
 * @param {number} ms
 */
export function short(ms) {
  const text = new Date(ms).toUTCString();
  return `${text.slice(5, 11)} ${text.slice(17, 22)}`;
}

/**
 * A length of time in its two largest units: `3 d 2 h`, `42 s`, `180 ms`.
 * @param {number | null | undefined} ms
 */
export function lengthText(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) {
    return "–";
  }
  if (ms < 1_000) {
    return `${Math.round(ms)} ms`;
  }
  /** @type {string[]} */
  const parts = [];
  let rest = Math.round(ms / 1_000);
  for (const [unit, seconds] of /** @type {const} */ ([["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]])) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0 && parts.length < 2) {
      parts.push(`${count} ${unit}`);
    } else if (parts.length > 0) {
      break;
    }
  }
  return parts.join(" ");
}
