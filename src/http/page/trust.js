// The trusted lists, their services, and what became of each.

import { byId, el, opening, svg, terms } from './dom.js';
import { lists, Refusal, territory } from './gateway.js';
import { count, country, day, known, t, time } from './texts.js';

/** Services shown at first, and with each step. */
const STEP = 50;

/** @typedef {{ territory: string, provider: string, history: any[] }} Service */

/** @type {any} */
let report = null;
/** Services by territory, once they were asked for. @type {Map<string, Promise<Service[]>>} */
const asked = new Map();
let chosen = '';
let wanted = '';
let most = STEP;
/** The search that counts: an earlier one that ends later does not. */
let latest = 0;

/** Shows the lists. @param {string} code a territory to open; empty for none */
export async function show(code) {
  const place = byId('trust');
  chosen = code;
  if (!report) {
    place.replaceChildren(title(), el('p', { role: 'status' }, t('page.loading')));
    try {
      report = await lists();
    } catch (error) {
      const refused = error instanceof Refusal ? error : new Refusal(0, '');
      place.replaceChildren(title(), el('p', { role: 'alert' }, refused.status === 503 ? t('trust.notready') : refused.said));
      return refused.status;
    }
  }
  draw(place);
  return 200;
}

/** Forgets what was loaded. */
export function forget() {
  report = null;
  asked.clear();
}

const title = () => el('h1', { id: 'trust-title', tabindex: -1 }, t('trust.title'));

/** @param {HTMLElement} place */
function draw(place) {
  const all = [report, ...(report.further ?? [])];
  const missing = report.domains.filter((one) => one.state === 'missing');
  place.replaceChildren(
    title(),
    el('p', {}, t('trust.intro')),
    ...all.map((one) => domain(one)),
    ...missing.map((one) =>
      el('p', { class: 'state failed' }, `${one.domain}: ${t('trust.missing')} `, el('span', { lang: 'en' }, one.reason))),
    el('h2', {}, t('trust.services')),
    el('div', { class: 'filters' },
      el('label', { for: 'trust-search' }, t('trust.search')),
      el('input', {
        id: 'trust-search', type: 'search', value: wanted,
        oninput: (event) => { wanted = event.target.value; most = STEP; services(); },
      }),
      el('label', { for: 'trust-territory' }, t('trust.territory')),
      el('select', { id: 'trust-territory', onchange: (event) => { chosen = event.target.value; most = STEP; services(); } },
        el('option', { value: '' }, t('table.all')),
        codes().map((code) => el('option', { value: code, selected: code === chosen }, country(code)))),
      el('span', { id: 'trust-count', role: 'status' })),
    el('div', { id: 'trust-services' }));
  if (chosen || wanted) services();
}

/** Territories that have services. */
function codes() {
  const every = [report, ...(report.further ?? [])].flatMap((one) => one.lists);
  return [...new Set(every.filter((one) => one.services > 0).map((one) => one.territory))];
}

/** @param {any} one a trust domain's lists */
function domain(one) {
  const heads = ['trust.territory', 'trust.state', 'trust.number', 'trust.issued', 'trust.next', 'trust.heard', 'trust.services'];
  const rows = one.lists.map((list) => {
    const age = list.issued && Math.floor((Date.now() - Date.parse(list.issued)) / 86_400_000);
    const tone = { accepted: 'passed', expired: 'warning' }[/** @type {string} */ (list.state)] ?? 'failed';
    const notes = [list.reason, list.newest_refused, ...list.notes].filter(Boolean);
    return el('tr', {},
      el('th', { scope: 'row' }, list.services
        ? el('a', { href: `#trust/${list.territory}`, 'aria-label': t('trust.open', { territory: country(list.territory) }) }, country(list.territory))
        : country(list.territory)),
      el('td', {}, el('span', { class: `state ${tone}` }, t(`trust.${list.state}`)),
        notes.map((note) => el('small', { lang: 'en' }, ` ${note}`))),
      el('td', {}, list.sequence ?? ''),
      el('td', {}, day(list.issued), age ? el('small', {}, ` ${t('trust.age', { days: count(age) })}`) : null),
      el('td', {}, day(list.next_update)),
      el('td', {}, time(list.checked)),
      el('td', { class: 'number' }, count(list.services)));
  });
  const caption = `${t('trust.domain')}: ${one.domain}`;
  return el('div', {},
    terms([
      [t('trust.domain'), one.domain],
      [t('trust.snapshot'), [el('code', {}, one.snapshot), ...(one.lotl_sequence ? [el('br'), t('trust.lotl', { number: one.lotl_sequence })] : [])]],
    ]),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
      el('table', {}, el('caption', { class: 'visually-hidden' }, caption),
        el('thead', {}, el('tr', {}, heads.map((head) => el('th', { scope: 'col' }, t(head))))), el('tbody', {}, rows))));
}

/** @param {string} code */
function of(code) {
  const known = asked.get(code);
  if (known) return known;
  const asking = territory(code).then((answer) =>
    answer.services.map((one) => ({ territory: code, provider: one.provider, history: one.history })));
  asked.set(code, asking);
  asking.catch(() => asked.delete(code));
  return asking;
}

async function services() {
  const place = byId('trust-services');
  const mine = (latest += 1);
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (!chosen && !words.length) {
    place.replaceChildren();
    byId('trust-count').textContent = '';
    return;
  }
  /** @type {Service[]} */
  const all = [];
  try {
    // One list after the other: a search must not crowd out verifications.
    for (const code of chosen ? [chosen] : codes()) {
      all.push(...await of(code));
      if (mine !== latest) return;
    }
  } catch (error) {
    place.replaceChildren(el('p', { role: 'alert' }, error instanceof Refusal ? error.said : t('error.network')));
    return;
  }
  const text = (one) =>
    [one.territory, one.provider, ...one.history.flatMap((period) => [period.name, period.type, period.status])].join(' ').toLowerCase();
  const found = all.filter((one) => { const said = text(one); return words.every((word) => said.includes(word)); });
  byId('trust-count').textContent = t('trust.found', { shown: count(Math.min(found.length, most)), total: count(found.length) });
  place.replaceChildren(
    ...found.slice(0, most).map(service),
    found.length > most ? el('button', { onclick: () => { most += STEP; services(); } }, t('trust.more')) : '');
}

/** @param {string} status */
const tone = (status) => (/^(granted|accredited|recognised|setby|undersupervision)/.test(status) ? 'passed'
  : /incessation/.test(status) ? 'warning' : 'failed');

/** @param {Service} one */
function service(one) {
  const [now] = one.history;
  return opening([
    el('strong', {}, now.name), ` · ${one.provider} · ${country(one.territory)} · `, el('code', {}, now.type), ' ',
    el('span', { class: `state ${tone(now.status)}` }, known(`service.${now.status}`, now.status)),
  ], () => [timeline(one.history), el('ol', { class: 'history', 'aria-label': t('trust.history', { service: now.name }) },
    one.history.map((period) => el('li', {},
      el('span', { class: `state ${tone(period.status)}` }, known(`service.${period.status}`, period.status)), ' ',
      period.end ? t('trust.between', { from: day(period.start), to: day(period.end) }) : t('trust.since', { from: day(period.start) }),
      ' ', [...period.additional_information, ...period.qualifiers].map((word) => [el('code', {}, word), ' ']).flat())))],
  { class: 'service' });
}

/** The same as a bar from the first day to now; the list beside it says it in words. @param {any[]} history newest first */
function timeline(history) {
  const first = Date.parse(history[history.length - 1].start);
  const whole = Math.max(1, Date.now() - first);
  const at = (moment) => Math.min(1000, Math.max(0, (1000 * (moment - first)) / whole));
  return svg('svg', { class: 'timeline', viewBox: '0 0 1000 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    history.map((period) => {
      const x = at(Date.parse(period.start));
      const end = period.end ? at(Date.parse(period.end)) : 1000;
      return svg('rect', { class: tone(period.status), x, y: 0, width: Math.max(2, end - x - 2), height: 24 });
    }));
}
