// Prints the time from a move of the depth slider to the picture, in Chromium with software rendering.
//
//     node serve-latency.mjs IMAGE      a micrograph of 1024 × 768 px
//
// New: the depth is computed. Kept: the server or the page has it from before.

import { dropped, launched, layerShown, opened, served } from './serve.mjs';

const [image] = process.argv.slice(2);
if (!image) throw new Error('expected the path of a micrograph');
const server = await served(), { context, close } = await launched();
const page = await opened(context, server.address);
await dropped(page, [image]);

/** Milliseconds until depth `depth` is on the screen. */
async function move(depth) {
  const n = await page.evaluate(() => performance.getEntriesByName('depth').length);
  await page.evaluate(depth => { const slider = document.querySelector('#depth'); slider.value = depth; slider.dispatchEvent(new Event('input', { bubbles: true })); }, String(depth));
  await page.waitForFunction(n => performance.getEntriesByName('depth').length > n, n, { polling: 10 });
  return page.evaluate(() => performance.getEntriesByName('depth').at(-1).duration);
}

/** Reads the image anew, so that nothing is kept, and stands at depth 1. */
async function anew(nm) {
  await move(1).catch(() => {});
  await page.click('#tab-image');
  await page.fill('[aria-label="Size of a pixel in nanometres"]', String(nm));
  await page.keyboard.press('Enter');
  await page.waitForFunction(nm => new URLSearchParams(location.hash.slice(1)).get('nm') === String(nm), nm);
  await layerShown(page);
}

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];
const line = (name, values) => console.log(`${name.padEnd(34)} median ${quantile(values, 0.5).toFixed(0)} ms, 95 % within ${quantile(values, 0.95).toFixed(0)} ms, n = ${values.length}`);
const n = Number(await page.getAttribute('#depth', 'max'));
console.log(`${await page.textContent('.name[data-kind="image"]')}, ${await page.getAttribute('#views', 'data-painter')}, autoencoder`);
await move(2);
for (let depth = 2; depth <= n; depth++) {
  const times = [];
  for (let i = 0; i < 6; i++) {
    await anew(+(3 + depth + i / 100).toFixed(2));
    times.push(await move(depth));
  }
  line(`new, depth 1 to ${depth}`, times);
}
const kept = [];
for (let i = 0; i < 24; i++) kept.push(await move(1 + (i % n)));
line('kept', kept);
await close();
await server.stop();
