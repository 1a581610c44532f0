// Reports: those that the page hands its reader, and how the one in HTML is printed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { drop, launch, on as kept, open, pagesOf, root, said, settled, texts, verdictOf } from './support.js';

const { DEMO, KEYED, KEY } = process.env;
const example = (name) => join(root, 'examples', name);
const sound = (name) => example(`sound/${name}`);
const PDF = 'application/pdf';
const HTML = 'text/html';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });
const on = (address, run, options) => kept(browser, address, run, options);

/** The button for a report, and where the page tells of it. */
const button = (page, key, tag) => page.locator('#answer button', { hasText: said(key, {}, tag) });
const status = (page) => page.locator('#answer > article > [role=status]');

/** Asks for a report and takes the file. */
async function saved(page, key, tag) {
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, key, tag).click()]);
  const name = download.suggestedFilename();
  await page.waitForFunction((text) => document.querySelector('#answer').innerText.includes(text), said('raw.made', { file: name }, tag));
  return { name, bytes: readFileSync(await download.path()) };
}

/** Answers requests for reports otherwise than the gateway does. */
const instead = (page, answer) => page.route('**/v1/verify?*', (route) =>
  ([PDF, HTML].includes(route.request().headers().accept) ? answer(route) : route.continue()));

test('an answer is kept as PDF and as HTML, in the language of the page', () => on(DEMO, async (page) => {
  await drop(page, [sound('lta-qualified.jsonld')]);
  await verdictOf(page);
  const asked = [];
  page.on('request', (request) => asked.push(`${request.method()} ${request.url().replace(/^.*?\/v1/, '/v1')} ${request.headers().accept}`));
  const pdf = await saved(page, 'raw.pdf', 'de');
  assert.equal(pdf.name, 'lta-qualified.jsonld.report.pdf');
  assert.match(pdf.bytes.toString('latin1'), /^%PDF-1\.7[^]*\/Lang *\(de\)/);
  const html = await saved(page, 'raw.html', 'de');
  assert.equal(html.name, 'lta-qualified.jsonld.report.html');
  assert.match(html.bytes.toString(), /^<!DOCTYPE html>\n<html lang="de">/);
  assert.ok(html.bytes.toString().includes(`<h1>${said('report.title', {}, 'de')}</h1>`));
  const posts = asked.filter((one) => one.startsWith('POST'));
  assert.deepEqual(posts, [PDF, HTML].map((form) => `POST /v1/verify?lang=de ${form}`));
}, { locale: 'de' }));

test('a report is on the applicant of the answer, whatever is stated since', () => on(DEMO, async (page) => {
  await page.click('#applicant summary');
  await page.fill('#applicant-name', 'Somebody Else');
  await drop(page, [sound('b-compact.jwt')]);
  await verdictOf(page);
  const other = said('code.no-match');
  assert.ok((await page.locator('#answer').innerText()).includes(other));
  await page.fill('#applicant-name', 'Linden Meadows');
  const holder = (html) => html.match(new RegExp(`<th scope="row">${said('check.HOLDER')}</th><td>([^<]*)`))[1];
  assert.equal(holder((await saved(page, 'raw.html')).bytes.toString()), said('status.failed'));
  await page.click('#again');
  await page.waitForFunction((no) => document.querySelector('#answer article') && !document.querySelector('#answer').innerText.includes(no), other);
  assert.equal(holder((await saved(page, 'raw.html')).bytes.toString()), said('status.passed'));
}));

test('a report under way keeps its button busy and focused; a refusal is told', () => on(DEMO, async (page) => {
  await drop(page, [sound('b-compact.jwt')]);
  await verdictOf(page);
  let asked = 0;
  let go;
  let refusal = { status: 503, headers: { 'retry-after': '7' }, body: '{}' };
  await instead(page, async (route) => {
    asked += 1;
    await new Promise((done) => { go = done; });
    await (refusal ? route.fulfill(refusal) : route.abort('connectionreset'));
  });
  const told = async (key, values) => {
    go();
    await page.waitForFunction((text) => document.querySelector('#answer > article > [role=status]').innerText === text, said(key, values, 'fr'));
    assert.equal(await page.evaluate(() => document.activeElement.textContent), said('raw.pdf', {}, 'fr'), 'the focus went');
    assert.equal(await page.locator('#answer [aria-disabled=true]').count(), 0);
  };
  const press = async () => {
    await page.keyboard.press('Enter');
    await page.waitForFunction((text) => document.querySelector('#answer').innerText.includes(text), said('raw.making', {}, 'fr'));
  };
  await button(page, 'raw.pdf', 'fr').focus();
  await press();
  assert.equal(await page.locator('#answer [aria-disabled=true]').count(), 2);
  await page.keyboard.press('Enter');
  await told('raw.busy', { seconds: '7' });
  assert.equal(asked, 1, 'asked while it was busy');
  refusal = { status: 429, body: '{}' };
  await press();
  await told('raw.busy', { seconds: '1' });
  refusal = { status: 413, contentType: 'application/problem+json', body: '{"title":"Too large","detail":"at most 1 byte"}' };
  await press();
  await told('error.refused', { detail: 'Too large: at most 1 byte' });
  refusal = null;
  await press();
  await told('error.network');
  page.wrong = page.wrong.filter((one) => !one.includes('ERR_CONNECTION_RESET'));
}, { locale: 'fr' }));

test('a report is asked for with the key; where that is no longer taken, for another one', () => on(KEYED, async (page) => {
  await drop(page, [sound('b-compact.jwt')]);
  await page.fill('#key-value', KEY);
  await page.keyboard.press('Enter');
  await verdictOf(page);
  assert.match((await saved(page, 'raw.pdf')).bytes.toString('latin1'), /^%PDF-1\.7/);
  await instead(page, (route) => route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer no' } }));
  await button(page, 'raw.html').click();
  await page.waitForSelector('#key:not([hidden])');
  assert.equal(await status(page).innerText(), said('key.hint'));
  assert.equal(await page.locator('#key-wrong').innerText(), said('key.wrong'));
  await page.unroute('**/v1/verify?*');
  await page.fill('#key-value', KEY);
  await page.keyboard.press('Enter');
  assert.match((await saved(page, 'raw.html')).bytes.toString(), /^<!DOCTYPE html>/);
}));

test('a gateway without reports in PDF offers none', () => on(DEMO, async (page) => {
  await page.route('**/?*', async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    assert.ok(body.includes(`data-reports="${PDF} ${HTML}"`));
    await route.fulfill({ response, body: body.replace(`${PDF} `, '') });
  });
  await page.goto(`http://${DEMO}/?lang=en`);
  await page.waitForSelector('html[data-ready]');
  await drop(page, [sound('b-compact.jwt')]);
  await verdictOf(page);
  assert.equal(await button(page, 'raw.pdf').count(), 0);
  assert.match((await saved(page, 'raw.html')).bytes.toString(), /^<!DOCTYPE html>/);
}));

test('an answer that is read stays as it is while other files are checked', () => on(DEMO, async (page) => {
  let go;
  const held = new Promise((done) => { go = done; });
  let posts = 0;
  await page.route('**/v1/verify?*', async (route) => {
    if ((posts += 1) > 1) await held;
    await route.continue();
  });
  await drop(page, [sound('b-compact.jwt'), sound('lta-qualified.jsonld')]);
  await page.click('#rows button');
  await button(page, 'raw.title').or(page.locator('#answer summary', { hasText: said('raw.title') })).click();
  await button(page, 'raw.pdf').focus();
  go();
  await settled(page);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), said('raw.pdf'));
  assert.equal(await page.locator('#answer details[open] pre').count(), 1);
}));

/** Words of letters alone that go over two lines although no hyphen is in them. */
const cut = (page) => page.evaluate(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const { 0: word, index } of node.data.matchAll(/(?<![^\s("„«“-])[\p{L}\p{M}]{2,30}(?![^\s.,;:)"”»“-])/gu)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
      if (lines.size > 1) found.push(word);
    }
  }
  return found;
});

test('a report in HTML is printed on about as many pages as the one in PDF, and no word is cut', async () => {
  const page = await open(browser, DEMO);
  // On paper: A4 less the margins.
  await page.setViewportSize({ width: Math.floor((210 - 28) * 96 / 25.4), height: 1000 });
  await page.emulateMedia({ media: 'print' });
  for (const name of ['lta-qualified.jsonld', 'elm-v2-lta-ec.xml']) {
    for (const tag of ['en', 'de', 'fr', 'es', 'it', 'pl', 'el', 'sl']) {
      const report = async (accept) => {
        const answer = await fetch(`http://${DEMO}/v1/verify?lang=${tag}`, { method: 'POST', headers: { accept }, body: readFileSync(sound(name)) });
        assert.equal(answer.status, 200);
        return { headers: Object.fromEntries(answer.headers), body: Buffer.from(await answer.arrayBuffer()) };
      };
      const pdf = pagesOf((await report(PDF)).body);
      await page.route('**/report', async (route) => route.fulfill(await report(HTML)));
      await page.goto(`http://${DEMO}/report`);
      assert.deepEqual(await cut(page), [], `${name}, ${tag}`);
      const printed = pagesOf(await page.pdf({ preferCSSPageSize: true }));
      console.log(`    ${name}, ${tag}: ${printed} pages of HTML, ${pdf} of PDF`);
      assert.ok(pdf >= 1 && printed <= pdf + 1, `${name}, ${tag}: ${printed} pages of HTML, ${pdf} of PDF`);
      await page.unroute('**/report');
    }
  }
  assert.deepEqual(page.wrong, []);
  await page.context().close();
});

test('a report says of every example the sentence that the page says', { timeout: 300_000 }, () => on(DEMO, async (page) => {
  const paths = Object.keys(JSON.parse(readFileSync(join(root, 'examples/expected.json'), 'utf8')));
  assert.ok(paths.length >= 38);
  for (const tag of ['en', 'de']) {
    await page.selectOption('#language', tag);
    await page.waitForFunction((title) => document.title === title, texts(tag)['page.title']);
    // A report writes days as ISO 8601 does, and knows of no today.
    const long = new Intl.DateTimeFormat(tag === 'en' ? 'en-GB' : tag, { timeZone: 'UTC', dateStyle: 'long' });
    const today = said('answer.at', { date: new Date().toISOString().slice(0, 10) }, tag);
    const asOnPage = (text) => text.replace(today, said('answer.today', {}, tag)).replace(/\d{4}-\d\d-\d\d/g, (day) => long.format(new Date(day)));
    for (const path of paths) {
      const ask = async (accept) => (await fetch(`http://${DEMO}/v1/verify?lang=${tag}`, { method: 'POST', headers: { accept }, body: readFileSync(example(path)) })).text();
      const verdict = JSON.parse(await ask('application/json'));
      const html = (await ask(HTML)).match(/<p class="answer [a-z]+">([^<]*)<\/p>/)[1];
      const report = asOnPage(html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&'));
      // Of the document, then of each credential in it.
      const [own, ...within] = await page.evaluate(async (whole) => {
        const { sentences } = await import('/page/answer.js');
        const all = (one) => [sentences(one, whole.validation_time), ...(one.contained ?? []).flatMap(all)];
        return all(whole);
      }, verdict);
      const counted = within.length ? own.pop() : '';
      const told = [...own, ...within.flat()].map((one) => [one, counted].filter(Boolean).join(' '));
      assert.ok(told.includes(report), `${path}, ${tag}: ${report}\n${told.join('\n')}`);
    }
  }
}));
