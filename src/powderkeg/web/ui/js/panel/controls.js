// Small controls that change the address.

import { h, replace } from "../format/dom.js";

/**
 * A row of buttons of which one is pressed.
 * @param {string} label
 * @param {ReadonlyArray<readonly [string, string]>} options value and word
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function segmented(label, options, chosen, choose) {
  return h(
    "div",
    { class: "segmented", role: "group", "aria-label": label },
    options.map(([value, word]) =>
      h("button", { type: "button", "aria-pressed": String(value === chosen), onclick: () => choose(value) }, word),
    ),
  );
}

/**
 * @param {string} label
 * @param {ReadonlyArray<readonly [string, string]>} options
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function select(label, options, chosen, choose) {
  const field = h(
    "select",
    { class: "field", "aria-label": label, onchange: () => choose(field.value) },
    options.map(([value, word]) => h("option", { value, selected: value === chosen }, word)),
  );
  return field;
}

/**
 * A place whose control is drawn anew when the address changes.
 * @returns {{element: HTMLElement, set: (control: Node) => void}}
 */
export function place() {
  const element = h("span", null);
  return { element, set: (control) => replace(element, control) };
}

/**
 * A slider with its value beside it; `input` while it moves.
 * @param {{label: string, min: number, max: number, step: number, value: number, text: (value: number) => string, input: (value: number) => void}} told
 */
export function slider({ label, min, max, step, value, text, input }) {
  const output = h("output", null, text(value));
  const range = h("input", {
    type: "range",
    min,
    max,
    step,
    value,
    "aria-label": label,
    "aria-valuetext": text(value),
    oninput: () => {
      set(Number(range.value));
      input(Number(range.value));
    },
  });
  const set = (/** @type {number} */ given) => {
    range.value = String(given);
    output.textContent = text(given);
    range.setAttribute("aria-valuetext", text(given));
  };
  const element = h("div", { class: "control" }, h("span", { class: "control-top" }, label, output), range);
  return { element, set, range };
}
