// A short message at the foot of the page, read out too.

import { h } from "../format/dom.js";

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {string} text */
export function toast(text) {
  let place = document.querySelector(".toast");
  if (!place) {
    place = h("div", { class: "toast", role: "status" });
    document.body.append(place);
  }
  place.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => place?.replaceChildren(), 2_500);
}
