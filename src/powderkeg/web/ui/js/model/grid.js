// The heatmap as the server sends it, and as it is painted: rows of equal price steps, columns of equal time steps.

/**
 * A heatmap of levels 0 to 255.
 * @typedef {object} HeatGrid
 * @property {number} fromMs open of the first column
 * @property {number} stepMs length of a column
 * @property {number} columns
 * @property {number} rows
 * @property {number} lowLog natural logarithm of the lowest price
 * @property {number} stepLog height of a row, natural logarithm
 * @property {Uint8Array} levels [columns × rows], a column after the other, lowest price first; 0 is nothing
 * @property {number} lowUsd dollars at level 1
 * @property {number} highUsd dollars at level 255; between them logarithmic
 */

/**
 * Bytes from base64.
 * @param {string} text
 */
export function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) {
    bytes[at] = raw.charCodeAt(at);
  }
  return bytes;
}

/**
 * Dollars of a level.
 * @param {Pick<HeatGrid, "lowUsd" | "highUsd">} grid
 * @param {number} level 1 to 255
 */
export function usdOfLevel({ lowUsd, highUsd }, level) {
  return lowUsd * (highUsd / lowUsd) ** ((level - 1) / 254);
}

/**
 * Level at a time and price, 0 outside of the grid.
 * @param {HeatGrid} grid
 * @param {number} ms
 * @param {number} price
 */
export function levelAt(grid, ms, price) {
  const column = Math.floor((ms - grid.fromMs) / grid.stepMs);
  const row = Math.floor((Math.log(price) - grid.lowLog) / grid.stepLog);
  const isInside = column >= 0 && column < grid.columns && row >= 0 && row < grid.rows;
  return isInside ? (grid.levels[column * grid.rows + row] ?? 0) : 0;
}

/**
 * Rows of equal price steps, because the price axis is linear: which row of the grid each of them shows.
 * @param {HeatGrid} grid
 * @param {number} height number of equal steps
 * @returns {Int32Array}
 */
export function linearRows({ rows, lowLog, stepLog }, height) {
  const low = Math.exp(lowLog);
  const high = Math.exp(lowLog + rows * stepLog);
  const found = new Int32Array(height);
  for (let y = 0; y < height; y += 1) {
    const price = low + ((y + 0.5) / height) * (high - low);
    found[y] = Math.min(rows - 1, Math.floor((Math.log(price) - lowLog) / stepLog));
  }
  return found;
}
