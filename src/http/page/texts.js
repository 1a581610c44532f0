// The catalogue in the reader's language, and how numbers, times and places are written in it.

/** The languages that the catalogue has, by the name that each gives itself. */
export const LANGUAGES = {
  en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', it: 'Italiano', pl: 'Polski', el: 'Ελληνικά', sl: 'Slovenščina',
};

/** By what stands in a key before its first point, then by what follows. @type {Record<string, Record<string, string>>} */
let texts = {};

/** @param {string} key */
function find(key) {
  const point = key.indexOf('.');
  const [room, rest] = [texts[key.slice(0, point)] ?? {}, key.slice(point + 1)];
  return Object.hasOwn(room, rest) ? room[rest] : undefined;
}

/** The tag of the language spoken. */
export let language = document.documentElement.lang;

let wanted = '';

/**
 * Speaks another language from now on: fills everything of the page that does not change.
 * @param {string} tag
 * @returns {Promise<boolean>} whether it does
 */
export async function speak(tag) {
  wanted = tag;
  const answer = await fetch(`/page/${tag}.json`, { credentials: 'omit' });
  const read = answer.ok && await answer.json();
  // Yet another may have been chosen meanwhile.
  if (!read || wanted !== tag) return false;
  texts = read;
  language = tag;
  document.documentElement.lang = tag;
  document.title = t('page.title');
  for (const element of document.querySelectorAll('[data-t]')) {
    element.textContent = t(/** @type {HTMLElement} */ (element).dataset.t ?? '');
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', t(/** @type {HTMLElement} */ (element).dataset.label ?? ''));
  }
  return true;
}

/**
 * The text of a key, with its parameters.
 * @param {string} key
 * @param {Record<string, any>} [values]
 */
export function t(key, values = {}) {
  return (find(key) ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/**
 * The text of a key that is made from a value, else something else.
 * @param {string} key
 * @param {string} otherwise
 */
export const known = (key, otherwise) => find(key) ?? otherwise;

/** How numbers and days are written: in English as in Europe. */
const locale = () => (language === 'en' ? 'en-GB' : language);

/**
 * @param {string | null | undefined} text
 * @param {Intl.DateTimeFormatOptions} options
 */
function written(text, options) {
  if (!text) return '';
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return new Intl.DateTimeFormat(locale(), { timeZone: 'UTC', ...options }).format(date);
}

/**
 * A day, of a point in time.
 * @param {string | null | undefined} text RFC 3339, or a date
 */
export const day = (text) => written(text, { dateStyle: 'long' });

/**
 * A point in time, in UTC.
 * @param {string | null | undefined} text RFC 3339
 */
export const time = (text) =>
  written(text, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' });

/** @param {number} number */
export const count = (number) => new Intl.NumberFormat(locale()).format(number);

/** @param {number} bytes */
export function size(bytes) {
  const steps = /** @type {const} */ ([[1e6, 'megabyte'], [1e3, 'kilobyte'], [1, 'byte']]);
  const [step, unit] = steps.find(([least]) => bytes >= least) ?? steps[2];
  const digits = step === 1e6 ? 1 : 0;
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, maximumFractionDigits: digits }).format(bytes / step);
}

/**
 * The name of a country by its code in a trusted list.
 * @param {string | null | undefined} code
 */
export function country(code) {
  if (!code) return '';
  // The lists say EL and UK; XA and XB are nobody's, whatever test locales call them.
  const region = { EL: 'GR', UK: 'GB' }[code] ?? code;
  if (!/^[A-Z]{2}$/.test(region) || /^X[AB]$/.test(region)) return code;
  return new Intl.DisplayNames(language, { type: 'region' }).of(region) ?? code;
}

/**
 * A workload: whole hours in words, else as it stands.
 * @param {string} text ISO 8601
 */
export function duration(text) {
  const hours = text.match(/^PT(\d+)H$/);
  return hours ? new Intl.NumberFormat(locale(), { style: 'unit', unit: 'hour' }).format(Number(hours[1])) : text;
}
