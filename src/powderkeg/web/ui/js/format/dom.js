// Elements are built, never parsed: what comes from outside becomes text and nothing else.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {{[name: string]: any}} Attributes */

/**
 * An element. `on*` are listeners, `class`, `dataset` and the rest attributes; null and false are left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, given] of Object.entries(attributes ?? {})) {
    if (given === null || given === undefined || given === false) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), given);
    } else if (name === "href" && !/^\/(?!\/)/.test(String(given))) {
      throw new Error(`a link to ${given} does not belong on this page`);
    } else {
      element.setAttribute(name, given === true ? "" : String(given));
    }
  }
  fill(element, ...children);
  return element;
}

/**
 * Put children at the end of an element.
 * @param {Element | DocumentFragment} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(typeof child === "number" ? String(child) : child);
    }
  }
}

/**
 * Put children in the place of what an element holds.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function replace(element, ...children) {
  element.replaceChildren();
  fill(element, ...children);
}
