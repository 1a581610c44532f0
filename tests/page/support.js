// A browser, a page on the gateway, and files dropped on it as a person drops them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const root = new URL('../../', import.meta.url).pathname;

/** The texts of a language. */
export const texts = (tag) => JSON.parse(readFileSync(`${root}src/catalogue/${tag}.json`, 'utf8'));

/** A text with its parameters. */
export const said = (key, values = {}, tag = 'en') => texts(tag)[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Chromium, without what it does of its own accord on the network; `netLog` is what it records of what it does there. */
export const launch = (netLog) => chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-extensions',
    '--disable-features=OptimizationHints,MediaRouter,DialMediaRouteProvider,Translate,AutofillServerCommunication',
    // Whatever it would look up of its own accord, it cannot.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ...(netLog ? [`--log-net-log=${netLog}`] : []),
  ],
});

/**
 * The page, ready. What goes wrong in it is collected in `page.wrong`: errors, violations of its policy, requests elsewhere.
 */
export async function open(browser, address, { path = '/', ...options } = {}) {
  const context = await browser.newContext({ locale: 'en-GB', acceptDownloads: true, viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.wrong = [];
  page.asked = [];
  page.on('pageerror', (error) => page.wrong.push(`${error}`));
  page.on('console', (message) => {
    // A refusal that the page handles is told by the console all the same.
    if (message.type() === 'error' && !/status of (401|429|503|400|413)/.test(message.text())) page.wrong.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    page.asked.push(`${request.method()} ${url.pathname}`);
    if (url.protocol !== 'blob:' && url.protocol !== 'data:' && url.host !== address) page.wrong.push(`asked ${url}`);
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
    document.addEventListener('drop', () => { window.droppedAt = performance.now(); }, true);
  });
  await page.goto(`http://${address}${path}`);
  await page.waitForSelector('html[data-ready]');
  return page;
}

/** Drops files or folders on the page: the browser reads them from the disk, as from a desktop. */
export async function drop(page, paths) {
  const session = await page.context().newCDPSession(page);
  const box = await page.locator('#drop').boundingBox();
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  const [x, y] = [box.x + box.width / 2, box.y + 20];
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, x, y, data });
  await session.detach();
}

/** Waits until every file has an answer or a reason why not. */
export const settled = (page) =>
  page.waitForFunction(() => document.querySelector('#progress').hidden && document.querySelector('#live').textContent,
    null, { polling: 100, timeout: 120_000 });

/** Opens everything of an answer that is shown on demand. */
export const unfold = (page) => page.evaluate(async () => {
  for (;;) {
    const closed = [...document.querySelectorAll('#answer details:not([open])')];
    if (!closed.length) return;
    for (const one of closed) one.open = true;
    await new Promise((done) => setTimeout(done, 50));
  }
});

/** The verdict shown of the one file dropped. */
export async function verdictOf(page) {
  await page.waitForSelector('#answer article');
  const kind = await page.locator('#answer .said').first().getAttribute('class');
  return { kind: kind.replace('said ', ''), text: await page.locator('#answer .said').first().innerText() };
}

/** Whether something goes past the page's own promise. */
export const complaints = async (page) => [...page.wrong, ...await page.evaluate(() => window.violations)];

/** Runs on a page of its own, and looks at the end whether the page kept what it promises. */
export async function on(browser, address, run, options) {
  const page = await open(browser, address, options);
  try {
    await run(page);
    assert.deepEqual(await complaints(page), []);
  } finally {
    await page.context().close();
  }
}

/** How many pages a PDF has. */
export const pagesOf = (pdf) => (pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g) ?? []).length;

/** What pages asked for, by the browser's own log of its network: `[origin of the page, address]`. */
export function asked(netLog) {
  const { constants, events } = JSON.parse(readFileSync(netLog, 'utf8'));
  const start = constants.logEventTypes.URL_REQUEST_START_JOB;
  // What the browser asks of its own accord, and where it was told to go, has no page as its origin.
  return events.filter(({ type, params }) => type === start && URL.canParse(params?.initiator))
    .map(({ params }) => [params.initiator, new URL(params.url)]);
}
