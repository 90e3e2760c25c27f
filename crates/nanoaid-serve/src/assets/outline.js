// Outlining by the segmenter, and by hand: objects are removed by a click and added by a drag from edge to edge; the number
// and the sizes follow.

import * as api from './api.js';
import * as command from './command.js';
import { at, chart, commandLine, element, fileButtons, say } from './dom.js';
import { number } from './scale.js';
import { shownOf } from './state.js';

/** A position or length in px as the file of corrections has it. @param {number} value */
const round = value => Math.round(value * 10) / 10;
/** Diameter in px of a circle that is added by a click where nothing was found. */
const USUAL_PX = 20;

/**
 * @param {{state: () => import('./state.js').State, info: () => any, tool: (tool: string) => void, shown: (overlay: {picture: ImageBitmap, part: number[]} | null) => void}} page
 */
export function makeOutline(page) {
  const what = element('select', {}, ['particles', 'fibres', 'pores'].map(name => element('option', { value: name }, name)));
  const field = (/** @type {any} */ attributes) => element('input', { type: 'number', step: 'any', ...attributes });
  const threshold = field({ min: 0.01, max: 0.99, placeholder: '0.35' }), least = field({ min: 0, placeholder: '4' }), most = field({ min: 1, placeholder: 'any' });
  const button = element('button', { type: 'button', class: 'main-button', onclick: () => outline() }, 'Outline');
  const remove = element('button', { type: 'button', disabled: true, onclick: () => { page.tool('remove'); say('Click on each object that is to go. V or Escape ends it.'); } }, 'Remove…');
  const add = element('button', { type: 'button', disabled: true, onclick: () => { page.tool('add'); say('Drag across each object that is missing, from edge to edge; a click adds one of the median size. V or Escape ends it.'); } }, 'Add…');
  const back = element('button', { type: 'button', disabled: true, onclick: () => { corrections.pop(); outline(); } }, 'Take back the last');
  const results = element('div', { class: 'measured', 'aria-live': 'polite' }), line = element('div');
  /** Shapes that were added and points that were removed, as the file of corrections has them. @type {any[]} */ let corrections = [];
  /** @type {AbortController | null} */ let running = null;
  let hasResult = false, median = USUAL_PX;
  for (const one of [what, threshold, least, most]) {
    one.addEventListener('change', () => {
      // what was changed by hand was changed in what was found then
      if (one === what) corrections = [];
      describe();
      if (hasResult) outline();
    });
  }
  const box = element('div', { class: 'outline' },
    element('h2', {}, 'Outline, and correct by hand'),
    element('div', { class: 'fields-2' }, element('label', {}, 'What ', what), element('label', {}, 'Threshold ', threshold), element('label', {}, 'Least diameter [px] ', least), element('label', {}, 'Largest [px] ', most)),
    element('p', { class: 'row-of-buttons' }, button, remove, add, back), results, line);
  at('panel-measure').append(box);

  function request() {
    const state = page.state(), value = (/** @type {any} */ input) => (input.value === '' ? null : Number(input.value));
    return {
      ...shownOf(state),
      what: what.value, threshold: value(threshold), min_size_px: value(least), max_size_px: value(most), corrections,
    };
  }

  function describe() {
    const info = page.info();
    if (!info) return;
    const { what: kind, threshold: p, min_size_px: min, max_size_px: max } = request();
    line.replaceChildren(element('h3', {}, 'The same in a terminal'), commandLine(command.segment(page.state(), info.name, { what: kind, threshold: p, min, max, isCorrected: corrections.length > 0 })));
  }

  async function outline() {
    running?.abort();
    const own = running = new AbortController();
    const wanted = request();
    results.classList.add('old');
    button.textContent = 'Outlining…';
    try {
      const found = await api.post('segment', wanted, own.signal);
      const file = (/** @type {string} */ name) => `api/made/${found.id}/${encodeURIComponent(name)}`;
      const picture = await createImageBitmap(await (await fetch(file(found.overlay), { signal: own.signal })).blob());
      if (own !== running) return;
      hasResult = true;
      median = found.median_px ?? median;
      page.shown({ picture, part: [0, 0, found.record.height, found.record.width] });
      show(found, file);
    } catch (error) {
      if (own.signal.aborted) return;
      const text = String(/** @type {Error} */ (error).message);
      // a correction that changes nothing is not kept
      if (hasResult && wanted.corrections.length) { corrections.pop(); say(`Nothing changed: ${text}`, true); }
      else results.replaceChildren(element('ul', { class: 'warnings' }, element('li', {}, text)));
    } finally {
      if (own === running) {
        results.classList.remove('old');
        button.textContent = 'Outline';
        remove.disabled = add.disabled = !hasResult;
        back.disabled = corrections.length === 0;
        describe();
      }
    }
  }

  /** @param {any} found @param {(name: string) => string} file */
  function show(found, file) {
    const { record } = found, { sizes } = record, kind = record.settings.segment.what;
    const nAdded = corrections.filter(one => one.add).length, nRemoved = corrections.length - nAdded;
    const rows = [['share of the area', `${(100 * record.covered).toFixed(1)} %`]];
    if (record.mean_confidence !== null) rows.push(['mean confidence', record.mean_confidence.toFixed(2)]);
    const ends = (/** @type {any} */ one) => `${number(one.value)} ${sizes.unit}${one.low === null ? '' : ` (${number(one.low)}–${number(one.high)})`}`;
    if (sizes.summary) for (const [name, key] of [['D10', 'd10'], ['median diameter', 'd50'], ['D90', 'd90']]) rows.push([name, ends(sizes.summary.by_number[key])]);
    rows.push(['whole / cut by the border', `${sizes.n_whole} / ${sizes.n_cut}`]);
    results.replaceChildren(
      element('p', {}, element('strong', { class: 'count' }, `${record.n_regions} ± ${Math.ceil(record.count_uncertainty)} ${kind}`), nAdded + nRemoved ? ` (by hand: ${nAdded} added, ${nRemoved} removed)` : ''),
      element('table', { class: 'facts' }, element('tbody', {}, rows.map(([name, value]) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value))))),
      found.histogram ? element('div', { class: 'tuning-chart histogram' }, chart(found.histogram, 'sizes')) : '',
      record.warnings.length ? element('ul', { class: 'warnings' }, record.warnings.map((/** @type {string} */ text) => element('li', {}, text))) : '',
      fileButtons(found.files, file));
  }

  /** @param {any} correction */
  function correct(correction) {
    corrections.push(correction);
    outline();
  }

  return {
    describe,
    /** The tool that is in the hand. @param {string} tool */
    tool(tool) { for (const [name, one] of /** @type {[string, any][]} */ ([['remove', remove], ['add', add]])) one.setAttribute('aria-pressed', String(tool === name)); },
    /** A click with one of its tools. @param {string} tool @param {{x: number, y: number}} place */
    clicked(tool, { x, y }) {
      const { width, height } = page.info().facts;
      if (x < 0 || y < 0 || x >= width || y >= height) return;
      correct(tool === 'remove' ? { remove: [round(x), round(y)] } : { add: { circle: { x: round(x), y: round(y), diameter: round(median) } } });
    },
    /** A drag from edge to edge. @param {number[]} line */
    dragged([y0, x0, y1, x1]) {
      correct({ add: { circle: { x: round((x0 + x1) / 2), y: round((y0 + y1) / 2), diameter: Math.max(1, round(Math.hypot(x1 - x0, y1 - y0))) } } });
    },
    /** Another image or reading: what was outlined is of the past. */
    reset() { running?.abort(); corrections = []; hasResult = false; remove.disabled = add.disabled = back.disabled = true; results.replaceChildren(); describe(); },
  };
}
