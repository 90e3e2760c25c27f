// What holds of the web app, through the real binary and Chromium. Real micrographs lie where NANOAID_SHARED points.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { axe, dropped, launched, layerShown, NANOAID, nColors, opened, png, saved, served } from './serve.mjs';

let server, context, close;
before(async () => { server = await served(); ({ context, close } = await launched()); });
after(async () => { await close?.(); await server?.stop(); });

const shared = path.join(process.env.NANOAID_SHARED ?? path.join(import.meta.dirname ?? '.', '../../../shared'), 'data');
const real = { skip: !fs.existsSync(shared) && 'no real micrographs' };
const file = name => path.join(shared, name);
const hash = page => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
/** A page with a built-in specimen: 0 is the real one, then particles, dots, fibres. */
async function withExample(n, options) {
  const page = await opened(context, server.address, options);
  await page.click(`.example >> nth=${n}`);
  await layerShown(page);
  return page;
}
const press = async (page, ...keys) => {
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
  for (const key of keys) await page.keyboard.press(key);
};

test('the token leaves the address, and a page without it is told what to do', async () => {
  const page = await opened(context, server.address);
  assert.equal(new URL(page.url()).search, '');
  page.faults();
  await page.close();
  const other = await fetch(new URL(server.address).origin);
  assert.equal(other.status, 403);
  assert.match(await other.text(), /\?token=/);
});

for (const theme of ['light', 'dark']) {
  test(`nothing that axe-core finds, empty and with a micrograph in each panel (${theme})`, async () => {
    const page = await opened(context, server.address, { theme });
    assert.deepEqual(await axe(page), []);
    await page.click('.example >> nth=1');
    await layerShown(page);
    for (const panel of ['maps', 'image', 'measure', 'unit', 'save']) {
      await page.click(`#tab-${panel}`);
      assert.deepEqual(await axe(page), [], panel);
    }
    page.faults();
    await page.close();
  });
}

test('nothing scrolls sideways at 390 px', async () => {
  const page = await withExample(1, { width: 390, height: 844 });
  for (const panel of ['maps', 'image', 'measure', 'unit', 'save']) {
    await page.click(`#tab-${panel}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 390, panel);
  }
  await page.close();
});

test('the slider and the keys show another depth, the view stays, and undo leads back', async () => {
  const page = await withExample(0);
  await page.locator('#views').hover();
  await page.mouse.wheel(0, -400);
  await page.waitForTimeout(400);
  const before = await hash(page);
  assert.equal(before.layer ?? 'encoder.1', 'encoder.1');
  await press(page, 'o');
  await page.waitForFunction(() => document.querySelector('.name[data-kind="map"]').textContent.startsWith('encoder.2:'));
  await page.locator('#depth').fill('3');
  await page.waitForFunction(() => document.querySelector('.name[data-kind="map"]').textContent.startsWith('encoder.3:'));
  const now = await hash(page);
  assert.deepEqual([now.x, now.y, now.zoom], [before.x, before.y, before.zoom], 'the view stays');
  assert.ok(Number(now.zoom) > 0);
  await press(page, 'Control+z');
  await page.waitForFunction(() => document.querySelector('.name[data-kind="map"]').textContent.startsWith('encoder.2:'));
  page.faults();
  await page.close();
});

test('image, map, false color, reconstruction and error lie side by side, and contrast asks nothing of the server', async () => {
  const page = await withExample(0);
  await press(page, 'f', 'r', 'e');
  await page.waitForFunction(() => document.querySelectorAll('#views .name').length === 5);
  assert.ok(await nColors(page) > 300, 'something is drawn');
  // the neighbours in depth are computed before they are asked for
  await page.waitForLoadState('networkidle');
  await page.waitForTimeout(300);
  await page.waitForLoadState('networkidle');
  const asked = [];
  page.on('request', request => { if (request.url().includes('/api/')) asked.push(request.url()); });
  await page.locator('summary', { hasText: 'Contrast' }).click();
  for (const [id, value] of [['gamma', '0.5'], ['high', '0.7'], ['blend', '0.4']]) await page.locator(`#${id}`).fill(value);
  await press(page, '3', '5');
  await page.waitForTimeout(300);
  assert.deepEqual(asked, []);
  page.faults();
  await page.close();
});

test('without WebGL the same is drawn on a canvas', async () => {
  const page = await context.newPage();
  await page.addInitScript(() => {
    localStorage.setItem('nanoaid-tour', 'seen');
    const own = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) { return kind === 'webgl2' ? null : own.call(this, kind, ...more); };
  });
  await page.goto(server.address);
  await page.waitForSelector('body[data-ready]');
  await page.click('.example >> nth=0');
  await layerShown(page);
  assert.equal(await page.getAttribute('#views', 'data-painter'), 'canvas');
  assert.ok(await nColors(page) > 300, 'something is drawn');
  await page.close();
});

test('a box is drawn, measured, and has the numbers of the command line to the last digit', async () => {
  const page = await withExample(2);
  await press(page, 'm');
  await page.waitForSelector('.numbers-table', { timeout: 60_000 });
  const cells = () => page.$$eval('#panel-measure .numbers-table tbody tr', rows => rows.map(row => [...row.children].map(cell => cell.textContent)));
  const whole = await cells();
  assert.ok(whole.length > 3, JSON.stringify(whole));
  const { bytes, name } = await saved(page, () => page.click('#panel-measure button:text-is("synthetic-dots.json")'));
  assert.equal(name, 'synthetic-dots.json');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-serve-test-'));
  const tif = await saved(page, async () => { await page.click('#tab-save'); await page.click('text="All maps, 32-bit TIFF"'); });
  assert.match(tif.name, /^synthetic-dots\.encoder\.1\.maps\.tif$/);
  fs.rmSync(folder, { recursive: true });
  await page.click('#tab-measure');
  await press(page, 'b');
  const frame = await page.locator('#views').boundingBox();
  await page.mouse.move(frame.x + frame.width * 0.3, frame.y + frame.height * 0.15);
  await page.mouse.down();
  await page.mouse.move(frame.x + frame.width * 0.6, frame.y + frame.height * 0.4, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('box'));
  await page.waitForFunction(before => JSON.stringify([...document.querySelectorAll('#panel-measure .numbers-table tbody tr, .refusal')].map(row => row.textContent)) !== before && !document.querySelector('.measured.old'), JSON.stringify(whole), { timeout: 60_000 });
  assert.ok(JSON.parse(bytes).report.answers.length > 0);
  page.faults();
  await page.close();
});

test('an image larger than what is sent at once has all its pixels where one looks closely', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-large-')), name = path.join(folder, 'large.png');
  // neighbours differ, so that a mean of them is none of them
  const grey = (y, x) => ((x + 2 * y) % 5) / 5 + 0.1 * (Math.floor(x / 640) % 2);
  fs.writeFileSync(name, png(4200, 5000, grey));
  const page = await opened(context, server.address);
  await dropped(page, [name]);
  for (let i = 0; i < 9; i += 1) await page.click('[data-zoom="in"]');
  await page.waitForResponse(answer => /plane\?what=image.*&y=/.test(answer.url()), { timeout: 30_000 });
  await page.waitForTimeout(500);
  await page.locator('#views').hover({ position: { x: 200, y: 150 } });
  const said = /row (\d+), column (\d+) · image (\d+)/.exec(await page.textContent('#readout'));
  assert.ok(said, await page.textContent('#readout'));
  const [row, column, value] = said.slice(1).map(Number);
  assert.equal(value, Math.round(255 * grey(row, column)));
  page.faults();
  await page.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('objects are outlined, removed and added by hand; number, histogram and files follow', async () => {
  const page = await withExample(1);
  await page.click('#tab-measure');
  await page.click('.outline button.main-button');
  await page.waitForSelector('.outline .count', { timeout: 60_000 });
  const n = () => page.evaluate(() => Number(document.querySelector('.outline .count').textContent.split(' ')[0]));
  const found = await n();
  assert.ok(found > 5, `${found} particles`);
  await page.waitForSelector('.outline svg');
  // the middle of the largest one, by the table of regions
  const table = await page.evaluate(async () => {
    const name = [...document.querySelectorAll('.outline .row-of-buttons button')].map(one => one.textContent).find(text => text.endsWith('.regions.csv'));
    const address = performance.getEntriesByType('resource').map(one => one.name).filter(name => name.includes('api/made/')).pop();
    return (await fetch(address.replace(/[^/]+$/, encodeURIComponent(name)))).text();
  });
  const lines = table.trim().split('\n'), head = lines[0].split(','), rows = lines.slice(1).map(line => line.split(','));
  const column = name => head.findIndex(title => title.startsWith(name));
  const largest = rows.sort((a, b) => Number(b[column('area')]) - Number(a[column('area')]))[0];
  const place = await page.evaluate(([x, y]) => {
    const host = document.querySelector('#views').getBoundingClientRect(), zoom = parseFloat(document.querySelector('#zoom').textContent) / 100;
    const pane = document.querySelector('.name[data-kind="measured"]').getBoundingClientRect();
    return { left: pane.left, top: pane.top, host: [host.left, host.top, host.width, host.height], zoom, x, y };
  }, [Number(largest[column('x [px]')]), Number(largest[column('y [px]')])]);
  assert.ok(Number.isFinite(place.x) && Number.isFinite(place.y), `${head}`);
  await page.click('.outline button:has-text("Remove…")');
  assert.equal(await page.getAttribute('.outline button:has-text("Remove…")', 'aria-pressed'), 'true');
  // the pointer moves until the readout names the place
  const target = await page.evaluate(async ({ host, x, y }) => {
    const views = document.querySelector('#views');
    for (let v = 4; v < host[3]; v += 3) for (let u = 4; u < host[2]; u += 3) {
      views.dispatchEvent(new PointerEvent('pointermove', { clientX: host[0] + u, clientY: host[1] + v, pointerId: 9 }));
      const said = /row (\d+), column (\d+)/.exec(document.querySelector('#readout').textContent);
      if (said && Math.abs(Number(said[1]) - y) < 3 && Math.abs(Number(said[2]) - x) < 3) return [host[0] + u, host[1] + v];
    }
    return null;
  }, place);
  assert.ok(target, 'the largest particle is on the screen');
  await page.mouse.click(...target);
  await page.waitForFunction(before => Number(document.querySelector('.outline .count').textContent.split(' ')[0]) === before - 1, found, { timeout: 60_000 });
  await page.click('.outline button:has-text("Add…")');
  await page.mouse.click(...target);
  await page.waitForFunction(before => Number(document.querySelector('.outline .count').textContent.split(' ')[0]) === before, found, { timeout: 60_000 });
  assert.match(await page.textContent('.outline'), /1 added, 1 removed/);
  const corrections = JSON.parse((await saved(page, () => page.click('.outline button:has-text("corrections.json")'))).bytes);
  assert.deepEqual(corrections.corrections.map(one => Object.keys(one)[0]), ['remove', 'add']);
  await page.click('.outline button:has-text("Take back the last")');
  await page.waitForFunction(before => Number(document.querySelector('.outline .count').textContent.split(' ')[0]) === before - 1, found, { timeout: 60_000 });
  page.faults();
  await page.close();
});

test('files of instruments: calibration, data bar, settings; numbers as in a terminal', { ...real, timeout: 120_000 }, async () => {
  const page = await opened(context, server.address);
  const tif = file('instrument/zeiss_supra40_tio2.tif');
  await dropped(page, [tif]);
  await page.click('#tab-image');
  const text = await page.textContent('#panel-image');
  assert.match(text, /7\.34375 nm\/px from Zeiss/);
  assert.match(text, /rows 712 to 765/);
  assert.match(text, /20 kV, working distance 2\.8 mm/);
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-serve-test-'));
  await press(page, 'm');
  await page.waitForSelector('#panel-measure .answer', { timeout: 60_000 });
  const { bytes } = await saved(page, () => page.click('#panel-measure button:text-is("zeiss_supra40_tio2.json")'));
  execFileSync(NANOAID, ['measure', tif, '--out', path.join(out, 'm')], { stdio: 'ignore' });
  const own = JSON.parse(fs.readFileSync(path.join(out, 'm', 'zeiss_supra40_tio2.json'), 'utf8'));
  assert.deepEqual(JSON.parse(bytes).report, own.report);
  const json = await saved(page, async () => { await page.click('#tab-save'); await page.click('text="Result, JSON"'); });
  const command = await page.textContent('#panel-save .command code >> nth=0');
  assert.equal(command, 'nanoaid lens zeiss_supra40_tio2.tif --layer encoder.1');
  const shown = JSON.parse(execFileSync(NANOAID, ['lens', tif, '--layer', 'encoder.1', '--json', '--out', path.join(out, 'l')], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 }));
  // a reconstruction is asked for by itself
  assert.deepEqual(JSON.parse(json.bytes), { ...shown[0].layers[0], reconstruction: null });
  const all = await saved(page, async () => { await page.click('#tab-measure'); await page.click('text="All of them, ZIP"'); });
  assert.equal(all.bytes.subarray(0, 2).toString(), 'PK');
  // the edge of the data bar is dragged up
  const views = await page.locator('#views').boundingBox(), x = views.x + views.width / 4;
  let y = views.y + views.height - 4;
  const isAtEdge = async () => { await page.mouse.move(x, y); return page.evaluate(() => document.querySelector('#views').classList.contains('at-edge')); };
  while (!await isAtEdge()) { y -= 3; assert.ok(y > views.y, 'the edge is found'); }
  await page.mouse.down();
  await page.mouse.move(x, y - 20, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => Number(new URLSearchParams(location.hash.slice(1)).get('bar')) > 60);
  await page.waitForFunction(() => /as typed/.test(document.querySelector('#panel-image').textContent));
  fs.rmSync(out, { recursive: true });
  page.faults();
  await page.close();
});

test('pages of a file, several files at once, and a wrong file that is named', { ...real, timeout: 120_000 }, async () => {
  const page = await opened(context, server.address);
  await dropped(page, [file('instrument/zeiss_auriga_multipage.tif'), file('instrument/phenom_litho_lines.jpg')]);
  assert.ok(await page.locator('#page').isVisible());
  const before = await page.textContent('#image option:checked');
  await page.selectOption('#page', '1');
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('page') === '1');
  await layerShown(page);
  await page.selectOption('#image', { label: 'phenom_litho_lines.jpg' });
  await page.waitForFunction(() => document.querySelector('.name[data-kind="image"]').textContent === 'phenom_litho_lines.jpg');
  assert.notEqual(before, 'phenom_litho_lines.jpg');
  page.faults();
  await page.setInputFiles('#files', [{ name: '<img src=x onerror=alert(1)>.png', mimeType: 'image/png', buffer: Buffer.from('no image') }]);
  await page.waitForSelector('#status.error');
  assert.match(await page.textContent('#status'), /<img src=x onerror=alert\(1\)>\.png/);
  await page.close();
});

test('what a unit responds to appears while it is climbed, is stopped, and is found again after a reload', { timeout: 120_000 }, async () => {
  const page = await withExample(1);
  await page.click('#tab-unit');
  await page.selectOption('#panel-unit select', 'robust');
  await press(page, 'w');
  await page.waitForSelector('.ascent:not([hidden])', { timeout: 60_000 });
  const first = await page.getAttribute('.ascent', 'src');
  await page.waitForFunction(first => document.querySelector('.ascent').src.split('/').pop() !== first.split('/').pop(), first, { timeout: 60_000 });
  await page.reload();
  await page.waitForSelector('body[data-ready]');
  await layerShown(page);
  await page.waitForFunction(() => /%/.test(document.querySelector('.jobs').textContent), null, { timeout: 30_000 });
  await page.click('.jobs button:text-is("Stop")');
  await page.waitForFunction(() => /cancelled/.test(document.querySelector('.jobs').textContent), null, { timeout: 30_000 });
  page.faults();
  await page.close();
});

test('a click on a place orders the maps by how much they fire there', async () => {
  const page = await withExample(1);
  await press(page, 'o', 'o');
  await layerShown(page, 'encoder.3');
  const frame = await page.locator('#views').boundingBox();
  await page.mouse.click(frame.x + frame.width * 0.27, frame.y + frame.height * 0.5);
  await page.waitForFunction(() => document.querySelector('#order').value === 'place' && /σ/.test(document.querySelector('.map-note').textContent));
  const values = await page.$$eval('.map-note', notes => notes.map(note => note.textContent).filter(text => text.endsWith('σ')).map(text => parseFloat(text.replace('−', '-'))));
  assert.ok(values.length > 1 && values.every((value, i) => i === 0 || value <= values[i - 1]), values.join());
  // where else it looks like that, also after the address is opened again
  await page.click('#panes label:has(input[value="like"])');
  await page.waitForSelector('.name[data-kind="like"]');
  await page.waitForFunction(() => /spot=\d+%2C\d+/.test(location.hash) && /like/.test(location.hash));
  const address = page.url(), order = await page.$$eval('.map', maps => maps.map(map => map.dataset.channel).join());
  await page.goto('about:blank');
  await page.goto(address);
  await page.waitForSelector('.name[data-kind="like"]');
  await page.waitForFunction(before => [...document.querySelectorAll('.map')].map(map => map.dataset.channel).join() === before, order);
  assert.match(await page.textContent('.name[data-kind="like"]'), /like row \d+, column \d+, by encoder.3/);
  page.faults();
  await page.close();
});

test('a map is pinned beside another network, and the address leads back to both', async () => {
  const page = await withExample(1);
  await press(page, 'p');
  await page.waitForSelector('.name[data-kind="pin"]');
  await page.selectOption('#network', 'classifier');
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('network') === 'classifier');
  await layerShown(page);
  const address = page.url(), pinned = await page.textContent('.name[data-kind="pin"]');
  assert.match(pinned, /autoencoder encoder\.1:/);
  const again = await opened(context, address);
  await again.waitForSelector('.name[data-kind="pin"]');
  assert.equal(await again.textContent('.name[data-kind="pin"]'), pinned);
  assert.equal(await again.inputValue('#network'), 'classifier');
  again.faults();
  await again.close();
  await page.close();
});

test('a picture, a session that opens again, and a class', async () => {
  const page = await withExample(1);
  await press(page, 'o');
  await page.click('#tab-save');
  await page.waitForFunction(() => document.querySelector('#panel-save h3:nth-of-type(3)').textContent === 'Layer encoder.2');
  const png = await saved(page, () => page.click('text="What is shown, as PNG"'));
  assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG');
  assert.ok(png.bytes.length > 20_000);
  const session = await saved(page, () => page.click('text="Save the session"'));
  const layer = (await hash(page)).layer;
  await press(page, 'u', 'u');
  await page.waitForFunction(layer => new URLSearchParams(location.hash.slice(1)).get('layer') !== layer, layer);
  await page.setInputFiles('#files', [{ name: session.name, mimeType: 'application/json', buffer: session.bytes }]);
  await page.waitForFunction(layer => new URLSearchParams(location.hash.slice(1)).get('layer') === layer, layer);
  await page.click('#tab-image');
  await page.click('text=/^Classify with/');
  await page.waitForSelector('.probabilities');
  assert.match(await page.textContent('#panel-image'), /other laboratories/);
  await page.click('text=/^Why /');
  await page.waitForSelector('.name[data-kind="why"]');
  assert.match(await page.textContent('.why'), /speaks for it/);
  assert.match(await page.textContent('.why .command'), /nanoaid explain .* --class /);
  assert.deepEqual(await axe(page), []);
  // a unit that carries the class is a click away
  const carrier = (await page.textContent('.why h3 + p button')).split(' ')[0];
  await page.click('.why h3 + p button');
  await layerShown(page);
  const now = await hash(page);
  assert.equal(`${now.layer}:${now.unit}`, carrier);
  page.faults();
  await page.close();
});

test('a typed size of a pixel changes all lengths, and survives another depth', async () => {
  const page = await withExample(0);
  await page.click('#tab-image');
  await page.fill('[aria-label="Size of a pixel in nanometres"]', '2.5');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => /2\.5 nm\/px, typed|2\.5 nm\/px/.test(document.querySelector('#panel-image .facts').textContent));
  await press(page, 'o');
  await page.waitForFunction(() => /nm\)/.test(document.querySelector('#layer-text').textContent));
  assert.equal((await hash(page)).nm, '2.5');
  page.faults();
  await page.close();
});

test('the tour is shown once, and keys have a list', async () => {
  const page = await opened(context, server.address, { tour: true });
  await page.evaluate(() => localStorage.removeItem('nanoaid-tour'));
  await page.click('.example >> nth=3');
  await page.waitForSelector('.tour');
  for (let i = 0; i < 5; i++) await page.click('.tour .main-button');
  assert.equal(await page.locator('.tour').count(), 0);
  await press(page, '?');
  assert.ok(await page.locator('dialog.help').isVisible());
  assert.deepEqual(await axe(page), []);
  await page.keyboard.press('Escape');
  page.faults();
  await page.close();
});
