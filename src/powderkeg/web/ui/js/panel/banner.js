// Over everything simulated stands that it is.

import { h, replace } from "../format/dom.js";

let isShown = false;

/** @param {boolean} isSimulated once said, it stays until the page is left */
export function showBanner(isSimulated) {
  const banner = document.getElementById("banner");
  if (!isSimulated || isShown || !banner) {
    return;
  }
  isShown = true;
  replace(banner, h("strong", null, "SIMULATED"), h("span", null, "Venues, prices and orders are made up. Nothing on this page happened."));
  banner.hidden = false;
}
