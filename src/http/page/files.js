// The files under way and their table: sorted, filtered, saved.

import { against, badge, grade, signer } from './answer.js';
import { byId, el, save } from './dom.js';
import { Refusal, verify } from './gateway.js';
import { count, size, t } from './texts.js';

/**
 * @typedef {object} Item
 * @property {string} name
 * @property {Blob} file
 * @property {Record<string, string> | null} applicant what was stated when it was verified
 * @property {'waiting' | 'running' | 'done' | 'error'} state
 * @property {any} verdict
 * @property {string} text the verdict as it came
 * @property {string} error why there is none
 * @property {HTMLTableRowElement | null} row
 */

/** Requests under way at once: enough to keep a small gateway busy, too few to crowd out others. */
const AT_ONCE = 3;

/** @type {Item[]} */
export const items = [];

/** @type {Record<string, string> | null} */
let applicant = null;

/** @param {Record<string, string> | null} stated */
export const compareWith = (stated) => { applicant = stated; };

let running = 0;
/** Until when the gateway asked to be left alone. */
let pausedUntil = 0;
/** Asked before each file that is sent: whether there is a key, where one is needed. */
let locked = false;

/** What is told of changes; `main.js` sets it. */
export const told = {
  /** @param {Item} _item */
  changed(_item) {},
  /** @param {Item} _item */
  opened(_item) {},
  needsKey() {},
};

/** Bytes that the gateway takes. */
let limit = 0;
/** How often everything was to be asked anew. */
let round = 0;

/**
 * @param {{ name: string, file: Blob }[]} files
 * @param {number} most bytes
 */
export function add(files, most) {
  limit = most;
  for (const { name, file } of files) {
    /** @type {Item} */
    const item = { name, file, applicant, state: 'waiting', verdict: null, text: '', error: '', row: null };
    items.push(item);
    begin(item);
  }
  work();
}

/** Has it wait for its turn, if it can be sent at all. @param {Item} item */
function begin(item) {
  Object.assign(item, { state: 'waiting', verdict: null, text: '', error: '' });
  if (item.file.size > limit) refuse(item, t('error.large', { size: size(item.file.size), limit: size(limit) }));
  else if (item.file.size === 0) refuse(item, t('error.empty'));
  told.changed(item);
}

/** @param {Item} item */
const settled = (item) => item.state === 'done' || item.state === 'error';

/** Verifies everything that could be sent once more. */
export function again() {
  round += 1;
  items.filter(settled).forEach(begin);
  work();
}

/** Goes on after a key was given. */
export function unlock() {
  locked = false;
  work();
}

/** @param {Item} item @param {string} why */
function refuse(item, why) {
  item.state = 'error';
  item.error = why;
}

/** Takes waiting files in their order, a few at once. */
function work() {
  const wait = pausedUntil - Date.now();
  if (wait > 0) {
    setTimeout(work, wait);
    return;
  }
  while (running < AT_ONCE && !locked) {
    const item = items.find((one) => one.state === 'waiting');
    if (!item) return;
    running += 1;
    item.state = 'running';
    told.changed(item);
    const mine = round;
    one(item).finally(() => {
      running -= 1;
      if (items.includes(item)) {
        // What was asked may not be what is wanted by now.
        if (mine !== round && settled(item)) begin(item);
        else told.changed(item);
      }
      work();
    });
  }
}

/** @param {Item} item */
async function one(item) {
  try {
    item.applicant = applicant;
    item.text = await verify(item);
    item.verdict = JSON.parse(item.text);
    item.state = 'done';
  } catch (error) {
    if (!(error instanceof Refusal)) return refuse(item, t('error.read'));
    if (error.status === 401) {
      item.state = 'waiting';
      locked = true;
      told.needsKey();
    } else if (error.status === 429 || error.status === 503) {
      item.state = 'waiting';
      pausedUntil = Date.now() + 1000 * (error.wait || 1);
    } else refuse(item, error.said);
  }
}

/** Seconds until the next attempt; 0 where nothing keeps the files waiting. */
export const pause = () => Math.max(0, Math.ceil((pausedUntil - Date.now()) / 1000));

/** Forgets all files. */
export function clear() {
  items.length = 0;
}

/** @param {Item} item @returns {any} the seal that the table shows */
const seal = (item) => item.verdict?.seals[0] ?? item.verdict?.contained?.[0]?.seals[0];
/** @param {Item} item */
const credential = (item) => item.verdict?.credential ?? item.verdict?.contained?.[0]?.credential;

/** @type {{ key: string, text: (item: Item) => string }[]} */
const columns = [
  { key: 'table.file', text: (item) => item.name },
  { key: 'table.verdict', text: (item) => (item.verdict ? t(`verdict.${item.verdict.verdict}`) : t(`state.${item.state}`)) },
  { key: 'seal.signer', text: (item) => (seal(item) ? signer(seal(item)) : '') },
  { key: 'seal.qualification', text: (item) => (seal(item) ? grade(seal(item).qualification) : '') },
  { key: 'credential.learner', text: (item) => credential(item)?.learner?.full_name ?? '' },
  { key: 'credential.title', text: (item) => credential(item)?.title ?? '' },
  { key: 'decision.title', text: (item) => (item.verdict ? t(`decision.${item.verdict.decision.outcome}`) : '') },
];

const VERDICTS = ['passed', 'indeterminate', 'unsigned', 'failed', 'unreadable'];

let sorted = -1;
let descending = false;
let wanted = '';
let only = '';

/** @param {Item} item */
const shown = (item) =>
  (!only || item.verdict?.verdict === only) &&
  (!wanted || columns.some(({ text }) => text(item).toLowerCase().includes(wanted)));

/** Makes the table anew: for another language, or where it was not. */
export function table() {
  const place = byId('table');
  const head = columns.map(({ key }, at) => el('th', { scope: 'col', 'aria-sort': 'none' },
    el('button', {
      class: 'sort', 'aria-label': t('table.sort', { column: t(key) }),
      onclick: () => { descending = sorted === at && !descending; sorted = at; arrange(); },
    }, t(key), el('span', { 'aria-hidden': 'true' }))));
  const filter = el('input', {
    id: 'filter', type: 'search', value: wanted,
    oninput: (event) => { wanted = event.target.value.trim().toLowerCase(); arrange(); },
  });
  const show = el('select', { id: 'show', onchange: (event) => { only = event.target.value; arrange(); } },
    el('option', { value: '' }, t('table.all')),
    VERDICTS.map((one) => el('option', { value: one, selected: one === only }, t(`verdict.${one}`))));
  place.replaceChildren(
    el('h2', { id: 'table-title', tabindex: -1 }, t('table.title')),
    el('div', { class: 'filters' },
      el('label', { for: 'filter' }, t('table.filter')), filter,
      el('label', { for: 'show' }, t('table.show')), show,
      el('span', { id: 'table-count', role: 'status' })),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-labelledby': 'table-title' },
      el('table', { class: 'files' }, el('thead', {}, el('tr', {}, head)), el('tbody', { id: 'rows' }))),
    el('p', { class: 'actions screen' },
      el('button', { onclick: csv }, t('table.csv')),
      el('button', { class: 'quiet', onclick: json }, t('table.json')),
      el('button', { class: 'quiet', id: 'clear' }, t('table.clear'))));
  items.forEach((item) => { item.row = null; draw(item); });
  arrange();
}

/** Draws the row of a file as it stands. @param {Item} item */
export function draw(item) {
  const [name, ...others] = columns;
  const row = /** @type {HTMLTableRowElement} */ (el('tr', {},
    el('th', { scope: 'row' }, item.verdict
      ? el('button', { class: 'link', 'aria-label': t('table.open', { file: item.name }), onclick: () => told.opened(item) }, name.text(item))
      : name.text(item)),
    others.map(({ key, text }) => el('td', {},
      key !== 'table.verdict' ? text(item)
        : item.verdict ? badge(item.verdict)
          : [el('span', { class: `badge ${item.state}` }, text(item)), item.error && el('small', {}, ` ${item.error}`)]))));
  if (item.row?.isConnected) item.row.replaceWith(row);
  else if (shown(item)) byId('rows')?.append(row);
  item.row = row;
}

/** Sorts and filters. */
export function arrange() {
  const rows = byId('rows');
  if (!rows) return;
  const all = items.filter(shown);
  if (sorted >= 0) {
    const { text } = columns[sorted];
    const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
    all.sort((one, other) => order.compare(text(one), text(other)) * (descending ? -1 : 1));
  }
  rows.replaceChildren(...all.map((item) => item.row ?? ''));
  byId('table-count').textContent = t('table.count', { shown: count(all.length), total: count(items.length) });
  byId('table').querySelectorAll('th[aria-sort]').forEach((head, at) =>
    head.setAttribute('aria-sort', at !== sorted ? 'none' : descending ? 'descending' : 'ascending'));
}

/**
 * A value in a CSV file: quoted, and nothing that a spreadsheet takes for a formula.
 * @param {unknown} value
 */
export function cell(value) {
  const text = String(value ?? '');
  const harmless = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}

function csv() {
  const heads = [...columns.map(({ key }) => t(key)), t('seal.identifier'), t('seal.claimed'), t('table.size'), t('against.title')];
  const lines = items.map((item) => [
    ...columns.map(({ text }) => text(item)),
    seal(item)?.sealed_by?.organisation_identifier, seal(item)?.claimed_signing_time, item.file.size,
    item.verdict ? against(item.verdict).map((one) => one.text).join(' | ') : item.error,
  ]);
  const text = [heads, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
  // Without the mark, spreadsheets take UTF-8 for something else.
  save('sealgate.csv', 'text/csv;charset=utf-8', `\ufeff${text}`);
}

function json() {
  const all = items.map((item) => (item.verdict ? { file: item.name, ...item.verdict } : { file: item.name, error: item.error || item.state }));
  save('sealgate.json', 'application/json', JSON.stringify(all, null, 2));
}
