// Instants and lengths of time as addresses and answers spell them, in milliseconds.

const MINUTE_MS = 60_000;

/** @type {Readonly<Record<string, number>>} */
const UNIT_MS = { ms: 1, s: 1_000, m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1_440 * MINUTE_MS, w: 10_080 * MINUTE_MS };

/**
 * Milliseconds since 1970 of an RFC 3339 text or a number; null where there is none.
 * @param {string | number | null | undefined} instant
 * @returns {number | null}
 */
export function msOf(instant) {
  if (instant === null || instant === undefined || instant === "") {
    return null;
  }
  const ms = typeof instant === "number" ? instant : /^\d+$/.test(instant) ? Number(instant) : Date.parse(instant);
  return Number.isFinite(ms) ? ms : null;
}

/**
 * Milliseconds of `30s`, `5m`, `4h`, `1d`; null where it is no duration.
 * @param {string} text
 */
export function durationMs(text) {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdw])/g)];
  const whole = parts.map(([part]) => part).join("") === text && parts.length > 0;
  return whole ? parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ""] ?? 0), 0) : null;
}
