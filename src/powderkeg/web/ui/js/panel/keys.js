// The keyboard: one letter per page, and a list of them.

import { PAGES } from "../model/route.js";
import { h } from "../format/dom.js";

/** @type {ReadonlyArray<readonly [string, string]>} */
const KEYS = [
  ["1 … 5", "Overview, Price and map, What-if, Event, Data health"],
  ["c", "Choose a coin"],
  ["a", "Choose the instant that is shown"],
  ["t", "Dark or light"],
  ["← → + −", "Move and zoom a focused chart, move a focused slider"],
  ["Tab", "From control to control; tables scroll with the arrow keys"],
  ["?", "This list"],
  ["Esc", "Close lists and menus"],
];

/** @type {HTMLDialogElement | null} */
let dialog = null;

export function showHelp() {
  if (!dialog) {
    const close = h("button", { type: "button", class: "button plain", onclick: () => dialog?.close() }, "Close");
    const keys = KEYS.flatMap(([key, meaning]) => [h("dt", null, h("kbd", null, key)), h("dd", null, meaning)]);
    dialog = h(
      "dialog",
      { "aria-labelledby": "help-title" },
      h("div", { class: "dialog-head" }, h("h2", { id: "help-title" }, "Keyboard"), close),
      h("dl", { class: "keys" }, keys),
    );
    document.body.append(dialog);
  }
  if (!dialog.open) {
    dialog.showModal();
  }
}

/**
 * @param {{open: (page: string) => void, bar: {nextTheme: () => void, coinPlace: HTMLElement, whenPlace: HTMLElement}}} app
 */
export function listenToKeys({ open, bar }) {
  addEventListener("click", (event) => closeMenus(/** @type {Node} */ (event.target)));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      closeMenus(null);
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialog?.open) {
      return;
    }
    const page = PAGES[Number(event.key) - 1];
    if (page && event.key.length === 1) {
      open(page);
    } else if (event.key === "t") {
      bar.nextTheme();
    } else if (event.key === "?") {
      showHelp();
    } else if (event.key === "c") {
      event.preventDefault();
      bar.coinPlace.querySelector("select")?.focus();
    } else if (event.key === "a") {
      event.preventDefault();
      const menu = bar.whenPlace.querySelector("details");
      menu?.setAttribute("open", "");
      menu?.querySelector("input")?.focus();
    }
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.matches("select, textarea") || (target instanceof HTMLInputElement && target.type !== "range"));
}

/** @param {Node | null} clicked menus around it stay open */
function closeMenus(clicked) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const isInside = clicked !== null && menu.contains(clicked);
    const isItem = clicked instanceof Element && clicked.closest(".menu-list button, .menu-list a");
    if (!isInside || isItem) {
      const hadFocus = menu.contains(document.activeElement);
      menu.removeAttribute("open");
      if (hadFocus && clicked === null) {
        menu.querySelector("summary")?.focus();
      }
    }
  }
}
