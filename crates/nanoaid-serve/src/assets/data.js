// The data folder: its micrographs to open, and networks that learn from them.

import * as api from './api.js';
import { at, chart, choices, commandLine, element, say } from './dom.js';
import { quoted } from './command.js';
import { goesOn } from './jobs.js';

/** Micrographs that are listed at once. */
const LISTED = 300;

/** Minutes and seconds in words. @param {number} seconds */
export function timeText(seconds) {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * @param {any} data what the server said of the folder at its start
 * @param {{jobs: () => ReturnType<typeof import('./jobs.js').makeJobs>, opened: (ids: string[]) => Promise<void>, bases: () => {id: string, run: string}[], networks: () => Promise<void>}} page
 */
export function makeData(data, page) {
  const panel = at('panel-data');
  const search = element('input', { type: 'search', placeholder: 'part of a name', size: 14 });
  const category = element('select');
  const list = element('ul', { class: 'files' }), text = element('p', { class: 'soft' });
  /** @type {{file: string, category: string | null, problem: string | null}[]} */ let all = [];

  const open = async (/** @type {number} */ number) => {
    try {
      say(`Opening ${all[number]?.file ?? 'the micrograph'} …`);
      await page.opened([(await api.post(`data/${number}`, {})).id]);
    } catch (error) { say(String(/** @type {Error} */ (error).message), true); relist(); }
  };

  /** A name to open, or why it cannot be. @param {{file: string, problem: string | null}} one @param {number} number */
  const row = (one, number) => element('li', {}, element('button', { type: 'button', class: 'link', onclick: () => open(number) }, one.file), one.problem ? element('span', { class: 'layer-warning' }, ` ${one.problem}`) : null);

  function show() {
    const wanted = search.value.trim().toLowerCase();
    const found = all.map((one, number) => ({ ...one, number })).filter(one => (!category.value || one.category === category.value) && one.file.toLowerCase().includes(wanted));
    list.replaceChildren(...found.slice(0, LISTED).map(one => row(one, one.number)));
    const broken = all.filter(one => one.problem).length;
    text.textContent = (found.length > LISTED ? `The first ${LISTED} of ${found.length}; type a part of the name for others.` : `${found.length} of ${all.length} micrographs.`) + (broken ? ` ${broken} cannot be read.` : '');
  }
  search.addEventListener('input', show);
  category.addEventListener('change', show);

  // ---- training
  const what = element('select', { id: 'train-what' }, element('option', { value: 'autoencoder' }, 'autoencoder'), element('option', { value: 'classifier', disabled: data.categories.length < 2 }, data.categories.length < 2 ? 'classifier (needs folders of two categories)' : `classifier of ${data.categories.length} categories`));
  const from = element('select', { id: 'train-start', disabled: true });
  const name = element('input', { type: 'text', value: 'my-autoencoder', required: true, maxlength: 60, id: 'train-name' });
  const epochs = element('input', { type: 'number', min: 1, max: 10000, placeholder: 'as usual', id: 'train-epochs' });
  const start = element('button', { type: 'button', class: 'main-button', onclick: () => train(false) }, 'Train');
  const stop = element('button', { type: 'button', hidden: true, onclick: () => job && page.jobs().stop(job.id) }, 'Stop');
  const resume = element('button', { type: 'button', hidden: true, onclick: () => train(true) }, 'Resume');
  const said = element('p', { role: 'status' }), bar = element('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Share of the training that is done' });
  const curve = element('div', { class: 'tuning-chart' }), line = element('div');
  const sample = element('img', { class: 'before-after', alt: '', hidden: true }), sampled = element('p', { class: 'soft', hidden: true });
  /** @type {any} */ let job = null;
  let nDrawn = 0, began = 0, beganShare = 0;
  what.addEventListener('change', () => { if (/^my-(autoencoder|classifier)$/.test(name.value)) name.value = `my-${what.value}`; starts(); sayLine(); });
  for (const field of [name, epochs, from]) field.addEventListener('input', () => sayLine());

  /** What the training starts from: `random`, or a way and a network. */
  const startOf = () => { const [way, ...id] = from.value.split('/'), base = id.join('/'); return { start: way, base: base || null }; };

  /** Ways to start, of the networks that are open. */
  function starts() {
    const before = from.value;
    from.disabled = what.value !== 'classifier';
    /** @type {[string, string][]} */ const known = from.disabled ? [] : page.bases().flatMap(({ id }) => /** @type {[string, string][]} */ ([[`frozen/${id}`, `the features of ${id} as they are`], [`fine-tuned/${id}`, `${id}, all weights learn on`]]));
    choices(from, [['random', 'random weights'], ...known], known.some(([value]) => value === before) ? before : 'random');
  }

  function sayLine() {
    const { start: way, base } = startOf(), run = page.bases().find(one => one.id === base)?.run;
    const words = ['nanoaid', 'train', what.value, quoted(data.name), ...(run ? ['--start', way, '--base', quoted(run)] : []), ...(epochs.value ? ['--epochs', epochs.value] : []), '--out', quoted(`${data.trained}/${name.value}`)];
    line.replaceChildren(element('h3', {}, 'The same in a terminal'), commandLine(words.join(' ')));
  }

  /** @param {boolean} again */
  async function train(again) {
    const wish = again && job ? { ...job.wish, resume: true } : { kind: 'training', what: what.value, name: name.value.trim(), epochs: epochs.value ? Number(epochs.value) : null, ...startOf() };
    try { showJob(await page.jobs().begin(wish)); } catch (error) { said.textContent = String(/** @type {Error} */ (error).message); }
  }

  /** @param {any} next */
  function showJob(next) {
    if (job?.id !== next.id) { nDrawn = 0; began = 0; curve.replaceChildren(); }
    job = next;
    const runs = goesOn(job);
    bar.hidden = stop.hidden = !runs;
    resume.hidden = !(job.phase === 'cancelled' || job.phase === 'failed');
    start.disabled = runs;
    bar.value = job.share;
    // time begins with the first step that is seen: what is before is preparation
    if (!began && job.share > 0) { began = performance.now(); beganShare = job.share; }
    const left = job.share > beganShare ? (performance.now() - began) / 1000 * (1 - job.share) / (job.share - beganShare) : NaN;
    const texts = /** @type {Record<string, string>} */ ({
      waiting: 'Waiting for another job.',
      running: `${job.wish.name}: ${job.text}${job.steps ? `, step ${job.step} of ${job.steps}` : ''}${left > 0 && job.share < 1 ? `, at most ${timeText(left)} left` : ''}.`,
      done: `${job.wish.name} is trained: it is in the list of networks, and its report in ${data.trained}/${job.wish.name}/report.html.`,
      cancelled: `${job.wish.name}: stopped. What was learned is kept; Resume goes on from there.`, failed: `${job.wish.name}: ${job.error}`,
    });
    said.textContent = [texts[job.phase], ...job.warnings].join(' ');
    if (job.curve.length > nDrawn) draw();
    sample.hidden = sampled.hidden = job.picture === null;
    if (!sample.hidden) {
      sample.src = api.address(`jobs/${job.id}/picture`, { step: job.picture });
      sampled.textContent = sample.alt = `A part of a micrograph that it does not learn from, and what it gives back of it after epoch ${job.picture}.`;
    }
  }

  async function draw() {
    const own = job;
    nDrawn = own.curve.length;
    try { const text = await (await fetch(api.address(`jobs/${own.id}/curve`))).text(); if (job.id === own.id) curve.replaceChildren(...chart(text, `${own.wish.name}-losses`)); } catch { /* the next epoch draws it */ }
  }

  panel.append(element('h2', {}, 'Data folder'), element('p', { class: 'soft' }, data.name),
    ...(data.notes.length ? [element('details', {}, element('summary', {}, `To know of the list (${data.notes.length})`), element('ul', { class: 'warnings' }, data.notes.map((/** @type {string} */ note) => element('li', {}, note))))] : []),
    element('div', { class: 'filter-row' }, element('label', {}, 'Category ', category), element('label', {}, 'Find ', search)), text, list,
    element('h2', {}, 'Train a network on it'),
    element('div', { class: 'fields-2' }, element('label', {}, 'Network ', what), element('label', {}, 'From ', from), element('label', {}, 'Name ', name), element('label', {}, 'Epochs ', epochs)),
    element('p', { class: 'row-of-buttons' }, start, stop, resume), bar, said, curve, sample, sampled, line);
  choices(category, [['', 'all'], .../** @type {[string, string][]} */ (data.categories.map((/** @type {string} */ one) => [one, one.replaceAll('_', ' ')]))], '');
  starts();
  sayLine();
  /** The micrographs, as the server knows them now. */
  const relist = () => api.get('data').then(found => {
    all = found;
    show();
    at('data-first').replaceChildren(...all.slice(0, LISTED).map(row));
    at('from-data').hidden = all.length === 0;
  }).catch(error => { text.textContent = error.message; });
  relist();

  return {
    open,
    /** @param {any} one */
    heard(one) {
      // files that a pass could not read are marked
      if (one.wish.kind === 'pass' && !goesOn(one)) relist();
      if (one.wish.kind !== 'training') return;
      const wasOn = job?.id === one.id && goesOn(job);
      if (!job || one.id >= job.id) showJob(one);
      if (wasOn && one.phase === 'done') page.networks().then(starts);
    },
    /** @param {any} one */
    select: one => showJob(one),
  };
}
