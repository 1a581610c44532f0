// What the page does when: files come in, the address changes, another language is chosen.

import { answer, sentences } from './answer.js';
import { byId, el } from './dom.js';
import * as files from './files.js';
import { useKey } from './gateway.js';
import { count, LANGUAGES, language, size, speak, t } from './texts.js';
import * as trust from './trust.js';

const limit = Number(document.documentElement.dataset.limit);

/** The file whose answer is shown. @type {import('./files.js').Item | null} */
let open = null;
let pasted = 0;

/** Shows the view that the address names, and says so to a screen reader by its heading. @param {boolean} [moved] */
async function view(moved = false) {
  const [name, code = ''] = location.hash.slice(1).split('/');
  const isTrust = name === 'trust';
  byId('check').hidden = isTrust;
  byId('trust').hidden = !isTrust;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === (isTrust ? '#trust' : '#check')) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (isTrust && (await trust.show(code)) === 401) needsKey();
  if (!moved) return;
  byId(isTrust ? (code ? 'trust-search' : 'trust-title') : 'check-title')?.focus();
}

/** Asks for the key that the gateway demands. @param {boolean} [moved] whether the focus goes there */
function needsKey(moved = true) {
  const form = byId('key');
  byId('key-wrong').textContent = form.dataset.tried ? t('key.wrong') : '';
  form.hidden = false;
  if (moved) byId('key-value').focus();
}

/** Draws what there is: the answer where there is one file or one was opened, else the table. */
function draw() {
  const { items } = files;
  const single = items.length === 1 ? items[0] : null;
  const shown = open ?? single;
  byId('table').hidden = items.length < 2 || Boolean(open);
  const place = byId('answer');
  if (!shown || shown.state === 'waiting' || shown.state === 'running') {
    place.replaceChildren();
  } else if (!shown.verdict) {
    place.replaceChildren(el('article', {}, el('h2', { id: 'answer-title', tabindex: -1 }, shown.name),
      el('div', { class: 'said error' }, el('p', {}, `${t('state.error')}. ${shown.error}`))));
  } else {
    const back = open && items.length > 1 && el('p', { class: 'screen' },
      el('button', { class: 'quiet', id: 'back', onclick: close }, t('table.back')));
    place.replaceChildren(...(back ? [back] : []), answer(shown, () => needsKey(false)));
    performance.mark('answer');
  }
}

/** Back to the table, where the reader was. */
function close() {
  const row = open?.row;
  open = null;
  draw();
  row?.querySelector('button')?.focus();
}

function progress() {
  const { items } = files;
  const done = items.filter((item) => item.state === 'done' || item.state === 'error').length;
  const wait = files.pause();
  // With an answer there, the place to drop makes room for it.
  byId('check').classList.toggle('has', items.length > 0);
  byId('progress').hidden = !items.length || done === items.length;
  Object.assign(byId('progress-bar'), { max: Math.max(1, items.length), value: done });
  const said = t('progress.count', { done: count(done), total: count(items.length) });
  byId('progress-text').textContent = wait ? `${said} ${t('progress.busy', { seconds: count(wait) })}` : said;
  if (!items.length || done < items.length) return;
  // Spoken once, when all is done; with one file the answer itself.
  const [only] = items;
  byId('live').textContent = items.length > 1 ? said
    : only.verdict ? sentences(only.verdict, only.verdict.validation_time).join(' ') : only.error;
}

let drawing = false;
/** @type {Set<import('./files.js').Item>} */
const changed = new Set();

/** Draws once for all that changed in a moment. @param {import('./files.js').Item} item */
files.told.changed = (item) => {
  changed.add(item);
  if (drawing) return;
  drawing = true;
  queueMicrotask(() => {
    drawing = false;
    const { items } = files;
    if (items.length > 1) {
      if (!byId('rows')) files.table();
      changed.forEach((one) => files.draw(one));
      files.arrange();
    }
    // An answer that is read stays as it is while others come.
    if (open ? changed.has(open) : items.length === 1 || byId('table').hidden) draw();
    changed.clear();
    progress();
  });
};
files.told.needsKey = () => needsKey();
files.told.opened = (item) => {
  open = item;
  draw();
  byId('answer-title').focus();
};

/** @param {{ name: string, file: Blob }[]} chosen */
function take(chosen) {
  if (!chosen.length) return;
  open = null;
  if (location.hash.startsWith('#trust')) location.hash = '#check';
  byId('live').textContent = '';
  files.add(chosen, limit);
}

/** @param {FileList | File[]} list */
const named = (list) => [...list].map((file) => ({ name: file.webkitRelativePath || file.name, file }));

/** The files of what was dropped, folders walked. @param {DataTransfer} transfer */
async function dropped(transfer) {
  // Asked for before anything is awaited: afterwards the browser has let go of them.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null);
  if (!entries.some((entry) => entry?.isDirectory)) return named(transfer.files);
  /** @type {{ name: string, file: Blob }[]} */
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      found.push({ name: entry.fullPath.replace(/^\//, ''), file });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) return;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return found.sort((one, other) => one.name.localeCompare(other.name));
}

/** @param {string} text */
function paste(text) {
  if (!text.trim()) return;
  pasted += 1;
  take([{ name: t('drop.pasted', { number: pasted }), file: new Blob([text.trim()]) }]);
}

function listen() {
  const drop = byId('drop');
  for (const [button, input] of [['pick', 'files'], ['pick-folder', 'folder']]) {
    byId(button).addEventListener('click', () => byId(input).click());
    byId(input).addEventListener('change', (event) => {
      take(named(event.target.files));
      event.target.value = '';
    });
  }
  // A file dropped beside the place would else be opened instead of the page.
  for (const kind of ['dragover', 'drop']) document.addEventListener(kind, (event) => event.preventDefault());
  document.addEventListener('dragover', () => drop.classList.add('over'));
  document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) drop.classList.remove('over'); });
  document.addEventListener('drop', async (event) => {
    drop.classList.remove('over');
    if (event.dataTransfer) take(await dropped(event.dataTransfer));
  });
  document.addEventListener('paste', (event) => {
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement || !event.clipboardData) return;
    if (event.clipboardData.files.length) take(named(event.clipboardData.files));
    else paste(event.clipboardData.getData('text/plain'));
  });
  byId('paste-form').addEventListener('submit', (event) => {
    event.preventDefault();
    paste(byId('paste-text').value);
    byId('paste-text').value = '';
  });
  for (const id of ['applicant-name', 'applicant-birth']) byId(id).addEventListener('input', stated);
  byId('applicant-form').addEventListener('submit', (event) => {
    event.preventDefault();
    stated();
    files.again();
  });
  byId('key').addEventListener('submit', (event) => {
    event.preventDefault();
    const form = byId('key');
    useKey(byId('key-value').value);
    byId('key-value').value = '';
    form.dataset.tried = 'yes';
    form.hidden = true;
    trust.forget();
    files.unlock();
    view(true);
  });
  byId('table').addEventListener('click', (event) => {
    if (event.target.id !== 'clear') return;
    files.clear();
    byId('table').replaceChildren();
    byId('table').hidden = true;
    byId('live').textContent = '';
    progress();
    byId('check-title').focus();
  });
  // The address stays: a link within the page that only moves the focus is no other view.
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    byId('main').focus();
  });
  addEventListener('hashchange', () => view(true));
  addEventListener('beforeprint', () => printed(true));
  addEventListener('afterprint', () => printed(false));
}

/** What is stated about the applicant. */
function stated() {
  const name = byId('applicant-name').value.trim();
  const birth = byId('applicant-birth').value;
  files.compareWith(name || birth ? { ...(name && { name }), ...(birth && { birth_date: birth }) } : null);
}

/** Opens for the printer what belongs on paper. @param {boolean} now */
function printed(now) {
  for (const one of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('#answer details.print'))) {
    if (now && !one.open) {
      one.dispatchEvent(new Event('make'));
      one.open = true;
      one.dataset.printed = 'yes';
    } else if (!now && one.dataset.printed) {
      one.open = false;
      delete one.dataset.printed;
    }
  }
}

/** Texts that are made of more than a key. */
function spoken() {
  byId('limit').textContent = t('drop.limit', { limit: size(limit) });
}

async function start() {
  const choice = byId('language');
  choice.append(...Object.entries(LANGUAGES).map(([tag, name]) =>
    el('option', { value: tag, lang: tag, selected: tag === language }, name)));
  choice.addEventListener('change', async () => {
    if (!await speak(choice.value)) return;
    spoken();
    if (byId('rows')) files.table();
    view();
    // What single checks and credentials say is the gateway's to say.
    files.again();
  });
  await speak(language);
  spoken();
  listen();
  document.documentElement.dataset.ready = 'yes';
  await view();
}

start();
