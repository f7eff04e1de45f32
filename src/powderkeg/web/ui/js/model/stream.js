// The server's stream of events: resumed where it broke off, begun anew where that is too long ago.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** @typedef {"connecting" | "live" | "broken"} StreamState */

/**
 * Listens to topics of the stream; one connection for the whole page.
 *
 * The browser itself resumes a connection that broke, telling the last event's id. What it gives up (a refusal), and
 * what the server cut off with `resync` (this reader was too slow, or away too long), is begun anew after a growing
 * wait; `onResync` then says that what is shown has to be asked for again.
 */
export class Stream {
  /**
   * @param {string} address
   * @param {{onEvent: (topic: string, told: any) => void, onState: (state: StreamState) => void, onResync: () => void}} listener
   * @param {readonly string[]} topics
   */
  constructor(address, listener, topics) {
    this.address = address;
    this.listener = listener;
    this.topics = topics;
    this.waitMs = FIRST_WAIT_MS;
    /** @type {EventSource | null} */
    this.source = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  open() {
    this.listener.onState("connecting");
    const source = new EventSource(this.address);
    this.source = source;
    source.onopen = () => {
      this.waitMs = FIRST_WAIT_MS;
      this.listener.onState("live");
    };
    source.onerror = () => {
      this.listener.onState(source.readyState === EventSource.CLOSED ? "broken" : "connecting");
      if (source.readyState === EventSource.CLOSED) {
        this.again();
      }
    };
    source.addEventListener("resync", () => this.again());
    for (const topic of this.topics) {
      source.addEventListener(topic, (event) => this.listener.onEvent(topic, JSON.parse(event.data)));
    }
  }

  /** Begin anew, after a wait that doubles until a connection stands. */
  again() {
    this.close();
    this.timer = setTimeout(() => {
      this.open();
      this.listener.onResync();
    }, this.waitMs);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
