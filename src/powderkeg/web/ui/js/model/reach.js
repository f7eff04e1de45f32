// How far back to look where the address does not say: no farther than there is something to see.

import { durationMs, msOf } from "./instants.js";

export const USUAL_WINDOW = "24h";

/**
 * The smallest window that holds what was recorded until the end, and never more than a day unasked.
 * @param {string | null | undefined} from the first instant that was recorded, null where nothing was
 * @param {number} endMs where the window ends
 * @param {readonly string[]} windows in order of length
 * @returns {string}
 */
export function fittingWindow(from, endMs, windows) {
  const fromMs = msOf(from);
  const isBefore = fromMs !== null && fromMs < endMs;
  const usualMs = durationMs(USUAL_WINDOW) ?? 0;
  const fitting = windows.find((window) => isBefore && (durationMs(window) ?? 0) >= Math.min(endMs - fromMs, usualMs));
  return fitting ?? USUAL_WINDOW;
}
