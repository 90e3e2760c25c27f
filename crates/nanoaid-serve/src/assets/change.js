// Changes: a unit switched off or up, the micrograph changed towards a unit or a class, and a unit taken apart. Each is a job of the
// server with a result and pictures.

import * as api from './api.js';
import * as command from './command.js';
import { commandLine, element } from './dom.js';
import { goesOn } from './jobs.js';
import { addressOf } from './maps.js';
import { number } from './scale.js';

/** @typedef {{name: string, run: string, state: import('./state.js').State}} Source the file, the network, and how the file is read */
/**
 * @typedef {object} Page
 * @property {() => ReturnType<typeof import('./jobs.js').makeJobs>} jobs
 * @property {() => Source} source
 * @property {(name: string, channel: number) => void} select
 * @property {(picture: {picture: ImageBitmap, title: string, size: [number, number]} | null) => void} shown shows a picture of the whole specimen over the micrograph
 */

/** @param {number} value */
const signed = value => `${value < 0 ? '−' : '+'}${number(Math.abs(value))}`;
const words = (/** @type {string} */ named) => named.replaceAll('_', ' ');

/** @param {string[]} heads @param {any[][]} rows the first cell of each its heading */
const table = (heads, rows) => element('table', { class: 'numbers-table' },
  element('thead', {}, element('tr', {}, heads.map((head, i) => element('th', { scope: 'col', class: i ? 'number' : '' }, head)))),
  element('tbody', {}, rows.map(([first, ...rest]) => element('tr', {}, element('th', { scope: 'row' }, first), rest.map(cell => element('td', { class: 'number' }, cell))))));

/** @param {string[]} texts */
const warnings = texts => (texts.length ? element('ul', { class: 'warnings' }, texts.map(text => element('li', {}, text))) : '');

/** A unit that is a click away. @param {any} unit @param {Page} page */
function unitButton(unit, page) {
  const name = addressOf({ address: unit }), end = name.lastIndexOf(':');
  return element('button', { type: 'button', class: 'link', onclick: () => page.select(name.slice(0, end), Number(name.slice(end + 1))) }, name);
}

/** What becomes of the network with units switched. @param {any} found @param {any} job @param {Page} page */
function ablation(found, job, page) {
  const { source, wish } = job, [low, high] = [Math.min(...found.controls), Math.max(...found.controls)];
  const beside = found.controls.length ? `; ${found.controls.length} other units of the layer, drawn at random: ${signed(low)} to ${signed(high)}` : '';
  const answers = found.answers, share = found.reconstruction;
  const pictures = Array.from({ length: found.n_pictures }, (_, n) => element('img', { src: api.address(`jobs/${job.id}/picture`, { step: n }), alt: '', class: 'before-after', loading: 'lazy' }));
  const ofOutput = share ? pictures.shift() : null;
  return [
    answers ? element('p', {}, element('strong', {}, answers[0] === answers[1] ? `${words(answers[1])}, as before` : `${words(answers[1])}, before ${words(answers[0])}`), `: change of its logit ${signed(found.change)}${beside}.`) : '',
    share ? element('p', {}, element('strong', {}, `${(100 * share[1]).toFixed(2)} % of the variance reconstructed`), `, before ${(100 * share[0]).toFixed(2)} %; change of the share ${signed(found.change)}${beside}.`) : '',
    warnings(found.warnings),
    ofOutput ? element('figure', {}, ofOutput, element('figcaption', { class: 'soft' }, 'Reconstruction: as it is, and switched.')) : '',
    found.classes.length ? table(['class', 'logit', 'then'], [...found.classes].sort((a, b) => b.before - a.before).slice(0, 6).map(one => [words(one.class), number(one.before), number(one.after)])) : '',
    found.later.length ? [element('h4', {}, 'Later units that change most'),
      element('p', { class: 'soft' }, 'Mean activation, and its change in standard deviations of the map.'),
      table(['unit', 'before', 'then', 'σ'], found.later.slice(0, 8).map((/** @type {any} */ one) => [unitButton(one.unit, page), number(one.before), number(one.after), signed(one.change)])),
      element('div', { class: 'before-afters' }, pictures.map((picture, n) => element('figure', {}, picture, element('figcaption', { class: 'soft' }, `${addressOf({ address: found.later[n].unit })}: as it is, and switched`))))] : '',
    commandLine(command.ablate(source.state, source.name, source.run, wish.units, wish.times)),
  ];
}

/** The micrograph changed towards a target. @param {any} found @param {any} job @param {Page} page @param {() => boolean} isCurrent */
function accentuation(found, job, page, isCurrent) {
  const { source, wish } = job, levels = found.levels;
  const percent = (/** @type {number} */ share) => `${(100 * share).toPrecision(2)} %`;
  async function show(/** @type {number} */ level) {
    const bytes = await (await fetch(api.address(`jobs/${job.id}/picture`, { step: level }))).blob();
    const picture = await createImageBitmap(bytes);
    if (!isCurrent()) return;
    job.hasPane = true;
    page.shown({ picture, title: `changed ${wish.away ? 'away from' : 'towards'} ${found.target}, ${percent(levels[level].change)}`, size: found.size });
  }
  const slider = element('input', { type: 'range', min: 0, max: levels.length - 1, value: levels.length - 1, 'aria-label': 'Strength of the change', oninput: () => tell() });
  const said = element('output', {});
  function tell() {
    const level = Number(slider.value);
    slider.setAttribute('aria-valuetext', said.textContent = `changed by ${percent(levels[level].change)} of the contrast`);
    show(level);
  }
  tell();
  return [
    element('p', { class: 'row-of-buttons' }, slider, said),
    element('p', { class: 'soft' }, `The micrograph, changed so that ${found.target} responds ${wish.away ? 'less' : 'more'}, in a pane of its own. What grows is what the network looks for here. Score before: ${number(found.score)}.`),
    warnings(found.warnings),
    table(['change', 'score', 'best at random', ...(found.answer ? ['class'] : [])], levels.map((/** @type {any} */ level) => [percent(level.change), number(level.score), level.random ? number(level.random.most) : '–', ...(found.answer ? [words(level.answer)] : [])])),
    element('p', { class: 'soft' }, 'Best at random: the best of changes of the same size and spectrum. If these do as much, it is contrast that counts, not a pattern.'),
    commandLine(command.accentuate(source.state, source.name, source.run, wish)),
  ];
}

/** The lower units that make a unit. @param {any} found @param {any} job @param {Page} page */
function circuit(found, job, page) {
  const picture = (/** @type {number} */ n, /** @type {any} */ part) => element('img', { src: api.address(`jobs/${job.id}/picture`, { step: n }), alt: `weights of ${addressOf({ address: part.unit })}`, class: 'kernel', width: 40, height: 40 });
  return [
    element('p', { class: 'soft' }, `Weights from ${found.from}, ${found.height} × ${found.width}: red raises it, blue lowers it.${found.parts.length < found.n_channels ? ` These ${found.parts.length} of ${found.n_channels} units have ${(100 * found.shown_share).toFixed(0)} % of the squares of all weights.` : ''}`),
    table(['unit', 'weights', 'share', 'sum'], found.parts.map((/** @type {any} */ part, /** @type {number} */ n) => [
      found.from === 'image' ? 'the image' : unitButton(part.unit, page), picture(n, part), `${(100 * part.share).toFixed(0)} %`, signed(part.sum)])),
    commandLine(command.circuit(job.source.run, job.wish.unit)),
  ];
}

/** @typedef {Record<string, (found: any, job: any, page: Page, isCurrent: () => boolean) => any[]>} Kinds how results are shown */
const KINDS = /** @type {Kinds} */ ({ ablate: ablation, accentuate: accentuation, circuit });

/**
 * A button that begins a change, and what came out of it.
 * @param {Page} page @param {string} text of the button
 * @param {() => any} wish what is wanted; null: nothing now
 * @param {Kinds} kinds
 */
export function makeChange(page, text, wish, kinds = KINDS) {
  const result = element('div', { class: 'change', 'aria-live': 'polite' });
  const stop = element('button', { type: 'button', hidden: true, onclick: () => job && page.jobs().stop(job.id) }, 'Stop');
  const button = element('button', { type: 'button', onclick: begin }, text);
  /** @type {any} */ let job = null;

  async function begin() {
    const wanted = wish(), source = page.source();
    if (!wanted) return;
    if (job?.hasPane) page.shown(null);
    result.textContent = '';
    try {
      // an answer may come in by the stream before this one
      job = { id: -1, source, wish: wanted };
      const begun = await page.jobs().begin(wanted);
      job = { ...begun, source };
      heard(begun);
    } catch (error) { job = null; result.textContent = String(/** @type {Error} */ (error).message); }
  }

  /** @param {any} next */
  async function heard(next) {
    if (next.id !== job?.id || job.isShown) return;
    stop.hidden = !goesOn(next);
    button.disabled = goesOn(next);
    const said = /** @type {Record<string, string>} */ ({ waiting: 'Waiting for another job …', running: next.share > 0 ? `Computing, ${Math.round(100 * next.share)} % …` : 'Computing …', cancelled: 'Stopped.', failed: next.error, done: '' });
    result.textContent = said[next.phase];
    if (next.phase !== 'done') return;
    job.isShown = true;
    const own = job, isCurrent = () => own === job;
    try {
      const found = next.has_result ? await api.get(`jobs/${own.id}/result`) : null;
      if (isCurrent()) result.replaceChildren(...kinds[own.wish.kind](found, own, page, isCurrent).flat().filter(Boolean));
    } catch (error) { if (isCurrent()) result.textContent = String(/** @type {Error} */ (error).message); }
  }

  return {
    button, stop, result, heard,
    /** Forgets what was found. */
    reset() {
      if (job?.hasPane) page.shown(null);
      job = null; 
      button.disabled = false;
      stop.hidden = true;
      result.replaceChildren();
    },
    /** Shows a job that was begun before. @param {any} one */
    adopt(one) {
      job = { ...one, source: page.source() };
      heard(one);
    },
  };
}

