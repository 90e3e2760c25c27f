// Keys, and a tour of five steps that is shown once.

import { at, element } from './dom.js';

/** @typedef {{keys: string[], what: string, do: () => void}} Key */

/** @param {[string, string][]} terms @param {Key[]} keys @param {string} limits */
export function makeHelp(terms, keys, limits) {
  const shown = (/** @type {string} */ key) => (key === ' ' ? 'Space' : key);
  const dialog = element('dialog', { class: 'help', 'aria-labelledby': 'help-title' },
    element('h2', { id: 'help-title' }, 'Keys'),
    element('table', {}, element('tbody', {}, keys.map(({ keys, what }) => element('tr', {}, element('th', { scope: 'row' }, keys.flatMap((key, i) => [i ? ' ' : '', element('kbd', {}, shown(key))])), element('td', {}, what))))),
    element('h2', {}, 'Mouse and fingers'),
    element('p', {}, 'Drag to move, turn the wheel or spread two fingers to zoom. A click asks which units fire at that place.'),
    element('h2', {}, 'Words'),
    element('dl', { class: 'terms' }, terms.flatMap(([term, meaning]) => [element('dt', {}, term), element('dd', {}, meaning)])),
    element('h2', {}, 'Limits'), element('p', {}, `The built-in classifier: ${limits}`),
    element('form', { method: 'dialog' }, element('button', { class: 'main-button' }, 'Close')));
  document.body.append(dialog);

  addEventListener('keydown', event => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (target.matches('input:not([type="range"]):not([type="checkbox"]), textarea, select')) return;
    if (target.matches('input[type="range"]') && /^Arrow|^Page|^Home$|^End$/.test(event.key)) return;
    const key = keys.find(one => one.keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.do();
  });

  return { open: () => { dialog.showModal(); dialog.scrollTop = 0; } };
}

const STEPS = /** @type {[string, string][]} */ ([
  ['views', 'The micrograph and one feature map, side by side. They move and zoom together. The scale bar follows.'],
  ['depth', 'How deep to look. Each depth is one stage of the network: edges first, then textures, then larger shapes.'],
  ['maps', 'All feature maps of this depth, strongest first. Click one to see it large.'],
  ['tab-measure', 'Pitch, lattice, particles, fibres: numbers with a 95 % interval, or the reason why there is none.'],
  ['tab-save', 'Pictures, numbers and the command line that gives the same result.'],
]);

/** The tour, unless it was seen. */
export function tour() {
  const NAME = 'nanoaid-tour';
  try { if (localStorage.getItem(NAME)) return; } catch { return; }
  let step = 0;
  const text = element('p'), count = element('span', { class: 'soft' });
  const done = () => { box.remove(); document.querySelector('.toured')?.classList.remove('toured'); try { localStorage.setItem(NAME, 'seen'); } catch { /* shown again next time */ } };
  const next = element('button', { type: 'button', class: 'main-button', onclick: () => { step++; if (step < STEPS.length) show(); else done(); } }, 'Next');
  const box = element('div', { class: 'tour', role: 'dialog', 'aria-label': 'Tour' }, text, element('p', { class: 'row-of-buttons' }, next, element('button', { type: 'button', onclick: done }, 'Skip'), count));
  function show() {
    document.querySelector('.toured')?.classList.remove('toured');
    at(STEPS[step][0]).classList.add('toured');
    text.textContent = STEPS[step][1];
    count.textContent = `${step + 1} of ${STEPS.length}`;
    next.textContent = step + 1 < STEPS.length ? 'Next' : 'Done';
  }
  document.body.append(box);
  show();
}
