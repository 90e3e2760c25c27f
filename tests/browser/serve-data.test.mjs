// What holds of the web app with a data folder and a site: micrographs of both, what they say of a unit, and a training.
// Micrographs are made by the binary itself.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { axe, launched, layerShown, NANOAID, opened, png, saved, served } from './serve.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-serve-data-'));
const data = path.join(folder, 'data'), site = path.join(folder, 'site'), trained = path.join(folder, 'trained');
const nanoaid = (...words) => execFileSync(NANOAID, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Four micrographs each of discs and of lines, with noise. */
function drawn() {
  let state = 1;
  const noise = () => { state = (state * 48271) % 2147483647; return 0.1 * (state / 2147483647 - 0.5); };
  for (let n = 0; n < 4; n += 1) {
    const discs = Array.from({ length: 30 + 5 * n }, (_, i) => [(i * 83 + 40 * n) % 192, (i * 131 + 17 * n) % 256, 5 + (i * 7 + n) % 9]);
    const inDisc = (y, x) => discs.some(([cy, cx, r]) => (y - cy) ** 2 + (x - cx) ** 2 < r * r);
    const inLine = (y, x) => [0, 1, 2, 3, 4, 5].some(i => Math.abs(y * Math.cos(i + n) + x * Math.sin(i + n) - 40 * i - 20) < 3 + i / 2);
    fs.mkdirSync(path.join(data, 'particles'), { recursive: true });
    fs.mkdirSync(path.join(data, 'fibres'), { recursive: true });
    fs.writeFileSync(path.join(data, 'particles', `${n}.png`), png(192, 256, (y, x) => (inDisc(y, x) ? 0.8 : 0.25) + noise()));
    fs.writeFileSync(path.join(data, 'fibres', `${n}.png`), png(192, 256, (y, x) => (inLine(y, x) ? 0.75 : 0.2) + noise()));
  }
}

let server, context, close;
before(async () => {
  drawn();
  const concepts = path.join(folder, 'concepts');
  nanoaid('concepts', 'autoencoder', '--data', data, '--layer', 'encoder.1', '--concepts', '2', '--out', concepts, '--quiet');
  nanoaid('site', 'autoencoder', '--data', data, '--layer', 'encoder.1', '--presets', 'fast', '--steps', '4', '--concepts', concepts, '--out', site, '--quiet');
  server = await served('--data', data, '--site', site, '--out', trained);
  ({ context, close } = await launched());
});
after(async () => { await close?.(); await server?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });

/** A page with the first micrograph of the folder. */
async function withFirst(options) {
  const page = await opened(context, server.address, options);
  await page.waitForSelector('#data-first button');
  await page.click('#data-first button >> nth=0');
  await layerShown(page);
  return page;
}
const patches = page => page.locator('#panel-unit .patches img');

test('micrographs of the folder are listed, found, and opened', async () => {
  const page = await withFirst();
  await page.click('#tab-data');
  const n = await page.locator('#panel-data .files button').count();
  assert.equal(n, 8);
  await page.fill('#panel-data input[type="search"]', 'fibres');
  assert.equal(await page.locator('#panel-data .files button').count(), 4);
  await page.click('#panel-data .files button >> nth=3');
  await page.waitForFunction(() => document.querySelector('#image').options.length === 2);
  page.faults();
  await page.close();
});

test('the site shows picture, patches, classes, concepts and tuning of a unit, and leads to its page', async () => {
  const page = await withFirst();
  await page.click('#tab-unit');
  await page.waitForSelector('#panel-unit .patches img');
  assert.ok(await patches(page).count() >= 8);
  await page.waitForFunction(() => [...document.querySelectorAll('#panel-unit img:not([hidden])')].every(image => !image.src || (image.complete && image.naturalWidth > 0)));
  assert.equal(await page.locator('#panel-unit .tuning-chart svg').count() >= 2, true);
  // of 32 units two directions leave some without: one that has most of a concept
  const { concepts } = JSON.parse(fs.readFileSync(path.join(folder, 'concepts', 'concepts.json'), 'utf8')).found;
  const most = concepts[0].direction.reduce((best, value, at, all) => (Math.abs(value) > Math.abs(all[best]) ? at : best), 0);
  await page.goto(page.url().replace(/unit=\d+/, `unit=${most}`));
  await page.waitForFunction(most => document.querySelector('#panel-unit h2').textContent === `Unit encoder.1:${most}`, most);
  const concept = await page.getAttribute('#panel-unit a[href*="#concept-"]', 'href');
  const shown = await context.newPage();
  await shown.goto(new URL(concept, page.url()).href);
  assert.ok(await shown.locator(new URL(concept, page.url()).hash).isVisible());
  await shown.close();
  const link = await page.getAttribute('#panel-unit a[target]', 'href');
  const unit = await context.newPage();
  const faults = [];
  unit.on('console', message => { if (message.type() === 'error') faults.push(message.text()); });
  await unit.goto(new URL(link, page.url()).href);
  assert.match(await unit.locator('h1').textContent(), /channel/);
  assert.ok(await unit.evaluate(() => [...document.styleSheets].length >= 2));
  assert.deepEqual(faults, []);
  await unit.close();
  page.faults();
  await page.close();
});

test('a pass over the folder finds the patches that the command line finds', async () => {
  const page = await withFirst();
  await page.selectOption('#layer', 'encoder.2');
  await layerShown(page);
  await page.click('#tab-unit');
  await page.click('#panel-unit >> text=/Look for patches in the 8/');
  await page.waitForSelector('#panel-unit .patches img', { timeout: 60_000 });
  const name = (await page.textContent('#panel-unit h2')).replace('Unit ', '');
  const shown = await page.locator('#panel-unit .patches button span').allTextContents();
  const out = path.join(folder, 'exemplars');
  nanoaid('exemplars', 'autoencoder', data, '--layer', 'encoder.2', '--unit', name, '--out', out, '--quiet');
  const rows = fs.readFileSync(path.join(out, 'exemplars.csv'), 'utf8').trim().split('\n').map(line => line.split(','));
  const strongest = rows.filter(row => row[1] === name.split(':')[1] && row[2] === 'strongest').map(row => Number(row[4]));
  assert.equal(shown.length, strongest.length, 'of 8 micrographs, none is left for the least');
  strongest.forEach((value, place) => assert.ok(Math.abs(value - Number(shown[place])) < 0.006 * Math.abs(value), `${value} beside ${shown[place]}`));
  const classes = await page.locator('#panel-unit .numbers-table').first().innerText();
  assert.match(classes, /particles/);
  page.faults();
  await page.close();
});

test('gratings are shown to a unit of a layer that the site does not have', async () => {
  const page = await withFirst();
  await page.selectOption('#layer', 'encoder.2');
  await layerShown(page);
  await page.click('#tab-unit');
  await page.click('#panel-unit >> text=Show it gratings');
  await page.waitForSelector('#panel-unit .tuning-chart svg', { timeout: 120_000 });
  assert.match(await page.textContent('#panel-unit'), /Orientation selectivity|No preferred grating/);
  const chart = await saved(page, () => page.click('#panel-unit .save-chart >> nth=0'));
  assert.match(chart.bytes.toString(), /^<svg /);
  page.faults();
  await page.close();
});

test('a network is trained, survives a reload, is stopped and resumed, and can be looked through', async () => {
  const page = await withFirst();
  await page.click('#tab-data');
  await page.fill('#train-name', 'tried');
  await page.fill('#train-epochs', '1');
  await page.click('#panel-data button.main-button');
  await page.waitForFunction(() => document.querySelector('#panel-data progress').value > 0, null, { timeout: 60_000 });
  await page.reload();
  await page.waitForSelector('body[data-ready]');
  await page.click('#tab-data');
  await page.click('#panel-data >> text=Stop');
  await page.waitForSelector('#panel-data button:has-text("Resume"):visible', { timeout: 60_000 });
  assert.ok(fs.existsSync(path.join(trained, 'tried', 'manifest.json')));
  await page.click('#panel-data >> text=Resume');
  await page.waitForFunction(() => /is trained/.test(document.querySelector('#panel-data').textContent), null, { timeout: 240_000 });
  assert.ok(fs.existsSync(path.join(trained, 'tried', 'report.html')));
  await page.waitForSelector('#panel-data svg');
  await page.waitForFunction(() => { const sample = document.querySelector('#panel-data img.before-after'); return !sample.hidden && sample.naturalWidth > sample.naturalHeight; });
  await page.selectOption('#network', 'tried');
  await layerShown(page);
  page.faults();
  await page.close();
});

test('a classifier starts from the features of a network that is open', async () => {
  const page = await withFirst();
  await page.click('#tab-data');
  assert.ok(await page.isDisabled('#train-start'), 'an autoencoder starts from random weights');
  await page.selectOption('#train-what', 'classifier');
  await page.selectOption('#train-start', 'frozen/autoencoder');
  await page.fill('#train-name', 'on-features');
  assert.match(await page.textContent('#panel-data pre, #panel-data code'), /--start frozen --base autoencoder/);
  await page.click('#panel-data button.main-button');
  // eight micrographs leave none to choose the head by: what is needed is said
  await page.waitForFunction(() => /on-features(:| is trained)/.test(document.querySelector('#panel-data [role="status"]').textContent) && !document.querySelector('#panel-data .main-button').disabled, null, { timeout: 240_000 });
  page.faults();
  await page.close();
});

for (const theme of ['light', 'dark']) {
  test(`nothing that axe-core finds, nothing scrolls sideways at 390 px (${theme})`, async () => {
    const page = await withFirst({ theme });
    for (const panel of ['unit', 'data']) {
      await page.click(`#tab-${panel}`);
      await page.waitForTimeout(300);
      assert.deepEqual(await axe(page), [], panel);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    for (const panel of ['unit', 'data']) {
      await page.click(`#tab-${panel}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 390, panel);
    }
    page.faults();
    await page.close();
  });
}
