// Colors for canvases, which cannot read CSS variables, and the scale of the heatmap.

/**
 * The page's colors as they are now.
 * @returns {{long: string, short: string, up: string, down: string, upEdge: string, downEdge: string, text: string, soft: string, faint: string, line: string, grid: string, surface: string, accent: string, good: string, warn: string, bad: string, font: string}}
 */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    long: of("long"),
    short: of("short"),
    up: of("up"),
    down: of("down"),
    upEdge: of("up-edge"),
    downEdge: of("down-edge"),
    text: of("text"),
    soft: of("text-soft"),
    faint: of("text-faint"),
    line: of("line-strong"),
    grid: of("grid"),
    surface: of("surface"),
    accent: of("accent"),
    good: of("good"),
    warn: of("warn"),
    bad: of("bad"),
    font: of("font"),
  };
}

/**
 * A `#rrggbb` color with an opacity.
 * @param {string} hex
 * @param {number} alpha 0 to 1
 */
export function faded(hex, alpha) {
  const level = Math.round(Math.min(1, Math.max(0, alpha)) * 255);
  return `${hex}${level.toString(16).padStart(2, "0")}`;
}

// Anchors of viridis and inferno by Smith and van der Walt (matplotlib, CC0), at 0, 1/8 ... 1; between them linear.
/** @type {Readonly<Record<string, readonly string[]>>} */
const ANCHORS = {
  viridis: ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"],
  inferno: ["000004", "1f0c48", "550f6d", "88226a", "ba3655", "e35933", "f98e09", "f9cb35", "fcffa4"],
};

export const SCALES = Object.keys(ANCHORS);

/**
 * 256 colors as bytes R G B A. Level 0 is nothing and not painted; the faintest levels fade in, so that a map lies
 * in the chart and not on it.
 * @param {string} name
 * @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function scaleTable(name) {
  const anchors = (ANCHORS[name] ?? ANCHORS.viridis ?? []).map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const table = new Uint8ClampedArray(1_024);
  for (let level = 1; level < 256; level += 1) {
    const place = ((level - 1) / 254) * (anchors.length - 1);
    const low = Math.min(anchors.length - 2, Math.floor(place));
    for (let channel = 0; channel < 3; channel += 1) {
      const [from = 0, to = 0] = [anchors[low]?.[channel], anchors[low + 1]?.[channel]];
      table[level * 4 + channel] = from + (to - from) * (place - low);
    }
    table[level * 4 + 3] = Math.min(235, 40 + level * 2.2);
  }
  return table;
}
