// What holds of changes on the page: a unit switched off, the micrograph changed towards a unit and a class, a unit taken apart. The
// numbers are those of the command line.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { axe, dropped, launched, layerShown, NANOAID, opened, png, saved, served } from './serve.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-serve-change-'));
const file = path.join(folder, 'lines.png'), data = path.join(folder, 'data');
let server, context, close;
before(async () => {
  let state = 1;
  const noise = () => { state = (state * 48271) % 2147483647; return 0.2 * (state / 2147483647 - 0.5); };
  fs.writeFileSync(file, png(160, 220, (y, x) => 0.5 + 0.3 * Math.sin(0.5 * x + 0.1 * y) + noise()));
  fs.mkdirSync(data);
  for (let n = 0; n < 3; n += 1) fs.writeFileSync(path.join(data, `${n}.png`), png(140, 180, (y, x) => 0.5 + 0.3 * Math.sin((0.3 + 0.1 * n) * x) + noise()));
  server = await served('--data', data);
  ({ context, close } = await launched());
});
after(async () => { await close?.(); await server?.stop(); fs.rmSync(folder, { recursive: true, force: true }); });

/** The record of the command line for the same. */
function printed(command, ...words) {
  const out = path.join(folder, `${command}-${words.length}`);
  const text = execFileSync(NANOAID, [command, ...words, '--json', '--quiet', '--force', '--out', out], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return JSON.parse(text);
}

/** The result of the newest job. */
const result = page => page.evaluate(async () => {
  const [job] = await (await fetch('api/jobs')).json();
  const { n_pictures, size, ...found } = await (await fetch(`api/jobs/${job.id}/result`)).json();
  return { wish: job.wish, found, n_pictures, size };
});

/** A page with the micrograph, and the panel of a unit. */
async function withUnit(options) {
  const page = await opened(context, server.address, options);
  await dropped(page, [file]);
  await page.click('#tab-unit');
  return page;
}
const begun = async (page, text) => { await page.click(`#panel-unit >> text=${text}`); await page.waitForSelector('#panel-unit .change .command', { timeout: 240_000 }); };

test('a unit is switched off, with the numbers of the command line; a later unit is a click away', { timeout: 400_000 }, async () => {
  const page = await withUnit();
  await begun(page, 'Switch it off, or up');
  const { wish, found, n_pictures } = await result(page);
  const [record] = printed('ablate', file, '--run', 'autoencoder', '--unit', wish.units[0]);
  assert.deepEqual(found, record.ablation);
  assert.equal(n_pictures, 1 + record.maps.length);
  const text = await page.textContent('#panel-unit .change');
  assert.match(text, /of the variance reconstructed, before/);
  assert.match(text, new RegExp(`nanoaid ablate lines.png --run autoencoder --unit ${wish.units[0]}`));
  await page.waitForFunction(n => [...document.querySelectorAll('.before-after')].filter(image => image.complete && image.naturalWidth > 0).length >= Math.min(n, 1), n_pictures);
  assert.deepEqual(await axe(page), []);
  const later = await page.textContent('#panel-unit .change .link');
  await page.click('#panel-unit .change .link');
  await layerShown(page);
  const now = Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.slice(1)));
  assert.equal(`${now.layer}:${now.unit}`, later);
  await page.waitForFunction(() => document.querySelector('#panel-unit .change').textContent === '', null, { timeout: 10_000 });
  // the list of jobs leads back to what was found
  await page.click('#jobs >> text=lines.png: ');
  await page.waitForSelector('#panel-unit .change .command');
  assert.equal(await page.textContent('#panel-unit h2'), `Unit ${wish.units[0]}`);
  page.faults();
  await page.close();
});

test('what a unit looks for grows on the micrograph, at each strength as in a terminal', { timeout: 400_000 }, async () => {
  const page = await withUnit();
  await begun(page, 'Accentuate what it looks for');
  await page.waitForSelector('.name[data-kind="changed"]');
  const { wish, found, n_pictures } = await result(page);
  const [record] = printed('accentuate', file, '--run', 'autoencoder', '--unit', wish.unit);
  assert.deepEqual(found, record.accentuation);
  assert.equal(n_pictures, found.levels.length);
  assert.ok(found.levels.at(-1).score > found.score);
  const asked = page.waitForRequest(request => /picture\?step=0/.test(request.url()));
  await page.evaluate(() => { const slider = document.querySelector('.change input[type="range"]'); slider.value = '0'; slider.dispatchEvent(new Event('input')); });
  await asked;
  await page.waitForFunction(unit => document.querySelector('.name[data-kind="changed"]').textContent === `changed towards unit ${unit}, 5.0 %`, wish.unit);
  assert.deepEqual(await axe(page), []);
  // what was changed for one unit is not shown beside another
  await page.selectOption('#layer', 'encoder.2');
  await layerShown(page);
  await page.waitForFunction(() => !document.querySelector('.name[data-kind="changed"]'));
  page.faults();
  await page.close();
});

test('a unit is taken apart into lower units with their weights', async () => {
  const page = await withUnit();
  await page.selectOption('#layer', 'encoder.2');
  await layerShown(page);
  await begun(page, 'Which lower units make it');
  const { wish, found } = await result(page);
  const record = printed('circuit', 'autoencoder', '--unit', wish.unit, '--no-pictures');
  assert.deepEqual(found, record.circuit);
  assert.equal(await page.locator('#panel-unit .kernel').count(), found.parts.length);
  page.faults();
  await page.close();
});

test('a class is accentuated, and its job is stopped', { timeout: 400_000 }, async () => {
  const page = await opened(context, server.address);
  await dropped(page, [file]);
  await page.click('#tab-image');
  await page.click('text=/^Classify with/');
  await page.click('.why >> text=/^Accentuate /');
  await page.click('.why >> text=Stop');
  await page.waitForFunction(() => /Stopped/.test(document.querySelector('.why .change').textContent));
  await page.click('.why >> text=/^Accentuate /');
  await page.waitForSelector('.why .change .command', { timeout: 240_000 });
  const { wish, found } = await result(page);
  const [record] = printed('accentuate', file, '--class', wish.class);
  assert.deepEqual(found, record.accentuation);
  page.faults();
  await page.close();
});

test('a box has a caricature, and parts of the data folder that are like it, as in a terminal', { timeout: 400_000 }, async () => {
  const page = await withUnit();
  await page.evaluate(() => { location.hash += '&box=30,40,80,100'; });
  await page.click('#tab-unit');
  await page.waitForFunction(() => /fire in the box more/.test(document.querySelector('#panel-unit').textContent), null, { timeout: 60_000 });
  await page.click('#panel-unit >> text=Caricature');
  await page.waitForSelector('#panel-unit img[alt*="enhanced"]', { timeout: 240_000 });
  await page.waitForFunction(() => document.querySelector('#panel-unit img[alt*="enhanced"]').naturalWidth === 100);
  await page.click('#panel-unit >> text=What is like it');
  await page.waitForSelector('#panel-unit .change .patches button', { timeout: 240_000 });
  const shown = await page.locator('#panel-unit .change .patches span').allTextContents();
  const { parts } = printed('find', 'autoencoder', file, '--box', '30,40,80,100', '--data', data);
  assert.equal(shown.length, parts.length);
  parts.forEach(({ likeness }, place) => assert.ok(Math.abs(likeness - Number(shown[place])) < 0.006, `${likeness} beside ${shown[place]}`));
  assert.deepEqual(await axe(page), []);
  await page.click('#panel-unit .change .patches button >> nth=0');
  await page.waitForFunction(() => document.querySelector('#image').options.length === 2);
  page.faults();
  await page.close();
});

test('the report is the folder that the command line writes', { timeout: 400_000 }, async () => {
  const page = await withUnit();
  await page.click('#tab-save');
  await page.click('#panel-save >> text=All depths as a page');
  await page.waitForSelector('#panel-save a[download]', { timeout: 240_000 });
  const report = await saved(page, () => page.click('#panel-save a[download]'));
  assert.equal(report.name, 'lens-lines.zip');
  const archive = path.join(folder, report.name), ours = path.join(folder, 'ours'), theirs = path.join(folder, 'theirs');
  fs.writeFileSync(archive, report.bytes);
  execFileSync('python3', ['-m', 'zipfile', '-e', archive, ours]);
  execFileSync(NANOAID, ['lens', 'lines.png', '--out', theirs, '--quiet'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  // settings.json is what a folder of several is continued by
  const names = place => fs.readdirSync(place).filter(name => !name.startsWith('.') && name !== 'settings.json').sort();
  const inside = path.join(ours, 'lens-lines');
  assert.deepEqual(names(inside), names(theirs));
  for (const name of names(theirs)) assert.ok(fs.readFileSync(path.join(inside, name)).equals(fs.readFileSync(path.join(theirs, name))), name);
  assert.deepEqual(await axe(page), []);
  page.faults();
  await page.close();
});

test('what is not there is said in words, and nothing scrolls sideways at 390 px', async () => {
  const page = await withUnit({ width: 390, height: 844 });
  await begun(page, 'Switch it off, or up');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 390);
  const asked = wish => page.evaluate(async wish => {
    const answer = await fetch('api/jobs', { method: 'POST', body: JSON.stringify(wish) });
    return [answer.status, (await answer.json()).error];
  }, wish);
  const { wish: { shown, network } } = await result(page);
  for (const [wish, status, said] of [
    [{ kind: 'ablate', shown, network, units: ['nothing:0'] }, 422, /no layer `nothing`, expected one of: .*encoder/],
    [{ kind: 'ablate', shown, network, units: ['encoder.1:9999'] }, 422, /no channel 9999/],
    [{ kind: 'ablate', shown, network, units: [] }, 422, /units/],
    [{ kind: 'ablate', shown, network, units: ['encoder.1:0'], times: 1 }, 422, /times/],
    [{ kind: 'accentuate', shown, network }, 422, /no classes/],
    [{ kind: 'accentuate', shown, network, unit: '@' }, 400, /unit/],
    [{ kind: 'accentuate', shown: { ...shown, image: 'x' }, network, unit: 'encoder.1:0' }, 404, /./],
    [{ kind: 'caricature', shown, network, layer: 'nothing', part: { y: 0, x: 0, height: 9, width: 9 } }, 422, /no layer/],
    [{ kind: 'alike', shown: { ...shown, image: 'x' }, network, part: { y: 0, x: 0, height: 9, width: 9 } }, 404, /./],
    [{ kind: 'caricature', shown, network, layer: 'encoder.1', part: { y: 0, x: 0, height: 0, width: 9 } }, 400, /part: found 0 × 9 px/],
    [{ kind: 'circuit', network, unit: 'encoder.1:9999' }, 404, /has channels 0 to/],
    [{ kind: 'accentuate', shown, network, unit: 'encoder.1:0', class: 'fibres' }, 400, /expected one of them/],
    [{ kind: 'circuit', network: 'none', unit: 'encoder.1:0' }, 404, /no network/],
  ]) {
    const [found, error] = await asked(wish);
    assert.equal(found, status, `${JSON.stringify(wish)}: ${error}`);
    assert.match(error, said);
  }
  await page.close();
});
