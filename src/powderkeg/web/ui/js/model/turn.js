// A new question makes the one before it pointless.

/** Hands out signals; each new one aborts the last. */
export class Turn {
  /** @param {AbortSignal} left aborts all of them */
  constructor(left) {
    this.left = left;
    this.now = new AbortController();
  }

  /** @returns {AbortSignal} */
  begin() {
    this.now.abort();
    this.now = new AbortController();
    return AbortSignal.any([this.left, this.now.signal]);
  }
}
