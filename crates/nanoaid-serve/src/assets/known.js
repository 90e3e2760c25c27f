// What is known of a unit beyond the open micrograph: its picture in the site, patches of micrographs, classes, tuning.

import { chart, element } from './dom.js';
import { distance, number } from './scale.js';

/** Patches in a row, each a click away from its micrograph where that can be opened. @param {any} patches @param {(number: number) => void} open */
export function patchRow(patches, open) {
  return element('ul', { class: 'patches' }, patches.map((/** @type {any} */ one) => {
    const picture = element('img', { src: one.address, alt: '', width: 72, height: 72, loading: 'lazy' });
    const note = element('span', {}, number(one.value)), title = `${one.file}${one.category ? `, ${one.category}` : ''}`;
    return element('li', {}, one.open === null
      ? element('figure', { title }, picture, note)
      : element('button', { type: 'button', title: `${title}: open`, onclick: () => open(one.open) }, picture, note));
  }));
}

/** @param {any} patches @param {(number: number) => void} open */
export function patchesOf(patches, open) {
  const where = patches.of === 'data' ? `${patches.n} micrographs of the data folder` : `${patches.n} micrographs of the site`;
  if (patches.dead) return element('div', {}, element('h3', {}, 'Patches of micrographs'), element('p', {}, `Dead: it gave the same largest activation for all ${where}.`));
  return element('div', {},
    element('h3', {}, 'Patches that drive it most'), element('p', { class: 'soft' }, `Of ${where}, one a micrograph; at least 48 px are shown. Below each: the activation.`), patchRow(patches.strongest, open),
    patches.weakest.length ? [element('h3', {}, 'Least'), patchRow(patches.weakest, open)] : null);
}

/** Classes that it separates from the rest. @param {any[]} classes */
export function classesOf(classes) {
  const sorted = [...classes].sort((a, b) => Math.abs(b.auc - 0.5) - Math.abs(a.auc - 0.5));
  return element('div', {}, element('h3', {}, 'Classes'),
    element('p', { class: 'soft' }, 'Probability that a micrograph of the class drives it more than one of the rest: 0.5 is chance. Bold: found among all units (5 % false discoveries).'),
    element('table', { class: 'numbers-table' },
      element('thead', {}, element('tr', {}, ['class', 'AUC', '95 %'].map((name, i) => element('th', { scope: 'col', class: i ? 'number' : '' }, name)))),
      element('tbody', {}, sorted.map(one => element('tr', {}, element('th', { scope: 'row' }, one.class.replaceAll('_', ' ')),
        element('td', { class: 'number' }, one.q <= 0.05 ? element('strong', {}, one.auc.toFixed(2)) : one.auc.toFixed(2)),
        element('td', { class: 'number' }, one.low === null ? '–' : `${one.low.toFixed(2)}–${one.high.toFixed(2)}`))))));
}

/** Concepts of the site in which it takes part. @param {any[]} concepts */
export function conceptsOf(concepts) {
  return element('div', {}, element('h3', {}, 'Concepts'),
    element('p', { class: 'soft' }, 'Directions of this layer in which it takes part most, with its component.'),
    element('ul', { class: 'plain' }, concepts.map(one => element('li', {},
      element('a', { href: one.page, target: '_blank', rel: 'noopener' }, `concept ${one.number}${one.name ? `: ${one.name}` : ''}`), ` ${number(one.weight)}`))));
}

/** Charts and facts of its tuning. @param {any} tuning @param {number | null} nmPerPx */
export function tuningOf(tuning, nmPerPx) {
  /** @type {string[][]} */ const facts = [...tuning.facts];
  if (tuning.period_px && nmPerPx) facts.push(['Preferred period here', distance(tuning.period_px, nmPerPx)]);
  return element('div', {},
    element('table', { class: 'facts' }, element('tbody', {}, facts.map((/** @type {string[]} */ [name, value]) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value))))),
    tuning.notes.map((/** @type {string} */ note) => element('p', { class: 'layer-warning' }, note)),
    tuning.charts.map((/** @type {string[]} */ [title, drawn]) => element('figure', { class: 'tuning-chart' }, element('figcaption', {}, title), chart(drawn, title.toLowerCase().replace(/[^a-z0-9]+/g, '-')))));
}
