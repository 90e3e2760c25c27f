// Measuring: what to look for and where, the numbers with their intervals, and the refusals with their reasons.

import * as api from './api.js';
import * as command from './command.js';
import { at, commandLine, element, fileButtons, say } from './dom.js';
import { shownOf } from './state.js';

const TASKS = [['pitch', 'pitch'], ['lattice', 'lattice'], ['orientation', 'orientation'], ['count', 'particles'], ['fibres', 'fibres'], ['pores', 'pores']];

/**
 * @param {{state: () => import('./state.js').State, info: () => any, run: (id: string) => string, change: (change: any) => void, tool: (tool: string) => void, shown: (overlay: {picture: ImageBitmap, part: number[]} | null) => void}} page
 */
export function makeMeasure(page) {
  const panel = at('panel-measure');
  const wish = { what: /** @type {string[]} */ ([]), tilt: 0, axis: 0, barNm: /** @type {number | null} */ (null), network: false, polarity: '', map: false, min: /** @type {number | null} */ (null), max: /** @type {number | null} */ (null), threshold: /** @type {number | null} */ (null) };
  const results = element('div', { class: 'measured', 'aria-live': 'polite' });
  const where = element('p', { class: 'soft' });
  const line = element('div');
  /** @type {AbortController | null} */ let running = null;
  let measured = '';

  const what = TASKS.map(([value, text]) => {
    const box = element('input', { type: 'checkbox', value });
    box.addEventListener('change', () => { wish.what = what.filter(one => one.box.checked).map(one => one.box.value); changed(); });
    return { box, label: element('label', {}, box, ` ${text}`) };
  });
  const field = (/** @type {string} */ text, /** @type {any} */ attributes, /** @type {(value: number | null) => void} */ set) => {
    const input = element('input', { type: 'number', step: 'any', ...attributes });
    input.addEventListener('change', () => { set(input.value === '' ? null : Number(input.value)); changed(); });
    return element('label', {}, text, input);
  };
  const looks = element('input', { type: 'checkbox' });
  looks.addEventListener('change', () => { wish.network = looks.checked; changed(); });
  const maps = element('input', { type: 'checkbox' });
  maps.addEventListener('change', () => { wish.map = maps.checked; changed(); });
  const polarity = element('select', {}, [['', 'as found'], ['bright', 'brighter'], ['dark', 'darker'], ['both', 'both']].map(([value, text]) => element('option', { value }, text)));
  polarity.addEventListener('change', () => { wish.polarity = polarity.value; changed(); });
  const button = element('button', { type: 'button', class: 'main-button', onclick: () => measure() }, 'Measure');
  panel.append(
    element('h2', {}, 'Measure'),
    element('fieldset', { class: 'checks' }, element('legend', {}, 'What (none: chosen by the evidence)'), what.map(one => one.label)),
    element('div', { class: 'fields-2' },
      field('Tilt [°] ', { min: 0, max: 85, value: 0 }, value => { wish.tilt = value ?? 0; }),
      field('Tilt axis [°] ', { min: -180, max: 180, value: 0 }, value => { wish.axis = value ?? 0; }),
      field('Scale bar [nm] ', { min: 0, placeholder: 'as read off' }, value => { wish.barNm = value; }),
      element('label', {}, 'Objects are ', polarity),
      field('Least size [px] ', { min: 0, placeholder: '4' }, value => { wish.min = value; }),
      field('Largest size [px] ', { min: 0, placeholder: 'any' }, value => { wish.max = value; }),
      field('Threshold ', { min: 0.01, max: 0.99, placeholder: '0.35', title: 'Least probability of a pixel of an object, by the segmenter' }, value => { wish.threshold = value; }),
      element('label', {}, looks, ' also through the network'),
      element('label', { title: 'The pitch and the axis of lines at each place: for lines that bend, fan out, or change their distance' }, maps, ' map of pitches')),
    where, element('p', { class: 'row-of-buttons' }, button,
      element('button', { type: 'button', onclick: () => page.tool('box') }, 'Box…'),
      element('button', { type: 'button', onclick: () => page.change({ box: null }) }, 'Whole image')),
    results, line);

  function request() {
    const state = page.state();
    return {
      ...shownOf(state),
      what: wish.what, tilt_deg: wish.tilt, tilt_axis_deg: wish.axis, bar_nm: wish.barNm,
      part: state.box && { y: state.box[0], x: state.box[1], height: state.box[2], width: state.box[3] },
      polarity: wish.polarity || null, min_size_px: wish.min, max_size_px: wish.max, threshold: wish.threshold, pitch_map: wish.map,
      network: wish.network ? state.network : null,
    };
  }

  /** The result follows what is changed, once something was measured. */
  function changed() {
    describe();
    if (measured && measured !== JSON.stringify(request())) measure();
  }

  function describe() {
    const state = page.state(), info = page.info();
    if (!info) return;
    where.textContent = state.box ? `In the box: row ${state.box[0]}, column ${state.box[1]}, ${state.box[3]} × ${state.box[2]} px.` : 'On the whole specimen, without the data bar.';
    line.replaceChildren(element('h3', {}, 'The same in a terminal'), commandLine(command.measure(state, info.name, { what: wish.what, part: state.box, tilt: wish.tilt, axis: wish.axis, barNm: wish.barNm, polarity: wish.polarity, min: wish.min, max: wish.max, threshold: wish.threshold, map: wish.map, run: wish.network ? page.run(state.network) : '' })));
  }

  async function measure() {
    running?.abort();
    const own = running = new AbortController();
    const wanted = request();
    measured = JSON.stringify(wanted);
    results.classList.add('old');
    button.textContent = 'Measuring…';
    try {
      const found = await api.post('measure', wanted, own.signal);
      const file = (/** @type {string} */ name) => `api/made/${found.id}/${encodeURIComponent(name)}`;
      const whole = await createImageBitmap(await (await fetch(file(found.overlay), { signal: own.signal })).blob());
      const part = wanted.part ?? { y: 0, x: 0, height: found.record.report.height, width: found.record.report.width };
      // below the image the picture has its legend, which the table says
      const picture = await createImageBitmap(whole, 0, 0, whole.width, Math.min(whole.height, Math.round(part.height * whole.width / part.width)));
      if (own !== running) return;
      page.shown({ picture, part: [part.y, part.x, part.height, part.width] });
      show(found, file);
      say('');
    } catch (error) {
      if (own.signal.aborted) return;
      page.shown(null);
      results.replaceChildren(element('ul', { class: 'warnings' }, element('li', {}, String(/** @type {Error} */ (error).message))));
    } finally {
      if (own === running) { results.classList.remove('old'); button.textContent = 'Measure'; }
    }
  }

  /** @param {any} found @param {(name: string) => string} file */
  function show(found, file) {
    const groups = /** @type {Map<string, any[]>} */ (new Map());
    for (const row of found.rows) groups.set(row.what, [...groups.get(row.what) ?? [], row]);
    const tables = [...groups].map(([what, rows]) => {
      const numbers = rows.filter(row => row.value !== null), said = rows.filter(row => row.value === null);
      return element('section', { class: 'answer' },
        element('h3', {}, what),
        said.filter(row => row.name === '').map(row => element('p', {}, row.note)),
        numbers.length ? element('div', { class: 'wide' }, element('table', { class: 'numbers-table' },
          element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'quantity'), element('th', { scope: 'col', class: 'number' }, 'value'), element('th', { scope: 'col', class: 'number', title: 'half the width of the 95 % interval' }, '± (95 %)'), element('th', { scope: 'col' }, 'unit'))),
          element('tbody', {}, numbers.map(row => element('tr', { title: row.note }, element('th', { scope: 'row' }, row.name), element('td', { class: 'number' }, row.value), element('td', { class: 'number' }, row.expanded), element('td', {}, row.unit)))))) : '',
        said.filter(row => row.name !== '').map(row => element('p', { class: 'refusal' }, element('strong', {}, row.name === 'refused' ? 'No number: ' : `No ${row.name}: `), row.note)));
    });
    results.replaceChildren(
      ...tables,
      found.pitch_map ? element('section', { class: 'answer' }, element('h3', {}, 'map of pitches'), element('p', {}, found.pitch_map.text), found.pitch_map.picture ? element('img', { class: 'pitch-map', src: file(found.pitch_map.picture), alt: 'Local pitch in colors' }) : '') : '',
      found.warnings.length ? element('ul', { class: 'warnings' }, found.warnings.map((/** @type {string} */ text) => element('li', {}, text))) : '',
      fileButtons(found.files, file));
  }

  return {
    measure,
    /** Another image or reading: what was measured is of the past. */
    reset() { measured = ''; running?.abort(); results.replaceChildren(); page.shown(null); describe(); },
    changed,
    describe,
  };
}
