// What a reader set once, for every visit: theme and color preset. Kept by the browser, on this machine only.

export const THEMES = /** @type {const} */ (["dark", "light"]);
export const PRESETS = /** @type {const} */ (["default", "western", "inverted"]);

/** @typedef {{theme: string, preset: string}} Settings */

/** @returns {Settings} */
export function settings() {
  const { theme = "dark", preset = "default" } = document.documentElement.dataset;
  return { theme, preset };
}

/**
 * Change a setting, keep it, and tell the charts, which cannot read CSS variables by themselves.
 * @param {keyof Settings} name
 * @param {string} chosen
 */
export function choose(name, chosen) {
  document.documentElement.dataset[name] = chosen;
  try {
    localStorage.setItem(`powderkeg.${name}`, chosen);
  } catch {
    // storage can be forbidden; the setting then lasts as long as the page
  }
  document.dispatchEvent(new CustomEvent("powderkeg:colors"));
}

/**
 * Call back when colors changed, until the signal aborts.
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export function onColors(listener, signal) {
  document.addEventListener("powderkeg:colors", listener, { signal });
}
