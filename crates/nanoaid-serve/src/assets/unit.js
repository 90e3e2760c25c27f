// A unit: its numbers on this micrograph, and the picture that it responds to, climbed while one watches.

import * as api from './api.js';
import * as command from './command.js';
import { at, commandLine, element, save, say } from './dom.js';
import { addressOf } from './maps.js';
import { number } from './scale.js';

/**
 * @param {{state: () => import('./state.js').State, run: (id: string) => string, select: (layer: string, channel: number) => void, terms: [string, string][]}} page
 */
export function makeUnit(page) {
  const panel = at('panel-unit');
  const title = element('h2', {}, 'Unit'), facts = element('div');
  const picture = element('img', { alt: '', class: 'ascent', width: 192, height: 192, hidden: true });
  const text = element('p', { class: 'soft', role: 'status' });
  const bar = element('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Steps of the ascent' });
  const start = element('button', { type: 'button', class: 'main-button', onclick: () => begin() }, 'Show what it responds to');
  const stop = element('button', { type: 'button', hidden: true, onclick: () => job && api.remove(`jobs/${job.id}`).catch(error => say(error.message, true)) }, 'Stop');
  const preset = element('select', { 'aria-label': 'Preset' }, ...['fast', 'chollet', 'measure', 'robust'].map(name => element('option', { value: name }, name)));
  const keep = element('button', { type: 'button', hidden: true, onclick: async () => save(await (await fetch(picture.src)).blob(), `${job.wish.unit.replace(':', '.')}.png`) }, 'Save PNG');
  const line = element('div'), jobs = element('ul', { class: 'jobs' });
  const place = element('div');
  panel.append(title, facts, element('p', { class: 'row-of-buttons' }, start, preset, stop, keep), picture, bar, text, line, place, element('h3', {}, 'Jobs'), jobs);
  /** @type {any} */ let seen = null;
  const sayLine = () => { if (seen) line.replaceChildren(element('h3', {}, 'The same in a terminal'), commandLine(command.visualize(page.run(page.state().network), addressOf(seen), preset.value))); };
  preset.addEventListener('change', sayLine);
  /** @type {any} */ let job = null;
  /** @type {Map<number, any>} */ const all = new Map();

  const unit = () => `${page.state().layer}:${page.state().unit}`;

  async function begin() {
    const state = page.state();
    if (state.unit === null) return;
    try {
      const begun = await api.post('jobs', { kind: 'ascent', network: state.network, unit: unit(), preset: preset.value });
      all.set(begun.id, begun);
      show(begun);
      list();
      listen();
    } catch (error) { text.textContent = String(/** @type {Error} */ (error).message); }
  }

  /** @param {any} next */
  function show(next) {
    if (next) job = next;
    const isOwn = job && job.wish.unit === unit() && job.wish.network === page.state().network;
    picture.hidden = !(isOwn && job.picture !== null);
    bar.hidden = stop.hidden = !(isOwn && (job.phase === 'running' || job.phase === 'waiting'));
    keep.hidden = !(isOwn && job.phase === 'done');
    if (!isOwn) { text.textContent = ''; return; }
    if (job.picture !== null) {
      picture.src = api.address(`jobs/${job.id}/picture`, { step: job.picture });
      picture.alt = `What ${job.wish.unit} responds to, after step ${Math.min(job.picture, job.steps)}`;
    }
    bar.value = job.share;
    const said = /** @type {Record<string, string>} */ ({
      waiting: 'Waiting for another job.', running: `Step ${job.step} of ${job.steps}.`,
      done: `Score ${number(job.score ?? NaN)}. ${job.warnings.join(' ')}`, cancelled: `Stopped after step ${job.step}.`, failed: job.error,
    });
    text.textContent = said[job.phase];
  }

  /** Rows of the list by job, kept as long as nothing but the share changes, so that a button stays under the finger. @type {Map<number, {phase: string, row: any, share: any}>} */
  const shown = new Map();

  function list() {
    const latest = [...all.values()].sort((a, b) => b.id - a.id).slice(0, 12);
    for (const id of shown.keys()) if (!latest.some(one => one.id === id)) shown.delete(id);
    let isOther = false;
    for (const one of latest) {
      if (shown.get(one.id)?.phase !== one.phase) {
        isOther = true;
        const share = element('span');
        const open = () => { job = one; const [layer, channel] = one.wish.unit.split(':'); page.select(layer, Number(channel)); show(all.get(one.id)); };
        shown.set(one.id, { phase: one.phase, share, row: element('li', {}, element('button', { type: 'button', class: 'link', onclick: open }, `${one.wish.unit} (${one.wish.network})`), ' ', share, ' ',
          one.phase === 'running' || one.phase === 'waiting' ? element('button', { type: 'button', onclick: () => api.remove(`jobs/${one.id}`).catch(error => say(error.message, true)) }, 'Stop') : '') });
      }
      /** @type {any} */ (shown.get(one.id)).share.textContent = one.phase === 'running' ? `${Math.round(100 * one.share)} %` : one.phase;
    }
    if (isOther) jobs.replaceChildren(...latest.map(one => shown.get(one.id)?.row));
    if (!latest.length) jobs.replaceChildren(element('li', { class: 'soft' }, 'None yet.'));
  }

  // One stream for everything, and only while something goes on: a browser has six connections to a server for all its
  // tabs together. A page that is loaded again, or shown again, asks for the list.
  /** @type {EventSource | null} */ let stream = null;
  const goesOn = () => [...all.values()].some(one => one.phase === 'running' || one.phase === 'waiting');

  function listen() {
    if (!goesOn() || document.hidden) { stream?.close(); stream = null; return; }
    if (stream) return;
    stream = new EventSource('api/events');
    // what happened before the stream was there
    stream.addEventListener('open', () => refresh());
    stream.addEventListener('message', event => {
      const said = JSON.parse(event.data);
      if (said.event !== 'job') return;
      heard(said.job);
      list();
      listen();
    });
  }

  /** @param {any} known */
  function heard(known) {
    all.set(known.id, known);
    if (job?.id === known.id) show(known);
  }

  async function refresh() {
    try { for (const one of await api.get('jobs')) heard(one); } catch { return; }
    list();
    listen();
  }
  refresh();
  document.addEventListener('visibilitychange', refresh);

  return {
    begin,
    /** @param {any} layer @param {number | null} channel */
    describe(layer, channel) {
      const found = layer?.result.channels.find((/** @type {any} */ one) => addressOf(one).endsWith(`:${channel}`));
      if (!found) return;
      const { statistics, state, rank } = found;
      title.textContent = `Unit ${addressOf(found)}`;
      const rows = [
        ['state', state.kind === 'near_copy' ? `near-copy of ${state.of}, r = ${state.correlation.toFixed(3)}` : state.kind],
        ['rank by energy', `${rank} of ${layer.result.channels.length}`],
        ['energy', number(statistics.energy)], ['spatial entropy', `${number(statistics.entropy_bits)} bit`],
        ['mean ± SD', `${number(statistics.mean)} ± ${number(statistics.standard_deviation)}`],
        ['range', `${number(statistics.min)} to ${number(statistics.max)}`],
        ['receptive field', layer.field_text],
      ];
      facts.replaceChildren(element('table', { class: 'facts' }, element('tbody', {}, rows.map(([name, value]) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value))))));
      seen = found;
      sayLine();
      const known = [...all.values()].reverse().find(one => one.wish.unit === unit() && one.wish.network === page.state().network);
      show(known ?? null);
    },
    /** Units that fire at a place. @param {any[]} units @param {string} where */
    showPlace(units, where) {
      place.replaceChildren(element('h3', {}, `Units that fire ${where} more than elsewhere`),
        units.length ? element('table', { class: 'numbers-table' },
          element('thead', {}, element('tr', {}, ['unit', 'inside', 'outside', 'σ'].map((name, i) => element('th', { scope: 'col', class: i ? 'number' : '' }, name)))),
          element('tbody', {}, units.slice(0, 12).map(one => {
            const name = addressOf({ address: one.unit }), [layer, channel] = name.split(':');
            return element('tr', {}, element('th', { scope: 'row' }, element('button', { type: 'button', class: 'link', onclick: () => page.select(layer, Number(channel)) }, name)),
              ...[one.inside, one.outside, one.contrast].map(value => element('td', { class: 'number' }, number(value))));
          }))) : element('p', {}, 'None.'));
    },
  };
}
