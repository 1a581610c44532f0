// The only place that asks the gateway for anything.

import { language, t } from './texts.js';

/** What the gateway has against a request. */
export class Refusal extends Error {
  /**
   * @param {number} status 0 where nothing came back
   * @param {string} detail
   * @param {number} wait seconds after which to ask again
   */
  constructor(status, detail, wait = 0) {
    super(detail);
    this.status = status;
    this.wait = wait;
  }

  /** For the reader. */
  get said() {
    return this.status ? t('error.refused', { detail: this.message }) : t('error.network');
  }
}

/** The API key: here and nowhere else. */
let key = '';

/** @param {string} value */
export const useKey = (value) => { key = value.trim(); };

/**
 * What breaks off on its way says nothing of the gateway.
 * @template T
 * @param {Promise<T>} coming
 * @returns {Promise<T>}
 */
const arrived = (coming) => coming.catch(() => { throw new Refusal(0, ''); });

/**
 * @param {string} path
 * @param {RequestInit} [request]
 * @param {string} [form] the media type of the answer
 */
async function ask(path, request = {}, form = 'application/json') {
  /** @type {Record<string, string>} */
  const headers = { Accept: form };
  if (key) headers.Authorization = `Bearer ${key}`;
  const answer = await arrived(fetch(path, { ...request, headers, credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' }));
  if (answer.ok) return answer;
  const text = await arrived(answer.text());
  let detail = `${answer.status}`;
  try {
    const problem = JSON.parse(text);
    detail = [problem.title, problem.detail].filter(Boolean).join(': ');
  } catch { /* Not every refusal says why. */ }
  throw new Refusal(answer.status, detail, Number(answer.headers.get('Retry-After')) || 0);
}

/** @param {Promise<Response>} answer */
const textOf = async (answer) => arrived((await answer).text());

/**
 * Verifies a file.
 * @param {{ file: Blob, applicant: Record<string, string> | null }} item the applicant is what is stated about who handed it in
 * @param {string} [form]
 */
function verified({ file, applicant }, form) {
  const body = new FormData();
  body.append('file', file, 'file');
  if (applicant) body.append('applicant', new Blob([JSON.stringify(applicant)], { type: 'application/json' }));
  const fields = applicant?.birth_date ? '&fields=name,birth-date' : '';
  return ask(`/v1/verify?lang=${language}${fields}`, { method: 'POST', body }, form);
}

/** The verdict on a file, as JSON. @param {Parameters<typeof verified>[0]} item */
export const verify = (item) => textOf(verified(item));

/** A report on it of this media type. @param {Parameters<typeof verified>[0]} item @param {string} form */
export const report = async (item, form) => arrived((await verified(item, form)).blob());

/** The trusted lists. */
export const lists = async () => JSON.parse(await textOf(ask('/v1/trust')));

/**
 * A territory's list and its services.
 * @param {string} code
 */
export const territory = async (code) => JSON.parse(await textOf(ask(`/v1/trust/${encodeURIComponent(code)}`)));
