// The command line that gives what is on the page.

/** @typedef {import('./state.js').State} State */

/** A word as a shell takes it. @param {string} word */
export function quoted(word) {
  if (/^[\p{L}\p{N}_@%+=:,./-]+$/u.test(word) && !word.startsWith('-')) return word;
  // a name that begins with a dash is no option
  const text = word.startsWith('-') ? `./${word}` : word;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Options that say how the file is read. @param {State} state */
function reading(state) {
  const words = [];
  if (state.page) words.push('--page', String(state.page));
  if (state.nm !== null) words.push('--nm-per-px', String(state.nm));
  if (state.bar === 'keep') words.push('--keep-data-bar');
  else if (state.bar !== 'find') words.push('--crop-bottom', state.bar);
  return words;
}

/** @param {State} state @param {string} name of the file @param {string} run */
export function lens(state, name, run) {
  const words = ['nanoaid', 'lens', quoted(name)];
  if (run !== 'autoencoder') words.push('--run', quoted(run));
  words.push('--layer', quoted(state.layer));
  if (state.order === 'entropy' || state.order === 'channel') words.push('--order', state.order);
  if (state.colors !== 'viridis') words.push('--colormap', state.colors);
  return [...words, ...reading(state)].join(' ');
}

/**
 * @param {State} state @param {string} name
 * @param {{what: string[], part: number[] | null, tilt: number, axis: number, barNm: number | null, run: string, polarity?: string, min?: number | null, max?: number | null, threshold?: number | null, map?: boolean}} wish
 */
export function measure(state, name, wish) {
  const words = ['nanoaid', 'measure', quoted(name)];
  if (wish.what.length) words.push('--what', wish.what.join(','));
  if (wish.part) words.push('--box', wish.part.join(','));
  if (wish.tilt) words.push('--tilt', String(wish.tilt));
  if (wish.axis) words.push('--tilt-axis', String(wish.axis));
  if (wish.barNm) words.push('--bar-nm', String(wish.barNm));
  if (wish.map) words.push('--pitch-map');
  if (wish.polarity) words.push('--polarity', wish.polarity);
  words.push(...sizes(wish));
  if (wish.run) words.push('--run', quoted(wish.run));
  return [...words, ...reading(state)].join(' ');
}

/** Options for the size of objects, and the least probability of their pixels. @param {{min?: number | null, max?: number | null, threshold?: number | null}} wish */
function sizes({ min, max, threshold }) {
  const known = /** @type {[string, number | null | undefined][]} */ ([['--min-size', min], ['--max-size', max], ['--threshold', threshold]]);
  return known.flatMap(([name, value]) => (value === null || value === undefined ? [] : [name, String(value)]));
}

/** @param {State} state @param {string} name @param {{what: string, threshold: number | null, min: number | null, max: number | null, isCorrected: boolean}} wish */
export function segment(state, name, wish) {
  const words = ['nanoaid', 'segment', quoted(name)];
  if (wish.what !== 'particles') words.push('--what', wish.what);
  words.push(...sizes(wish));
  if (wish.isCorrected) words.push('--corrections', 'corrections.json');
  return [...words, ...reading(state)].join(' ');
}

/** The network of a command that takes the classifier by itself. @param {string} run */
const ofRun = run => (run === 'classifier' ? [] : ['--run', quoted(run)]);

/** @param {State} state @param {string} name @param {string} run */
export const classify = (state, name, run) =>
  ['nanoaid', 'classify', quoted(name), ...ofRun(run), ...reading(state)].join(' ');

/** @param {State} state @param {string} name @param {string} run @param {string} named */
export const explain = (state, name, run, named) =>
  ['nanoaid', 'explain', quoted(name), '--class', quoted(named), ...ofRun(run), ...reading(state)].join(' ');

/** @param {State} state @param {string} name @param {string} run @param {string[]} units @param {number} times */
export const ablate = (state, name, run, units, times) =>
  ['nanoaid', 'ablate', quoted(name), ...ofRun(run), ...units.flatMap(unit => ['--unit', quoted(unit)]), ...(times ? ['--times', String(times)] : []), ...reading(state)].join(' ');

/** @param {State} state @param {string} name @param {string} run @param {{class?: string, unit?: string, away?: boolean}} wish */
export const accentuate = (state, name, run, wish) =>
  ['nanoaid', 'accentuate', quoted(name), ...ofRun(run), ...(wish.unit ? ['--unit', quoted(wish.unit)] : ['--class', quoted(wish.class ?? '')]), ...(wish.away ? ['--away'] : []), ...reading(state)].join(' ');

/** @param {string} run @param {string} unit */
export const circuit = (run, unit) => ['nanoaid', 'circuit', quoted(run), '--unit', quoted(unit)].join(' ');

/** @param {string} run @param {string} unit @param {string} preset */
export const visualize = (run, unit, preset) => ['nanoaid', 'visualize', quoted(run), '--unit', quoted(unit), '--preset', preset].join(' ');
