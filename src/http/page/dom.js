// Elements made from parts. Text goes in as text, never as markup.

/** @typedef {Node | string | number | null | undefined | false} Part */

/**
 * An element: attributes by name, listeners by `on…`, then its children.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Part | Part[])} children
 * @returns {HTMLElement}
 */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/**
 * The same in SVG.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Part | Part[])} children
 * @returns {SVGElement}
 */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, any>} attributes
 * @param {(Part | Part[])[]} children
 * @returns {E}
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/**
 * The element of this id; the page has it.
 * @param {string} id
 * @returns {any}
 */
export const byId = (id) => document.getElementById(id);

/**
 * A section that opens; what is in it is made when it first does.
 * @param {Part | Part[]} summary
 * @param {() => Part | Part[]} content
 * @param {Record<string, any>} [attributes]
 */
export function opening(summary, content, attributes = {}) {
  let made = false;
  const details = el('details', attributes, el('summary', {}, summary));
  const make = () => {
    if (made) return;
    made = true;
    fill(details, {}, [content()]);
  };
  details.addEventListener('toggle', make);
  details.addEventListener('make', make);
  return details;
}

/**
 * A list of terms; what has no value is left out.
 * @param {[string, Part | Part[]][]} rows
 */
export function terms(rows) {
  const list = el('dl');
  for (const [term, value] of rows) {
    if (value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)) continue;
    list.append(el('div', {}, el('dt', {}, term), el('dd', {}, value)));
  }
  return list;
}

/**
 * A table that scrolls sideways where it must, reachable by keyboard.
 * @param {string} caption
 * @param {string[]} heads
 * @param {(Part | Part[])[][]} rows
 */
export function table(caption, heads, rows) {
  const head = el('tr', {}, heads.map((one) => el('th', { scope: 'col' }, one)));
  const body = rows.map((cells) =>
    el('tr', {}, cells.map((cell, at) => (at ? el('td', {}, cell) : el('th', { scope: 'row' }, cell)))));
  return el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    el('table', {}, el('caption', {}, caption), el('thead', {}, head), el('tbody', {}, body)));
}

/**
 * Hands the reader a file made here.
 * @param {string} name
 * @param {string} type
 * @param {BlobPart} content
 */
export function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = el('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
