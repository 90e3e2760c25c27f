// What holds of the pages of `nanoaid site`, opened from a folder by file:// in Chromium.
//
// NANOAID_SITE names the folder. Pages are found through its index.json, so any site will do that
// has a network with a layer of several units, micrographs with grids, and a self-test.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { axe, contents, csvRows, folder, follow, launched, opened, placeOf, saved, urlOf } from './browser.mjs';

let context, close;
before(async () => { ({ context, close } = await launched()); });
after(() => close());

const json = address => JSON.parse(fs.readFileSync(path.join(folder, address), 'utf8'));
const networkPage = contents.networks[0][1];
const network = json(networkPage.replace('.html', '.json'));
const layerIndex = network.layers.findIndex(layer => layer.units.filter(unit => !unit.dead).length > 3);
const layerFolder = path.posix.join(path.posix.dirname(networkPage), network.layers[layerIndex].name);
const layerPage = `${layerFolder}/index.html`;
const channel = network.layers[layerIndex].units.findIndex((unit, nth) => !unit.dead && fs.existsSync(path.join(folder, `${layerFolder}/${nth}.html`)));
const unitPage = `${layerFolder}/${channel}.html`;
const micrographPage = contents.micrographs[0][1];

/** One page of each kind that the site has. */
const kinds = {
  start: 'index.html',
  network: networkPage,
  layer: layerPage,
  unit: unitPage,
  'list of micrographs': 'micrographs/index.html',
  micrograph: micrographPage,
  class: contents.classes[0]?.[1],
  'class against class': contents.contrasts[0]?.[1],
  'side by side': contents.side_by_sides[0]?.[1],
  'self-test': contents.self_tests[0],
};

for (const [kind, address] of Object.entries(kinds)) {
  for (const theme of ['light', 'dark']) {
    test(`${kind}: no error, no request, nothing that axe-core finds (${theme})`, { skip: !address && 'the site has none' }, async () => {
      const page = await opened(context, address, { theme });
      await page.waitForLoadState('load');
      assert.deepEqual(await axe(page), []);
      assert.match(await page.textContent('footer'), /How this was made[\s\S]*SHA-256[\s\S]*To cite:[\s\S]*arXiv 2201\.00966/);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(ground === 'rgb(255, 255, 255)', theme === 'light', `background ${ground}`);
      page.faults();
      await page.close();
    });
  }
  test(`${kind}: no scrolling sideways on a phone`, { skip: !address && 'the site has none' }, async () => {
    const page = await opened(context, address, { width: 375 });
    const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.equal(shown, 375);
    assert.ok(wide <= 375, `${wide} px wide`);
    await page.close();
  });
}

test('one walks from the first page to a network, a layer, a unit, a micrograph', async () => {
  const page = await opened(context, 'index.html');
  await follow(page, 'a.tile');
  assert.equal(placeOf(page), networkPage);
  await follow(page, `table a:text-is("${network.layers[layerIndex].name}")`);
  assert.equal(placeOf(page), layerPage);
  await follow(page, `.units.all a[href="${channel}.html"]`);
  assert.equal(placeOf(page), unitPage);
  const crop = page.locator('#exemplars .crop').first();
  const field = (await crop.getAttribute('href')).split('#box=')[1];
  await follow(page, '#exemplars .crop');
  assert.match(placeOf(page), /^micrographs\/[\w-]+\.html$/);
  assert.equal(new URL(page.url()).hash, `#box=${field}`);
  await page.waitForSelector('.stage .box');
  page.faults();
  await page.close();
});

test('crops show the part of the micrograph that they name', async () => {
  const page = await opened(context, unitPage);
  const crop = page.locator('#exemplars .crop').first();
  await crop.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector('#exemplars .crop img').complete);
  const { pane, image, size, field, outline } = await crop.evaluate(crop => {
    const rect = element => { const { x, y, width, height } = element.getBoundingClientRect(); return { x, y, width, height }; };
    const image = crop.querySelector('img'), outline = crop.querySelector('.field');
    return { pane: rect(crop.querySelector('.pane')), image: rect(image), size: [image.naturalHeight, image.naturalWidth], field: crop.hash.slice('#box='.length).split(',').map(Number), outline: outline && rect(outline) };
  });
  const scale = image.width / size[1];
  assert.ok(Math.abs(image.height / size[0] - scale) < 0.02 * scale, 'the micrograph keeps its proportions');
  // the receptive field lies where its numbers say, inside the box that is seen
  const at = { x: image.x + field[1] * scale, y: image.y + field[0] * scale, width: field[3] * scale, height: field[2] * scale };
  assert.ok(at.x >= pane.x - 1 && at.y >= pane.y - 1 && at.x + at.width <= pane.x + pane.width + 1 && at.y + at.height <= pane.y + pane.height + 1, JSON.stringify({ at, pane }));
  if (outline) {
    for (const side of ['x', 'y', 'width', 'height']) assert.ok(Math.abs(outline[side] - at[side]) < 1.5, `${side}: ${JSON.stringify({ at, outline })}`);
  }
  await page.close();
});

test('a layer is ordered, filtered, and shown so again by its address', async () => {
  const page = await opened(context, layerPage);
  const units = network.layers[layerIndex].units;
  const shown = () => page.$$eval('.units.all li:not([hidden])', items => items.map(item => +item.dataset.n));
  await page.selectOption('select[name=order]', 'a');
  const largest = units.map((unit, nth) => [unit.largest, nth]).sort((a, b) => b[0] - a[0] || a[1] - b[1]).map(pair => pair[1]);
  assert.deepEqual(await shown(), largest);
  if (units.some(unit => unit.dead)) {
    await page.check('input[name=alive]');
    assert.deepEqual(await shown(), largest.filter(nth => !units[nth].dead));
  }
  const again = await opened(context, `${layerPage}${new URL(page.url()).hash}`);
  const shownAgain = await again.$$eval('.units.all li:not([hidden])', items => items.map(item => +item.dataset.n));
  assert.deepEqual(shownAgain, await shown());
  await page.fill('input[name=text]', String(channel));
  assert.ok((await shown()).includes(channel));
  page.faults();
  await again.close();
  await page.close();
});

test('keys walk through a grid and from unit to unit; the skip link comes first', async () => {
  const page = await opened(context, layerPage);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, 'none', 'the focus is visible');
  await page.focus('.units.all a');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), '1.html');
  await page.goto(urlOf(unitPage));
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(urlOf(`${layerFolder}/${channel + 1}.html`));
  await page.keyboard.press('ArrowLeft');
  await page.waitForURL(urlOf(unitPage));
  await page.close();
});

test('the theme that is chosen stays on the next page', async () => {
  const page = await opened(context, 'index.html');
  await page.click('.theme');
  const dark = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const chosen = await dark();
  assert.notEqual(chosen, 'rgb(255, 255, 255)');
  await follow(page, 'a.tile');
  assert.equal(await dark(), chosen);
  await page.click('.theme');
  assert.equal(await dark(), 'rgb(255, 255, 255)');
  await page.evaluate(() => localStorage.clear());
  await page.close();
});

test('lengths are shown in nm for the size of a pixel that is typed', async t => {
  const page = await opened(context, unitPage);
  const ticks = () => page.$$eval('text[data-px]', ticks => ticks.map(tick => [+tick.dataset.px, tick.textContent]));
  if (!(await ticks()).length) { t.skip('the unit has no curves over lengths'); return; }
  assert.ok((await ticks()).every(([px, text]) => +text === px));
  await page.fill('input[name=nm]', '2.5');
  assert.ok((await ticks()).every(([px, text]) => Math.abs(+text / (px * 2.5) - 1) < 0.005), JSON.stringify(await ticks()));
  assert.ok((await page.textContent('tspan[data-unit]')).includes('nm'));
  assert.equal(new URL(page.url()).hash, '#nm=2.5');
  page.faults();
  await page.close();
});

/** Width and height that a PNG states, after a check of its first bytes. */
function pngSize(bytes) {
  assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

for (const kind of ['layer', 'unit', 'micrograph', 'class', 'class against class', 'side by side', 'network']) {
  test(`every panel of a page (${kind}) is saved as PNG, SVG and CSV`, { skip: !kinds[kind] && 'the site has none' }, async () => {
    const page = await opened(context, kinds[kind]);
    const panels = page.locator('.panel:visible');
    assert.ok(await panels.count() > 0);
    for (let nth = 0; nth < await panels.count(); nth++) {
      const panel = panels.nth(nth), id = await panel.getAttribute('id');
      const png = await saved(page, panel.locator('[data-save=png]'));
      const [width, height] = pngSize(png.bytes);
      assert.ok(png.name.endsWith(`${id}.png`) && width >= 100 && height >= 30 && png.bytes.length > 1000, `${png.name}: ${width} × ${height}, ${png.bytes.length} bytes`);
      const svg = (await saved(page, panel.locator('[data-save=svg]'))).bytes.toString('utf8');
      const fault = await page.evaluate(text => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent, svg);
      assert.equal(fault ?? null, null, `${id}: the SVG can be read`);
      assert.ok(!/href="(?!data:)/.test(svg), `${id}: the SVG stands alone`);
      const rows = csvRows((await saved(page, panel.locator('[data-save=csv]'))).bytes);
      assert.ok(rows.length > 1 && rows.every(row => row.length === rows[0].length), `${id}: ${JSON.stringify(rows.slice(0, 2))}`);
      if (await panel.getAttribute('data-kind') === 'crops') {
        assert.equal(rows.length - 1, await panel.locator('.crop').count(), `${id}: a row for each crop`);
      }
    }
    page.faults();
    await page.close();
  });
}

test('CSV files hold all digits, intervals as two columns', async t => {
  const page = await opened(context, unitPage);
  const view = json(unitPage.replace('.html', '.json'));
  const crops = csvRows((await saved(page, page.locator('#exemplars [data-save=csv]'))).bytes);
  const activation = crops[0].indexOf('activation');
  const shown = kind => view.exemplars[kind].slice(0, 9);
  const expected = [...shown('strongest'), ...shown('middle'), ...shown('weakest')];
  assert.deepEqual(crops.slice(1).map(row => +row[activation]), expected.map(exemplar => exemplar.value));
  assert.deepEqual(crops.slice(1).map(row => row.slice(activation + 1, activation + 5).map(Number)), expected.map(({ field }) => [field.y, field.x, field.height, field.width]));
  if (!view.classes.length) { t.skip('the site has no classes'); return; }
  const classes = csvRows((await saved(page, page.locator('#class-auc [data-save=csv]'))).bytes);
  assert.deepEqual(classes[0], ['class', 'AUC', 'low', 'high', 'q']);
  assert.deepEqual(classes.slice(1).map(row => row.slice(1).map(Number)), view.classes.map(({ auc: { value, interval }, q }) => [value, interval?.low ?? 0, interval?.high ?? 0, q]));
  page.faults();
  await page.close();
});

/** The grid of a network on a micrograph, read as the page reads it. */
function gridOf(id, networkId) {
  let value;
  const NanoAID = { put: (_, given) => { value = given; } };
  new Function('NanoAID', fs.readFileSync(path.join(folder, `micrographs/${id}.${networkId}.js`), 'utf8'))(NanoAID);
  return { rows: value.rows, cols: value.cols, bytes: Buffer.from(value.values, 'base64') };
}

test('a box over one cell finds the units that fire there more than elsewhere, and patches like it', async () => {
  const page = await opened(context, micrographPage);
  const { id, height, width, networkId } = await page.evaluate(() => {
    const { m, h, w } = document.querySelector('.stage').dataset;
    return { id: m, height: +h, width: +w, networkId: document.querySelector('.finder').elements.network.value };
  });
  const grid = gridOf(id, networkId), cells = grid.rows * grid.cols;
  // the cell in the second row and third column, typed
  const row = 1, col = 2, cell = row * grid.cols + col;
  const typed = { y: row * height / grid.rows, x: col * width / grid.cols, height: height / grid.rows, width: width / grid.cols };
  for (const [name, value] of Object.entries(typed)) await page.fill(`.finder input[name=${name}]`, String(Math.round(value)));
  await page.click('.finder button[type=submit]');
  await page.waitForSelector('#found .card');
  await page.waitForSelector('#more .crop');
  await page.click('#found summary');
  const differences = [];
  for (let unit = 0; unit * cells < grid.bytes.length; unit++) {
    const of = grid.bytes.subarray(unit * cells, (unit + 1) * cells), all = of.reduce((a, b) => a + b, 0);
    differences.push((of[cell] - (all - of[cell]) / (cells - 1)) / 255);
  }
  const expected = differences.sort((a, b) => b - a).slice(0, 12).filter(one => one > 0);
  const found = await page.$$eval('#found tbody tr', rows => rows.map(row => [...row.cells].slice(1).map(cell => +cell.textContent.replace('−', '-'))));
  assert.equal(found.length, expected.length);
  found.forEach(([inside, elsewhere, difference], nth) => {
    assert.ok(Math.abs(inside - elsewhere - difference) < 0.006, `${inside} − ${elsewhere} = ${difference}`);
    // whole pixels do not quite meet the borders of cells, and the page shows three digits
    assert.ok(Math.abs(difference - expected[nth]) < 0.04, `${difference} for ${expected[nth]}`);
  });
  const like = await page.$$eval('#more .crop', crops => crops.map(crop => [/([^/]+)\.html/.exec(crop.href)[1], +crop.dataset.v]));
  assert.ok(like.length > 0 && like.every(([other]) => other !== id), 'patches come from other micrographs');
  assert.ok(like.every(([, rank], nth) => nth === 0 || rank <= like[nth - 1][1]), 'the most like comes first');
  page.faults();
  await page.close();
});

test('a box is drawn by pointer, is part of the address, and is cleared', async () => {
  const page = await opened(context, micrographPage);
  const stage = await page.locator('.stage').boundingBox();
  const at = (x, y) => [stage.x + x * stage.width, stage.y + y * stage.height];
  await page.mouse.move(...at(0.25, 0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.5, 0.75), { steps: 4 });
  await page.mouse.up();
  await page.waitForSelector('#found .card');
  const hash = new URL(page.url()).hash;
  const [y, x, h, w] = hash.slice(5).split(',').map(Number);
  const [height, width] = await page.$eval('.stage', stage => [+stage.dataset.h, +stage.dataset.w]);
  for (const [found, expected] of [[y, height / 4], [x, width / 4], [h, height / 2], [w, width / 4]]) {
    assert.ok(Math.abs(found - expected) <= 2, `${hash} on ${height} × ${width}`);
  }
  await page.click('.finder button[type=reset]');
  assert.equal(await page.locator('.stage .box').count(), 0);
  assert.equal(await page.locator('#found').isVisible(), false);
  const again = await opened(context, `${micrographPage}${hash}`);
  await again.waitForSelector('#found .card');
  page.faults();
  again.faults();
  await again.close();
  await page.close();
});

test('the self-test asks, counts, and gives the answers away as files', { skip: !kinds['self-test'] && 'the site has none' }, async () => {
  const page = await opened(context, kinds['self-test']);
  const truths = await page.$$eval('.question', questions => questions.map(question => +question.dataset.answer));
  const n = truths.length;
  for (const [nth, truth] of truths.entries()) {
    assert.equal(await page.locator('.question:visible').count(), 1);
    // every second answer by a key
    if (nth % 2) await page.keyboard.press(String(truth + 1));
    else await page.locator('.question:visible .query').nth(truth).click();
  }
  // Wilson's lower end for n of n is n / (n + z²)
  const low = Math.round(100 * n / (n + 1.959964 ** 2));
  assert.ok((await page.textContent('.result')).startsWith(`${n} of ${n} right: 100 %, 95 % interval ${low} % to 100 %. That is more than guessing.`), await page.textContent('.result'));
  const rows = csvRows((await saved(page, page.locator('[data-answers=csv]'))).bytes);
  assert.equal(rows.length, n + 1);
  assert.ok(rows.slice(1).every(row => row[rows[0].indexOf('right')] === '1'));
  const answers = JSON.parse((await saved(page, page.locator('[data-answers=json]'))).bytes.toString('utf8'));
  assert.deepEqual([answers.n_questions, answers.n_right, answers.answers.length], [n, n, n]);
  assert.deepEqual(await axe(page), []);
  await page.click('[data-answers=again]');
  for (const truth of truths) await page.keyboard.press(String(2 - truth));
  assert.ok((await page.textContent('.result')).startsWith(`0 of ${n} right: 0 %`));
  page.faults();
  await page.close();
});
