// However often something changes, it is drawn once per frame, and not at all while nobody looks.

/**
 * A function that runs `draw` at the next frame, once for all calls until then.
 * @param {() => void} draw
 * @returns {(() => void) & {cancel: () => void}}
 */
export function conflated(draw) {
  let frame = 0;
  const ask = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  ask.cancel = () => {
    cancelAnimationFrame(frame);
    frame = 0;
  };
  return ask;
}

/**
 * A function that runs `act` after `waitMs` without further calls; for sliders and typed numbers.
 * @template {unknown[]} T
 * @param {(...given: T) => void} act
 * @param {number} waitMs
 * @returns {(...given: T) => void}
 */
export function settled(act, waitMs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), waitMs);
  };
}
