// Why: where the score of a class lies on the micrograph, and which units carry it.

import * as api from './api.js';
import * as command from './command.js';
import { makeChange } from './change.js';
import { commandLine, element, say } from './dom.js';
import { shownOf } from './state.js';

/**
 * Buttons that explain the class `named` and change the micrograph towards it, and what came out.
 * @param {{question: () => Record<string, any>, network: {id: string}, name: string, run: string, state: import('./state.js').State, isCurrent: () => boolean, change: import('./change.js').Page, shown: (overlay: {picture: ImageBitmap, part: number[]}) => void, select: (unit: string) => void}} page
 * @param {string} named
 */
export function makeWhy(page, named) {
  const result = element('div', { 'aria-live': 'polite' });
  const button = element('button', { type: 'button', onclick: explain }, `Why ${named.replaceAll('_', ' ')}?`);

  async function explain() {
    button.disabled = true;
    const text = button.textContent;
    button.textContent = 'Explaining…';
    try {
      const found = await api.get('explain', { ...page.question(), network: page.network.id, class: named });
      const picture = await createImageBitmap(await (await fetch(`api/explained/${found.id}`)).blob());
      if (!page.isCurrent()) return;
      page.shown({ picture, part: [0, 0, ...found.size] });
      show(found);
      say('');
    } catch (error) {
      say(String(/** @type {Error} */ (error).message), true);
    } finally {
      button.disabled = false;
      button.textContent = text;
    }
  }

  /** @param {any} found */
  function show(found) {
    result.replaceChildren(
      element('p', {}, element('span', { class: 'legend-for' }, '■'), ' speaks for it, ', element('span', { class: 'legend-against' }, '■'), ` against it (${found.method}; score ${signed(found.score)}). ${found.meaning}`),
      found.warnings.length ? element('ul', { class: 'warnings' }, found.warnings.map((/** @type {string} */ text) => element('li', {}, text))) : '',
      element('h3', {}, 'Units that carry it'),
      element('p', { class: 'row-of-buttons' }, found.units.map((/** @type {[string, number]} */ [unit, adds]) => element('button', { type: 'button', title: 'show its map', onclick: () => page.select(unit) }, `${unit} ${signed(adds)}`))),
      element('p', { class: 'soft' }, 'No map is the truth. In a terminal: other methods, controls that know nothing of the network, and what would change the answer.'),
      commandLine(command.explain(page.state, page.name, page.run, named)));
  }

  const more = makeChange(page.change, `Accentuate ${named.replaceAll('_', ' ')}`, () => ({ kind: 'accentuate', shown: shownOf(page.state), network: page.network.id, class: named }));
  return {
    node: element('div', { class: 'why' }, element('p', { class: 'row-of-buttons' }, button, more.button, more.stop), result, more.result),
    heard: more.heard,
  };
}

/** @param {number} value */
const signed = value => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
