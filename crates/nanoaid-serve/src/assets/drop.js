// Files that are dropped or chosen: images with their texts, and sessions.

import * as api from './api.js';
import { at, say } from './dom.js';

const TEXTS = /\.(hdr|txt)$/i;

/**
 * Images, each with the texts that lie beside it: `a.tif` with `a-tif.hdr`, `a.hdr` and `a.txt`.
 * @template {{name: string}} T
 * @param {T[]} files
 */
export function paired(files) {
  const texts = files.filter(file => TEXTS.test(file.name)), images = files.filter(file => !TEXTS.test(file.name));
  return images.map(image => {
    const found = /^(.*?)(?:\.([^.]*))?$/s.exec(image.name), stem = (found?.[1] ?? '').toLowerCase(), kind = (found?.[2] ?? '').toLowerCase();
    // as instruments call them, and as the reader looks for them
    const names = [`${stem}-${kind}.hdr`, ...kind === 'tiff' ? [`${stem}-tif.hdr`] : [], `${stem}.hdr`, `${stem}.txt`];
    return [image, ...texts.filter(text => names.includes(text.name.toLowerCase()))];
  });
}

/**
 * @param {{opened: (ids: string[]) => Promise<void>, session: (session: any) => void, most: () => number}} on
 */
export function makeDrop(on) {
  const input = at('files');

  /** @param {File[]} files */
  async function take(files) {
    const sessions = files.filter(file => file.name.endsWith('.nanoaid.json'));
    const groups = paired(files.filter(file => !sessions.includes(file)));
    const ids = [], faults = [];
    for (const [i, group] of groups.entries()) {
      say(`Reading ${group[0].name}${groups.length > 1 ? ` (${i + 1} of ${groups.length})` : ''} …`);
      if (group[0].size > on.most()) {
        faults.push(`${group[0].name}: ${Math.ceil(group[0].size / 2 ** 20)} MiB, at most ${Math.floor(on.most() / 2 ** 20)} MiB are read; start with --upload-limit for more`);
        continue;
      }
      try { ids.push((await api.upload(group)).id); } catch (error) { faults.push(String(/** @type {Error} */ (error).message)); }
    }
    const taken = new Set([...sessions, ...groups.flat()]), alone = files.filter(file => !taken.has(file));
    if (alone.length) faults.push(`${alone.map(file => file.name).join(', ')}: no image of that name was dropped with it; drop both together`);
    if (ids.length) await on.opened(ids);
    say(faults.join('\n'), faults.length > 0);
    // after the images that they name
    for (const file of sessions) {
      let session = null;
      try { session = JSON.parse(await file.text()); } catch { /* is none, which is said */ }
      on.session(session);
    }
  }

  input.addEventListener('change', () => { take([...input.files]); input.value = ''; });
  let depth = 0;
  const hint = (/** @type {boolean} */ shown) => { at('drop-hint').hidden = !shown; };
  addEventListener('dragenter', event => { event.preventDefault(); depth++; hint(true); });
  addEventListener('dragleave', () => { depth = Math.max(0, depth - 1); if (depth === 0) hint(false); });
  addEventListener('dragover', event => event.preventDefault());
  addEventListener('drop', event => { event.preventDefault(); depth = 0; hint(false); take([...event.dataTransfer?.files ?? []]); });
  addEventListener('paste', event => { const files = [...event.clipboardData?.files ?? []]; if (files.length) take(files); });

  return { choose: () => input.click(), take };
}
