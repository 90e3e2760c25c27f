// What holds of the web app's modules that know no page: numbers, addresses, command lines, pairs of files, orders.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

// modules for Node, too: beside a package that says so
const assets = fileURLToPath(new URL('../../crates/nanoaid-serve/src/assets/', import.meta.url));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanoaid-modules-'));
fs.cpSync(assets, folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const load = name => import(pathToFileURL(path.join(folder, name)).href);

const scale = await load('scale.js');
const state = await load('state.js');
const command = await load('command.js');
const { paired } = await load('drop.js');
const { listed } = await load('maps.js');
const { halved } = await load('gl.js');
const { colored } = await load('canvas.js');
const { nmFromLine } = await load('image.js');
const { valueAt } = await load('api.js');
const { wantedPart } = await load('detail.js');

test('scale bars are 1, 2 or 5 times a power of ten, and as long as they say', () => {
  for (const [width, zoom, nm, label] of [[1000, 1, 1, '200 nm'], [1000, 1, 2, '500 nm'], [1000, 0.5, 2.5, '1 µm'], [1000, 8, 0.1, '2 nm'], [300, 1, null, '50 px']]) {
    const bar = scale.scaleBar(width, zoom, nm);
    assert.equal(bar.label, label, `${width} ${zoom} ${nm}`);
    const length = parseFloat(bar.label) * (bar.label.endsWith('µm') ? 1000 : 1);
    assert.ok(Math.abs(bar.px / zoom * (nm ?? 1) - length) < 1e-9);
    assert.ok(bar.px <= 0.3 * width);
  }
  assert.equal(scale.scaleBar(100, 64, null), null, 'less than a pixel');
  assert.equal(scale.scaleBar(0, 1, 1), null);
});

test('what is zoomed about keeps its place, and the screen and the image lead to each other', () => {
  const pane = { x: 10, y: 20, width: 300, height: 200 }, view = { x: 50, y: 40, zoom: 2 };
  const about = scale.toImage(view, pane, 77, 99);
  const next = scale.zoomed(view, 3, about), back = scale.toScreen(next, pane, about.x, about.y);
  assert.ok(Math.abs(back.x - 77) < 1e-9 && Math.abs(back.y - 99) < 1e-9);
  assert.equal(scale.zoomed(view, 1e9, about).zoom, 64, 'bounded');
});

test('panes do not overlap and fill the box', () => {
  for (const [n, width, height] of [[1, 800, 600], [2, 800, 600], [3, 900, 300], [4, 800, 600], [5, 800, 600], [2, 390, 700], [6, 390, 700]]) {
    const boxes = scale.arranged(n, width, height, 0);
    assert.equal(boxes.length, n);
    for (const [i, a] of boxes.entries()) {
      assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width + 1e-9 && a.y + a.height <= height + 1e-9, `${n}`);
      for (const b of boxes.slice(i + 1)) assert.ok(a.x + a.width <= b.x + 1e-9 || b.x + b.width <= a.x + 1e-9 || a.y + a.height <= b.y + 1e-9 || b.y + b.height <= a.y + 1e-9);
    }
  }
});

test('an address leads back to its state, and damage is as at first', () => {
  const one = { ...state.FIRST, image: 'ab', layer: 'encoder.2', unit: 7, nm: 2.5, box: [1, 2, 30, 40], x: 12.25, zoom: 3, low: -0.2, bar: '66' };
  assert.deepEqual(state.fromAddress(state.toAddress(one)), one);
  assert.equal(state.toAddress(state.FIRST), '#');
  assert.deepEqual(state.fromAddress('#unit=NaN&box=1,2,3&zoom=&__proto__=x&constructor=y&page=1e999'), state.FIRST);
});

test('command lines are words that a shell takes as they are meant', () => {
  const one = { ...state.FIRST, layer: 'encoder.2', nm: 2, page: 1, bar: '60', order: 'entropy' };
  assert.equal(command.lens(one, "it's a; $(rm) <script>.tif", 'autoencoder'), "nanoaid lens 'it'\\''s a; $(rm) <script>.tif' --layer encoder.2 --order entropy --page 1 --nm-per-px 2 --crop-bottom 60");
  assert.equal(command.quoted('-x.tif'), "'./-x.tif'");
  assert.equal(command.quoted('µm_中.tif'), 'µm_中.tif');
  const wish = { what: ['pitch', 'count'], part: [0, 0, 10, 20], tilt: 5, axis: 0, barNm: null, run: '' };
  assert.equal(command.measure(state.FIRST, 'a.tif', wish), 'nanoaid measure a.tif --what pitch,count --box 0,0,10,20 --tilt 5');
});

test('texts go with the image of their name', () => {
  const files = ['a.tif', 'a-tif.hdr', 'b.bmp', 'B.TXT', 'c.txt', 'a.png'].map(name => ({ name }));
  assert.deepEqual(paired(files).map(group => group.map(file => file.name)), [['a.tif', 'a-tif.hdr'], ['b.bmp', 'B.TXT'], ['a.png']]);
});

test('maps are ordered and filtered, near-copies after live ones, dead ones last', () => {
  const channel = (n, kind, energy, entropy_bits) => ({ address: `encoder.1:${n}`, state: { kind }, statistics: { energy, entropy_bits } });
  const channels = [channel(0, 'dead', 9, 0), channel(1, 'live', 1, 3), channel(2, 'near_copy', 8, 1), channel(3, 'live', 5, 5), channel(13, 'live', 2, 2)];
  const names = (order, filter = 'all', search = '', contrasts = null) => listed(channels, { order, filter }, search, contrasts).map(one => one.address.split(':')[1]).join(' ');
  assert.equal(names('energy'), '3 13 1 2 0');
  assert.equal(names('entropy'), '13 1 3 2 0');
  assert.equal(names('channel'), '0 1 2 3 13');
  assert.equal(names('energy', 'live', '1'), '13 1');
  assert.equal(names('place', 'all', '', new Map([[1, 2], [2, 7]])), '2 1 0 3 13');
});

test('reduced planes are means, also of odd sizes', () => {
  assert.deepEqual([...halved(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2, 4).data], [3.5, 5.5]);
  assert.deepEqual([...halved(Float32Array.of(1, 3, 100), 1, 3).data], [2]);
  assert.deepEqual(halved(Float32Array.of(1, 3), 2, 1), { data: Float32Array.of(2), height: 1, width: 1 });
});

test('colors are those of the table at the ends, between, and beyond; NaN is magenta', () => {
  const table = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const grays = values => [...colored(values, 10, 20, 1, table, 0)].filter((_, i) => i % 4 === 0);
  assert.deepEqual(grays([10, 20, 15, 0, 99]), [0, 255, 128, 0, 255]);
  assert.deepEqual([...colored([NaN], 0, 1, 1, table, 0)], [255, 0, 255, 255]);
});

test('a line along a scale bar gives the size of a pixel, in any unit that is typed', () => {
  for (const [typed, nm] of [['200 nm', 2], ['200', 2], ['0.2 µm', 2], ['0,2um', 2], ['1 mm', 1e4], ['0 nm', null], ['two', null], ['', null]]) assert.equal(nmFromLine([5, 0, 5, 100], typed), nm, typed);
});

test('the value under the cursor is that of the position that covers the pixel', () => {
  const plane = { kind: 'f32', height: 2, width: 2, data: Float32Array.of(1, 2, 3, 4), scale: 4, part: [0, 0, 2, 2], low: 0, high: 1 };
  assert.deepEqual([[0, 0], [3.9, 3.9], [4, 0], [7.9, 7.9], [8, 0], [-1, 0]].map(([x, y]) => valueAt(plane, x, y)), [1, 1, 2, 4, null, null]);
});

test('parts at full resolution are asked for where more is seen than was sent, and lie inside', () => {
  const sent = { kind: 'u8', height: 2048, width: 4096, scale: 1, part: [0, 0, 8192, 16384], low: 0, high: 255, data: new Uint8Array() };
  const pane = { width: 800, height: 600 };
  assert.equal(wantedPart(sent, { x: 8000, y: 4000, zoom: 0.2 }, pane), null, 'a pixel that was sent is smaller than one of the screen');
  assert.equal(wantedPart({ ...sent, height: 8192, width: 16384 }, { x: 8000, y: 4000, zoom: 4 }, pane), null, 'all was sent');
  for (const [x, y, zoom] of [[8000, 4000, 1], [0, 0, 2], [16384, 8192, 1], [8000, 4000, 0.3], [100, 8000, 8]]) {
    const part = wantedPart(sent, { x, y, zoom }, pane);
    assert.ok(part.y >= 0 && part.x >= 0 && part.y + part.height <= 8192 && part.x + part.width <= 16384, `${x} ${y} ${zoom}`);
    assert.ok(part.height <= 4096 && part.width <= 4096);
    if (zoom >= 1) assert.ok(part.x <= Math.max(0, x - 400 / zoom) && part.x + part.width >= Math.min(16384, x + 400 / zoom), 'all that is seen');
  }
  assert.deepEqual(wantedPart({ ...sent, scale: 2 }, { x: 0, y: 0, zoom: 2 }, pane), { y: 0, x: 0, height: 256, width: 256 }, 'in positions of the plane');
});
