// The web app of the tests: the real binary on a free port, and a browser on its page.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The binary that is tested. */
export const NANOAID = process.env.NANOAID ?? fileURLToPath(new URL('../../target/release/nanoaid', import.meta.url));

/** A server: its address with the token, and how it ends. */
export async function served(...more) {
  const process_ = spawn(NANOAID, ['serve', '--no-browser', '--port', '0', ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  process_.stderr.on('data', data => { said += data; });
  const address = await new Promise((done, failed) => {
    process_.stdout.once('data', data => done(String(data).trim()));
    process_.once('exit', code => failed(new Error(`serve ended with ${code}: ${said}`)));
  });
  return {
    address, said: () => said,
    stop: () => new Promise(done => { process_.once('exit', done); process_.kill('SIGINT'); }),
  };
}

/** Chromium with a profile of its own. */
export async function launched() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-serve-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM, headless: true, acceptDownloads: true, viewport: { width: 1440, height: 900 },
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  return { context, close: async () => { await context.close(); fs.rmSync(profile, { recursive: true, force: true }); } };
}

/** A page of the app that notes errors; `faults()` throws if there were any. */
export async function opened(context, address, { width = 1440, height = 900, theme = 'light', tour = false } = {}) {
  const page = await context.newPage();
  const faults = [];
  const own = new URL(address).origin;
  page.on('console', message => { if (['error', 'warning'].includes(message.type()) && !/GPU stall|GroupMarkerNotSet|Automatic fallback to software/.test(message.text())) faults.push(`${message.type()}: ${message.text()}`); });
  page.on('pageerror', error => faults.push(`uncaught: ${error.message}`));
  page.on('request', request => { if (!request.url().startsWith(own) && !/^(data|blob):/.test(request.url())) faults.push(`request: ${request.url()}`); });
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme });
  if (!tour) await page.addInitScript(() => { try { localStorage.setItem('nanoaid-tour', 'seen'); } catch { /* not on this page */ } });
  await page.goto(address);
  await page.waitForSelector('body[data-ready]');
  page.faults = () => assert.deepEqual(faults, [], 'no errors, and no requests but of this server');
  return page;
}

/** Files dropped on the page. */
export async function dropped(page, files) {
  const before = await page.evaluate(() => location.hash);
  await page.setInputFiles('#files', files);
  await page.waitForFunction(before => location.hash !== before || document.querySelector('#status.error'), before);
  await layerShown(page);
}

/** Waits until the map of the layer of the address is on the screen. */
export const layerShown = page => page.waitForFunction(() => {
  const layer = new URLSearchParams(location.hash.slice(1)).get('layer');
  const name = document.querySelector('.name[data-kind="map"]')?.textContent ?? document.querySelector('#maps-text')?.textContent;
  return document.querySelector('#status.error') || (layer && name?.startsWith(layer) && document.querySelectorAll('#maps [role="option"]').length > 0);
}, null, { timeout: 60_000 });

/** What axe-core finds, each as a line. */
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'], preload: false }));
  return violations.map(found => `${found.id} (${found.impact}): ${found.nodes.slice(0, 3).map(node => `${node.target} ${node.failureSummary}`).join(' | ')}`);
}

/** The file that `act` saves: its name and bytes. */
export async function saved(page, act) {
  const [download] = await Promise.all([page.waitForEvent('download'), act()]);
  return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
}

/** The shares of different colors on the canvas of the views: 0 where nothing is drawn. */
export const nColors = page => page.evaluate(() => {
  const from = document.querySelector('#views canvas.picture'), made = document.createElement('canvas');
  made.width = from.width; made.height = from.height;
  const context = made.getContext('2d');
  context.drawImage(from, 0, 0);
  const { data } = context.getImageData(0, 0, made.width, made.height), seen = new Set();
  for (let i = 0; i < data.length; i += 4 * 7) if (data[i + 3] > 0) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  return seen.size;
});

/** A grey PNG of 8 bits; `grey` gives values from 0 to 1. */
export function png(height, width, grey) {
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = Math.max(0, Math.min(255, Math.round(255 * grey(y, x))));
  const chunk = (name, bytes) => {
    const whole = Buffer.concat([Buffer.from(name), bytes]), ends = Buffer.alloc(8);
    ends.writeUInt32BE(bytes.length, 0);
    ends.writeUInt32BE(zlib.crc32(whole), 4);
    return Buffer.concat([ends.subarray(0, 4), whole, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
