// The only place that asks the gateway for anything.

import { language } from './texts.js';

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
}

/** The API key: here and nowhere else. */
let key = '';

/** @param {string} value */
export const useKey = (value) => { key = value.trim(); };

/**
 * @param {string} path
 * @param {RequestInit} [request]
 * @returns {Promise<string>} the body
 */
async function ask(path, request = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (key) headers.Authorization = `Bearer ${key}`;
  let answer;
  let text;
  try {
    answer = await fetch(path, { ...request, headers, credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' });
    text = await answer.text();
  } catch {
    throw new Refusal(0, '');
  }
  if (answer.ok) return text;
  let detail = `${answer.status}`;
  try {
    const problem = JSON.parse(text);
    detail = [problem.title, problem.detail].filter(Boolean).join(': ');
  } catch { /* Not every refusal says why. */ }
  throw new Refusal(answer.status, detail, Number(answer.headers.get('Retry-After')) || 0);
}

/**
 * Verifies a file.
 * @param {Blob} file
 * @param {Record<string, string> | null} applicant what is stated about who handed it in
 * @returns {Promise<string>} the verdict, as JSON
 */
export function verify(file, applicant) {
  const form = new FormData();
  form.append('file', file, 'file');
  if (applicant) form.append('applicant', new Blob([JSON.stringify(applicant)], { type: 'application/json' }));
  const fields = applicant?.birth_date ? '&fields=name,birth-date' : '';
  return ask(`/v1/verify?lang=${language}${fields}`, { method: 'POST', body: form });
}

/** The trusted lists. */
export const lists = async () => JSON.parse(await ask('/v1/trust'));

/**
 * A territory's list and its services.
 * @param {string} code
 */
export const territory = async (code) => JSON.parse(await ask(`/v1/trust/${encodeURIComponent(code)}`));
