// Every view by axe-core, in light and dark, on a desk and a phone; and screenshots of them where `SHOTS` names a folder.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { drop, launch, open, root, settled, unfold, verdictOf } from './support.js';

const { DEMO, KEYED, SHOTS } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const example = (name) => join(root, 'examples', name);

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

/** The views, by name: how to come to each, and whether its pictures are kept. */
const VIEWS = {
  start: { reach: async () => {} },
  forms: { reach: async (page) => { await page.click('#paste summary'); await page.click('#applicant summary'); } },
  answer: { kept: true, reach: async (page) => { await drop(page, [example('sound/lta-qualified.jsonld')]); await verdictOf(page); } },
  unfolded: { reach: async (page) => { await drop(page, [example('sound/elm-v2-lta-ec.xml')]); await verdictOf(page); await unfold(page); } },
  refused: { reach: async (page) => { await drop(page, [example('broken/payload-altered.jsonld')]); await verdictOf(page); await unfold(page); } },
  container: { reach: async (page) => { await drop(page, [example('broken/asic-e-file-swapped.asice')]); await verdictOf(page); await unfold(page); } },
  unreadable: { reach: async (page) => { await drop(page, [example('../README.md')]); await verdictOf(page); } },
  reported: {
    reach: async (page) => {
      // One is kept, another never comes.
      await page.route('**/v1/verify?*', (route) => (route.request().headers().accept === 'application/pdf' ? null : route.fallback()));
      await drop(page, [example('sound/b-compact.jwt')]);
      await verdictOf(page);
      const [, pdf, html] = await page.locator('#answer .actions button').all();
      await Promise.all([page.waitForEvent('download'), html.click()]);
      await pdf.click();
      await page.waitForSelector('[aria-disabled=true]');
    },
  },
  table: { kept: true, reach: async (page) => { await drop(page, [example('sound'), example('broken')]); await settled(page); await page.click('th:nth-child(2) button'); } },
  key: { keyed: true, reach: async (page) => { await drop(page, [example('sound/b-compact.jwt')]); await page.waitForSelector('#key:not([hidden])'); } },
  trust: {
    kept: true,
    reach: async (page) => {
      await page.goto(`${page.url().replace(/#.*/, '')}#trust/XB`);
      await page.waitForSelector('.service');
      await page.click('.service summary');
    },
  },
};

for (const [name, { reach, keyed, kept }] of Object.entries(VIEWS)) {
  test(`axe finds nothing: ${name}`, async () => {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [1440, 360]) {
        for (const tag of width === 360 ? ['en', 'de'] : ['en']) {
          const viewport = { width, height: width === 360 ? 780 : 900 };
          // axe is put into the page from outside, which the page's policy rightly forbids.
          const page = await open(browser, keyed ? KEYED : DEMO, { viewport, colorScheme, locale: tag, bypassCSP: true });
          await reach(page);
          await page.evaluate(axe);
          const { violations, passes } = await page.evaluate(() => window.axe.run(document));
          const found = violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
          assert.deepEqual(found, [], `${colorScheme}, ${width}, ${tag}`);
          assert.ok(passes.length > 15, `only ${passes.length} rules looked`);
          await page.setViewportSize({ width: 320, height: 780 });
          const over = await page.evaluate(() => document.documentElement.scrollWidth - 320);
          assert.ok(over <= 0, `${over} px too wide at 320 px: ${tag}`);
          await page.context().close();
        }
      }
    }
  });

  test(`screenshots: ${name}`, { skip: SHOTS && kept ? false : 'not asked for' }, async () => {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [1440, 360]) {
        for (const tag of ['en', 'el']) {
          const viewport = { width, height: width === 360 ? 780 : 900 };
          const page = await open(browser, DEMO, { viewport, colorScheme, locale: tag });
          await reach(page);
          await page.evaluate(() => { scrollTo(0, 0); document.activeElement?.blur(); });
          await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}-${tag}.jpg`), type: 'jpeg', quality: 50 });
          await page.context().close();
        }
      }
    }
  });
}
