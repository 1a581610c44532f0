// Reports on an answer: its file is sent once more, and what comes back is the reader's to keep.

import { el, save } from './dom.js';
import { Refusal, report } from './gateway.js';
import { count, t } from './texts.js';

/** The media types of those that this gateway makes. */
const FORMS = document.documentElement.dataset.reports?.split(' ') ?? [];

/**
 * Buttons for them, and where it is told what becomes of it.
 * @param {import('./files.js').Item} item
 * @param {() => void} needsKey
 */
export function reports(item, needsKey) {
  const status = el('p', { class: 'hint screen', role: 'status' });
  let busy = false;
  const buttons = FORMS.map((form) => {
    const kind = form.split('/')[1];
    return el('button', { class: 'quiet', onclick: () => make(form, `${item.name}.report.${kind}`) }, t(`raw.${kind}`));
  });
  /** @param {boolean} now @param {string} said */
  const tell = (now, said) => {
    busy = now;
    // With `disabled` it would lose the focus.
    for (const button of buttons) button.setAttribute('aria-disabled', `${now}`);
    status.textContent = said;
  };
  /** @param {string} form @param {string} name */
  async function make(form, name) {
    if (busy) return;
    tell(true, t('raw.making'));
    try {
      save(name, form, await report(item, form));
      tell(false, t('raw.made', { file: name }));
    } catch (error) {
      const { status = 0, wait = 0, said = t('error.read') } = error instanceof Refusal ? error : {};
      if (status === 401) needsKey();
      tell(false, status === 401 ? t('key.hint') : status === 429 || status === 503 ? t('raw.busy', { seconds: count(wait || 1) }) : said);
    }
  }
  return [buttons, status];
}
