// What the file says: calibration and its source, data bar, settings of the instrument; and how it is read otherwise.

import { at, element } from './dom.js';
import { length } from './scale.js';

/**
 * @param {any} info
 * @param {import('./state.js').State} state
 * @param {{change: (change: Partial<import('./state.js').State>) => void, draw: () => void, forget: () => void, classify: any}} on
 */
export function showImage(info, state, on) {
  const { facts, data_bar: bar } = info, panel = at('panel-image');
  const below = bar ? facts.height - bar.end_row : 0;
  const how = bar && { metadata: 'from the metadata', pixels: 'found in the pixels', typed: 'as typed' }[/** @type {string} */ (bar.evidence)];
  const settings = facts.instrument;
  const rows = [
    ['file', info.name],
    ['image', `${facts.width} × ${facts.height} px, ${facts.format}, ${facts.sample}`],
    facts.n_pages > 1 && ['page', `${facts.page} of ${facts.n_pages}, counted from 0`],
    ['calibration', facts.calibration ? info.calibration_text : 'none: lengths are in px'],
    info.field_text && ['field', `${info.field_text} without the data bar`],
    ['data bar', bar ? `rows ${bar.first_row} to ${bar.end_row - 1}, ${how}${below ? `; ${below} rows of specimen below it are cut too` : ''}` : 'none'],
    (settings.vendor || settings.instrument) && ['instrument', [settings.vendor, settings.instrument].filter(Boolean).join(' ')],
    info.conditions.length && ['settings', info.conditions.join(', ')],
    settings.date && ['date', settings.date],
    info.contrast && ['contrast', `${+info.contrast[0].toPrecision(6)} is black and ${+info.contrast[1].toPrecision(6)} white to the network`],
    ['SHA-256', info.sha256],
  ].filter(Boolean);
  const typed = element('input', { type: 'number', min: '0.001', step: 'any', value: state.nm ?? '', placeholder: facts.calibration ? String(+facts.calibration.nm_per_px_x.toPrecision(7)) : '', 'aria-label': 'Size of a pixel in nanometres' });
  const cut = element('select', { 'aria-label': 'Data bar' }, ...[['find', 'look for it'], ['keep', 'keep all rows'], ['rows', 'cut off rows…']].map(([value, text]) => element('option', { value, selected: value === (/^\d+$/.test(state.bar) ? 'rows' : state.bar) }, text)));
  const n = element('input', { type: 'number', min: '0', max: String(facts.height - 1), step: '1', value: /^\d+$/.test(state.bar) ? state.bar : bar ? facts.height - bar.first_row : 0, 'aria-label': 'Rows to cut off', hidden: !/^\d+$/.test(state.bar) });
  cut.addEventListener('change', () => { n.hidden = cut.value !== 'rows'; on.change({ bar: cut.value === 'rows' ? n.value : cut.value }); });
  n.addEventListener('change', () => on.change({ bar: n.value || '0' }));
  typed.addEventListener('change', () => on.change({ nm: typed.value === '' ? null : Number(typed.value) }));
  panel.replaceChildren(
    element('h2', {}, 'Micrograph'),
    info.flat ? element('ul', { class: 'warnings' }, element('li', {}, info.flat)) : '',
    facts.warnings.length ? element('ul', { class: 'warnings' }, facts.warnings.map((/** @type {string} */ text) => element('li', {}, text))) : '',
    element('table', { class: 'facts' }, element('tbody', {}, rows.map((/** @type {any} */ [name, value]) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', { class: name === 'SHA-256' ? 'hash' : '' }, value))))),
    element('h3', {}, 'Change how the file is read'),
    element('div', { class: 'fields-2' },
      element('label', {}, 'nm per px ', typed),
      element('button', { type: 'button', onclick: on.draw, title: 'Draw a line over the scale bar, then type its length' }, 'Draw along a scale bar'),
      element('label', {}, 'Data bar ', cut), n),
    element('h3', {}, 'Class'),
    on.classify,
    element('p', {}, element('button', { type: 'button', onclick: on.forget }, 'Close this micrograph')),
  );
}

/** The class of a micrograph. @param {any} found */
export function classText(found) {
  const bars = found.answer.probabilities.slice(0, 5).map((/** @type {any} */ one) => {
    const meter = element('span', { class: 'meter' });
    meter.style.setProperty('--share', `${100 * one.probability}%`);
    return element('tr', {}, element('th', { scope: 'row' }, one.class.replaceAll('_', ' ')), element('td', { class: 'number' }, `${(100 * one.probability).toFixed(1)} %`), element('td', { class: 'wide-cell' }, meter));
  });
  return element('div', {},
    element('p', { class: 'lead' }, found.answer.said ? found.answer.said.replaceAll('_', ' ') : `no class: the highest probability is below ${Math.round(100 * found.answer.config.abstain_below)} %`),
    element('table', { class: 'probabilities' }, element('tbody', {}, bars)),
    element('p', { class: 'soft' }, found.caution));
}

/** The size of a pixel from a line along a scale bar. @param {number[]} line @param {string} typed e.g. `200 nm`, `1 µm`, `2.5um` */
export function nmFromLine(line, typed) {
  const found = /^\s*([\d.,]+)\s*(nm|µm|μm|um|mm|å|a|pm)?\s*$/i.exec(typed);
  if (!found) return null;
  const factor = /** @type {Record<string, number>} */ ({ nm: 1, 'µm': 1e3, 'μm': 1e3, um: 1e3, mm: 1e6, 'å': 0.1, a: 0.1, pm: 1e-3 })[(found[2] ?? 'nm').toLowerCase()];
  const nm = Number(found[1].replace(',', '.')) * factor, px = Math.hypot(line[2] - line[0], line[3] - line[1]);
  return nm > 0 && px > 0 ? nm / px : null;
}

export { length };
