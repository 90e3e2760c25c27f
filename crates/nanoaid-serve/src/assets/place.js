// A place on the micrograph: the units that fire there more than elsewhere, and of a box its caricature and what is like it in the data.

import * as api from './api.js';
import { makeChange } from './change.js';
import { element } from './dom.js';
import { patchRow } from './known.js';
import { addressOf } from './maps.js';
import { number } from './scale.js';
import { shownOf } from './state.js';

/**
 * @param {{state: () => import('./state.js').State, changing: import('./change.js').Page, data: any, select: (layer: string, channel: number) => void, open: (number: number) => void}} page
 */
export function makePlace(page) {
  const units = element('div');
  const ofBox = () => {
    const { box, network, layer } = page.state();
    return box && { shown: shownOf(page.state()), network, layer, part: { y: box[0], x: box[1], height: box[2], width: box[3] } };
  };
  const caricature = makeChange(page.changing, 'Caricature: what the layer sees in it', () => { const wish = ofBox(); return wish && { kind: 'caricature', ...wish }; }, { caricature: shownCaricature });
  const alike = makeChange(page.changing, 'What is like it in the data folder?', () => { const wish = ofBox(); if (!wish) return null; const { layer, ...rest } = wish; return { kind: 'alike', ...rest }; }, { alike: shownAlike });
  const ofBoxes = element('div', { hidden: true }, element('p', { class: 'row-of-buttons' }, caricature.button, caricature.stop), caricature.result,
    element('div', { hidden: !page.data }, element('p', { class: 'row-of-buttons' }, alike.button, alike.stop), alike.result));

  /** @param {any} _found @param {any} job */
  function shownCaricature(_found, job) {
    return [element('img', { src: api.address(`jobs/${job.id}/picture`), alt: `The box as ${job.wish.layer} sees it, enhanced`, class: 'ascent', width: 256, height: 256 }),
      element('p', { class: 'soft' }, `A square in the middle of the box, of at least 64 and at most 256 px, changed so that ${job.wish.layer} responds as it does there, and more so: what is drawn is what the layer sees, what is missing it does not.`)];
  }

  /** @param {any} found */
  function shownAlike(found) {
    return [element('p', { class: 'soft' }, `Of ${found.n} micrographs, one part each: how much the units that stand for the box fire there; 1 is as in the box.`), patchRow(found.patches, page.open)];
  }

  return {
    node: element('div', {}, units, ofBoxes),
    heard: (/** @type {any} */ job) => { caricature.heard(job); alike.heard(job); },
    /** Units that fire at a place. @param {any[]} found @param {string} where @param {boolean} isBox */
    show(found, where, isBox) {
      caricature.reset();
      alike.reset();
      ofBoxes.hidden = !isBox;
      units.replaceChildren(element('h3', {}, `Units that fire ${where} more than elsewhere`),
        found.length ? element('table', { class: 'numbers-table' },
          element('thead', {}, element('tr', {}, ['unit', 'inside', 'outside', 'σ'].map((name, i) => element('th', { scope: 'col', class: i ? 'number' : '' }, name)))),
          element('tbody', {}, found.slice(0, 12).map(one => {
            const name = addressOf({ address: one.unit }), [layer, channel] = name.split(':');
            return element('tr', {}, element('th', { scope: 'row' }, element('button', { type: 'button', class: 'link', onclick: () => page.select(layer, Number(channel)) }, name)),
              ...[one.inside, one.outside, one.contrast].map(value => element('td', { class: 'number' }, number(value))));
          }))) : element('p', {}, 'None.'));
    },
  };
}
