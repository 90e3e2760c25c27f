// State: everything that decides what is shown, as an address that leads back to it.

/**
 * @typedef {object} State
 * @property {string} image hash of the micrograph
 * @property {number} page
 * @property {number | null} nm size of a pixel as typed
 * @property {string} bar find, keep, or rows to cut off
 * @property {string} network
 * @property {string} layer
 * @property {number | null} unit channel that is shown large
 * @property {string} order
 * @property {string} filter
 * @property {string} panes kinds, with commas
 * @property {string} colors
 * @property {number} blend
 * @property {number} low @property {number} high @property {number} gamma
 * @property {number} ilow @property {number} ihigh @property {number} igamma
 * @property {number | null} x @property {number | null} y @property {number | null} zoom
 * @property {number[] | null} box row, column, height, width
 * @property {string} spot row and column of the place that was clicked, with a comma
 * @property {string} tab
 * @property {string} pin what stays beside it: micrograph, network, layer, channel
 */

/** @type {State} */
export const FIRST = {
  image: '', page: 0, nm: null, bar: 'find', network: 'autoencoder', layer: '', unit: null, order: 'energy', filter: 'all',
  panes: 'image,map', colors: 'viridis', blend: 1, low: 0, high: 1, gamma: 0, ilow: 0, ihigh: 1, igamma: 0,
  x: null, y: null, zoom: null, box: null, spot: '', tab: 'maps', pin: '',
};

const NUMBERS = new Set(['page', 'nm', 'unit', 'blend', 'low', 'high', 'gamma', 'ilow', 'ihigh', 'igamma', 'x', 'y', 'zoom']);

/** The address of `state`, without what is as at first. @param {State} state */
export function toAddress(state) {
  const values = new URLSearchParams();
  for (const [name, first] of Object.entries(FIRST)) {
    const value = /** @type {any} */ (state)[name];
    if (value === first || value === null || value === undefined) continue;
    values.set(name, Array.isArray(value) ? value.join(',') : typeof value === 'number' ? String(+value.toPrecision(7)) : String(value));
  }
  return `#${values}`;
}

/** The state of an address; what is damaged is as at first. @param {string} address @returns {State} */
export function fromAddress(address) {
  const state = /** @type {any} */ ({ ...FIRST });
  for (const [name, text] of new URLSearchParams(address.replace(/^#/, ''))) {
    if (!Object.hasOwn(FIRST, name)) continue;
    if (name === 'box') {
      const box = text.split(',').map(Number);
      if (box.length === 4 && box.every(one => Number.isInteger(one) && one >= 0)) state.box = box;
    } else if (NUMBERS.has(name)) {
      if (text !== '' && Number.isFinite(Number(text))) state[name] = Number(text);
    } else state[name] = text;
  }
  return state;
}

/** The values by which the server knows how the image is read. @param {State} state */
export function reading(state) {
  const values = /** @type {Record<string, string>} */ ({ image: state.image });
  if (state.page) values.page = String(state.page);
  if (state.nm !== null) values.nm = String(state.nm);
  if (state.bar !== 'find') values.bar = state.bar;
  return values;
}

/** The same as the server's requests in JSON have it. @param {State} state */
export const shownOf = state => ({
  image: state.image, page: state.page, nm_per_px: state.nm,
  data_bar: state.bar === 'find' || state.bar === 'keep' ? state.bar : { crop_bottom: Number(state.bar) },
});

/** The state that decides what is computed, without the view of it. @param {State} state */
export const essence = state => toAddress({ ...state, x: null, y: null, zoom: null, blend: 1, low: 0, high: 1, gamma: 0, ilow: 0, ihigh: 1, igamma: 0 });
