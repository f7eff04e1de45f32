// Maps may have to be calibrated first: whoever asks for one says so while it waits, and asks again.

import { ApiError } from "./api.js";

const SAID_AFTER_MS = 1_500;
const AGAIN_MS = 3_000;
const WAITED_FOR = new Set(["map_in_progress", "busy"]);

/**
 * @template Answer
 * @param {() => Promise<Answer>} question
 * @param {AbortSignal} signal
 * @param {() => void} onWait called once when the answer does not come at once
 * @returns {Promise<Answer>}
 */
export async function patiently(question, signal, onWait) {
  let hasSaid = false;
  const say = () => {
    if (!hasSaid && !signal.aborted) {
      hasSaid = true;
      onWait();
    }
  };
  const timer = setTimeout(say, SAID_AFTER_MS);
  try {
    for (;;) {
      try {
        return await question();
      } catch (error) {
        if (signal.aborted || !(error instanceof ApiError && WAITED_FOR.has(error.code))) {
          throw error;
        }
      }
      say();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  } finally {
    clearTimeout(timer);
  }
}
