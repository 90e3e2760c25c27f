// A unit: its numbers on this micrograph, the picture that it responds to, climbed while one watches, and what is known of it.

import * as api from './api.js';
import { makeChange } from './change.js';
import * as command from './command.js';
import { at, commandLine, element, save, say } from './dom.js';
import { goesOn } from './jobs.js';
import { classesOf, conceptsOf, patchesOf, tuningOf } from './known.js';
import { addressOf } from './maps.js';
import { makePlace } from './place.js';
import { number } from './scale.js';
import { shownOf } from './state.js';

/**
 * @param {{state: () => import('./state.js').State, run: (id: string) => string, nmPerPx: () => number | null, data: any,
 *   jobs: () => ReturnType<typeof import('./jobs.js').makeJobs>, select: (layer: string, channel: number, network?: string) => void, open: (number: number) => void,
 *   name: () => string, shown: import('./change.js').Page['shown']}} page
 */
export function makeUnit(page) {
  const panel = at('panel-unit');
  const title = element('h2', {}, 'Unit'), facts = element('div'), site = element('div');
  const picture = element('img', { alt: '', class: 'ascent', width: 192, height: 192, hidden: true });
  const text = element('p', { class: 'soft', role: 'status' });
  const bar = element('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Steps of the ascent' });
  const start = element('button', { type: 'button', class: 'main-button', onclick: () => begin() }, 'Show what it responds to');
  const stop = element('button', { type: 'button', hidden: true, onclick: () => job && page.jobs().stop(job.id) }, 'Stop');
  const preset = element('select', { 'aria-label': 'Preset' }, ...['fast', 'chollet', 'measure', 'robust'].map(name => element('option', { value: name }, name)));
  const keep = element('button', { type: 'button', hidden: true, onclick: async () => save(await (await fetch(picture.src)).blob(), `${job.wish.unit.replace(':', '.')}.png`) }, 'Save PNG');
  const line = element('div'), jobs = element('ul', { class: 'jobs', id: 'jobs' });
  const patches = element('div'), classes = element('div'), concepts = element('div'), tuning = element('div');
  const passText = element('p', { class: 'soft', role: 'status' });
  const passButton = element('button', { type: 'button', onclick: () => beginPass() }, 'Look through the data folder');
  const pass = element('div', { hidden: !page.data }, element('p', { class: 'row-of-buttons' }, passButton), passText);
  const tuningText = element('p', { class: 'soft', role: 'status' });
  const tuningButton = element('button', { type: 'button', onclick: () => beginTuning() }, 'Show it gratings, lattices, discs');
  const changing = { jobs: page.jobs, source: () => ({ name: page.name(), run: page.run(page.state().network), state: page.state() }), select: page.select, shown: page.shown };
  const times = element('input', { type: 'number', min: -100, max: 100, step: 'any', value: 0, 'aria-label': 'What its activations are multiplied by' });
  const ofUnit = () => ({ network: page.state().network, unit: unit() }), ofImage = () => ({ shown: shownOf(page.state()), network: page.state().network });
  const off = makeChange(changing, 'Switch it off, or up', () => (page.state().unit === null ? null : { kind: 'ablate', ...ofImage(), units: [unit()], times: Number(times.value) }));
  const more = makeChange(changing, 'Accentuate what it looks for', () => (page.state().unit === null ? null : { kind: 'accentuate', ...ofImage(), unit: unit() }));
  const parts = makeChange(changing, 'Which lower units make it?', () => (page.state().unit === null ? null : { kind: 'circuit', ...ofUnit() }));
  const changes = [off, more, parts];
  const place = makePlace({ state: page.state, changing, data: page.data, select: page.select, open: page.open });
  panel.append(title, facts, site, element('p', { class: 'row-of-buttons' }, start, preset, stop, keep), picture, bar, text, patches, pass, classes, concepts,
    element('h3', {}, 'Tuning'), element('p', { class: 'row-of-buttons' }, tuningButton), tuningText, tuning,
    element('h3', {}, 'Change it, and see'), element('p', { class: 'row-of-buttons' }, off.button, off.stop, element('label', { class: 'soft' }, 'times ', times, ' (0 is off, 2 doubles)')), off.result,
    element('p', { class: 'row-of-buttons' }, more.button, more.stop), more.result,
    element('p', { class: 'row-of-buttons' }, parts.button, parts.stop), parts.result, line, place.node, element('h3', {}, 'Jobs'), jobs);
  /** @type {any} */ let seen = null;
  const sayLine = () => { if (seen) line.replaceChildren(element('h3', {}, 'The same in a terminal'), commandLine(command.visualize(page.run(page.state().network), addressOf(seen), preset.value))); };
  preset.addEventListener('change', sayLine);
  /** @type {any} */ let job = null;
  /** Unit and network that `known` was asked for. */ let asked = '';
  /** Unit and micrograph that were changed. */ let changed = '';
  /** A change that was chosen in the list of jobs, until its unit is shown. @type {{change: any, job: any} | null} */ let chosen = null;
  function showChosen() {
    if (!chosen || unit() !== (chosen.job.wish.unit ?? chosen.job.wish.units[0]) || changed !== JSON.stringify({ ...ofImage(), ...ofUnit() })) return;
    const { change, job: one } = chosen;
    chosen = null;
    change.adopt(one);
  }

  const unit = () => `${page.state().layer}:${page.state().unit}`;
  const isOwn = (/** @type {any} */ one, /** @type {string} */ kind) => one?.wish.kind === kind && one.wish.network === page.state().network && (kind === 'pass' || one.wish.unit === unit());

  /** @param {any} wish @param {any} where what goes wrong is said there */
  async function beginJob(wish, where) {
    try { return await page.jobs().begin(wish); } catch (error) { where.textContent = String(/** @type {Error} */ (error).message); return null; }
  }

  async function begin() {
    const state = page.state();
    if (state.unit === null) return;
    const begun = await beginJob({ kind: 'ascent', network: state.network, unit: unit(), preset: preset.value }, text);
    if (begun) show(begun);
  }
  const beginPass = () => beginJob({ kind: 'pass', network: page.state().network, layer: page.state().layer }, passText);
  const beginTuning = () => { if (page.state().unit !== null) beginJob({ kind: 'tuning', network: page.state().network, unit: unit() }, tuningText); };

  /** The ascent of the unit. @param {any} next */
  function show(next) {
    if (next) job = next;
    const own = isOwn(job, 'ascent');
    picture.hidden = !(own && job.picture !== null);
    bar.hidden = stop.hidden = !(own && goesOn(job));
    keep.hidden = !(own && job.phase === 'done');
    if (!own) { text.textContent = ''; return; }
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

  /** What a job that prepares something is at. @param {any} one @param {any} where @param {any} button */
  function showWork(one, where, button) {
    button.disabled = goesOn(one);
    const said = /** @type {Record<string, string>} */ ({ waiting: 'Waiting for another job.', running: `${one.text} …`, done: one.warnings.join(' '), cancelled: 'Stopped.', failed: one.error });
    where.textContent = said[one.phase];
  }

  /** Asks what is known of the unit, and shows it. */
  async function ask() {
    const { network, unit: channel } = page.state();
    if (channel === null) return;
    const question = { network, unit: unit() }, name = asked = JSON.stringify(question);
    let known;
    try { known = await api.get('unit', question); } catch { return; }
    if (asked !== name) return;
    site.replaceChildren();
    if (known.site) {
      const { page: address, picture: shown, preset: by, score, blank } = known.site;
      site.append(...[shown && element('img', { src: shown, alt: `What ${unit()} responds to, from the site`, class: 'ascent', width: 192, height: 192 }),
        element('p', { class: 'soft' }, by ? `From the site, by the preset ${by}, score ${number(score)}${blank ? `: it shows nothing (${blank})` : ''}. ` : '', element('a', { href: address, target: '_blank', rel: 'noopener' }, 'Its page in the site'))].filter(Boolean));
    }
    patches.replaceChildren(...(known.patches ? [patchesOf(known.patches, page.open)] : []));
    classes.replaceChildren(...(known.classes.length ? [classesOf(known.classes)] : []));
    concepts.replaceChildren(...(known.site?.concepts.length ? [conceptsOf(known.site.concepts)] : []));
    tuning.replaceChildren(...(known.tuning ? [tuningOf(known.tuning, page.nmPerPx())] : []));
    tuningButton.hidden = Boolean(known.tuning);
    pass.hidden = !page.data || known.patches?.of === 'data';
    if (!pass.hidden) passButton.textContent = `Look for patches in the ${page.data.n} micrographs of the data folder`;
  }

  return {
    begin, changing,
    /** What happens to a job. @param {any} one */
    heard(one) {
      if (one.wish.kind === 'ascent') { if (job?.id === one.id) show(one); return; }
      for (const change of [...changes, place]) change.heard(one);
      if (isOwn(one, 'pass')) showWork(one, passText, passButton);
      if (isOwn(one, 'tuning')) showWork(one, tuningText, tuningButton);
      if (one.phase === 'done' && (isOwn(one, 'pass') || isOwn(one, 'tuning'))) ask();
    },
    /** A job that was chosen in the list. @param {any} one */
    select(one) {
      if (one.wish.kind === 'ascent') job = one;
      const [layer, channel] = (one.wish.unit ?? one.wish.units?.[0] ?? '').split(':');
      if (layer) page.select(layer, Number(channel), one.wish.network);
      if (one.wish.kind === 'ascent') show(one);
      const change = /** @type {Record<string, any>} */ ({ ablate: off, accentuate: more, circuit: parts })[one.wish.kind];
      if (!change || !layer) { if (one.wish.shown) say('Its result is not kept on the page: begin it again where it was begun.'); return; }
      if (one.wish.shown && one.wish.shown.image !== page.state().image) { say('It is of another micrograph: open that first.'); return; }
      chosen = { change, job: one };
      showChosen();
    },
    /** Forgets what was shown of a unit, where there is no map any more. */
    clear() {
      changed = '';
      for (const change of changes) change.reset();
      title.textContent = 'Unit';
      facts.replaceChildren();
      seen = null;
      line.replaceChildren();
    },
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
      show(page.jobs().newest(one => isOwn(one, 'ascent')));
      for (const [kind, where, button] of /** @type {[string, any, any][]} */ ([['pass', passText, passButton], ['tuning', tuningText, tuningButton]])) {
        const known = page.jobs().newest(one => isOwn(one, kind));
        if (known && goesOn(known)) showWork(known, where, button); else { where.textContent = ''; button.disabled = false; }
      }
      const of = JSON.stringify({ ...ofImage(), ...ofUnit() });
      if (changed !== of) { changed = of; for (const change of changes) change.reset(); }
      showChosen();
      if (asked !== JSON.stringify(ofUnit())) ask();
    },
    /** Units that fire at a place. @param {any[]} found @param {string} where @param {boolean} isBox */
    showPlace: (found, where, isBox) => place.show(found, where, isBox),
  };
}
