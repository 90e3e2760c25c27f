// The browser, the pages of a site, and what is noted while a page is looked at.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Folder of the site that is walked through. */
export const folder = process.env.NANOAID_SITE;
if (!folder) throw new Error('NANOAID_SITE: expected the folder of a site, found nothing');

/** Contents of the site, as its first page tells them to machines. */
export const contents = JSON.parse(fs.readFileSync(path.join(folder, 'index.json'), 'utf8'));

/** Chromium with a profile of its own; nothing but the pages is loaded. */
export async function launched() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    acceptDownloads: true,
    viewport: { width: 1280, height: 900 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  return { context, close: async () => { await context.close(); fs.rmSync(profile, { recursive: true, force: true }); } };
}

/** The address of a file of the site. */
export const urlOf = address => {
  const [file, hash] = address.split('#');
  return pathToFileURL(path.resolve(folder, file)).href + (hash === undefined ? '' : `#${hash}`);
};

/** The place in the site of what `page` shows. */
export const placeOf = page => decodeURI(new URL(page.url()).pathname).slice(path.resolve(folder).length + 1);

/** A page that notes errors and requests; `faults()` throws if there were any. */
export async function opened(context, address, options = {}) {
  const page = await context.newPage();
  const faults = [];
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`); });
  page.on('pageerror', error => faults.push(`uncaught: ${error.message}`));
  page.on('request', request => { if (!/^(file|data|blob):/.test(request.url())) faults.push(`request: ${request.url()}`); });
  page.on('requestfailed', request => faults.push(`failed: ${request.url()}`));
  if (options.width) await page.setViewportSize({ width: options.width, height: 800 });
  await page.emulateMedia({ colorScheme: options.theme ?? 'light' });
  await page.goto(urlOf(address));
  page.faults = () => assert.deepEqual(faults, [], `${address}: no errors and no requests but of files`);
  return page;
}

/** Clicks a link and waits for the page that it leads to. */
export const follow = (page, link) => Promise.all([page.waitForEvent('load'), page.locator(link).first().click()]);

/** What axe-core finds, each as a line. */
export async function axe(page) {
  // run by the debugger, which the policy of the pages does not bind; without its own loading of styles, which it does
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'], preload: false }));
  return violations.map(found => `${found.id} (${found.impact}): ${found.nodes.slice(0, 3).map(node => `${node.target} ${node.failureSummary}`).join(' | ')}`);
}

// Chromium drops a page's downloads after the tenth within a second
const BETWEEN_DOWNLOADS_MS = 120;

/** The file that a click on `button` saves: its name and bytes. */
export async function saved(page, button) {
  const name = await button.getAttribute('aria-label') ?? await button.textContent();
  const waiting = page.waitForEvent('download');
  waiting.catch(() => {}); // told below
  await page.waitForTimeout(BETWEEN_DOWNLOADS_MS);
  await button.click();
  try {
    const download = await waiting;
    return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
  } catch (error) {
    const [shown, title, disabled] = await button.evaluate(button => [button.textContent, button.title, button.disabled]);
    throw new Error(`${name}: nothing was saved; the button reads “${shown}” (${title})${disabled ? ', and is still at work' : ''}`, { cause: error });
  }
}

/** Rows of a CSV file. */
export function csvRows(bytes) {
  const rows = [[]];
  let cell = '', quoted = false;
  for (const c of bytes.toString('utf8')) {
    if (c === '"') quoted = !quoted;
    else if (c === ',' && !quoted) { rows.at(-1).push(cell); cell = ''; }
    else if (c === '\n' && !quoted) { rows.at(-1).push(cell); cell = ''; rows.push([]); }
    else if (c !== '\r') cell += c;
  }
  return rows.slice(0, -1);
}
