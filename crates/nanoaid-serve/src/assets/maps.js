// The feature maps of a layer as small pictures: in an order, filtered, searched; one is shown large.

import { at, element, term } from './dom.js';
import { number } from './scale.js';

/**
 * Channels in the order and with the filter of the page.
 * @param {any[]} channels of a result @param {{order: string, filter: string}} state @param {string} search
 * @param {Map<number, number> | null} contrasts how much each fires at the place
 */
export function listed(channels, state, search, contrasts) {
  const places = /** @type {Record<string, number>} */ ({ live: 0, near_copy: 1, dead: 2 });
  const found = channels.filter(channel => (state.filter === 'all' || channel.state.kind === state.filter) && (!search || String(indexOf(channel)).startsWith(search)));
  const by = /** @type {Record<string, (channel: any) => number>} */ ({
    energy: channel => -channel.statistics.energy,
    entropy: channel => channel.statistics.entropy_bits,
    channel: indexOf,
    place: channel => -(contrasts?.get(indexOf(channel)) ?? -Infinity),
  });
  const value = by[state.order] ?? by.energy;
  const room = (/** @type {any} */ channel) => (state.order === 'channel' || state.order === 'place' ? 0 : places[channel.state.kind]);
  return [...found].sort((a, b) => room(a) - room(b) || compare(value(a), value(b)) || indexOf(a) - indexOf(b));
}

/** @param {number} a @param {number} b */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Number of a channel. @param {any} channel */
export const indexOf = channel => Number(/:(\d+)$/.exec(addressOf(channel))?.[1] ?? 0);

/** Address of a channel, e.g. `encoder.2:17`. @param {any} channel @returns {string} */
export function addressOf(channel) {
  const { address } = channel;
  return typeof address === 'string' ? address : `${address.layer}:${address.channel}`;
}

/** What is said of a channel. @param {any} channel @param {string} order @param {Map<number, number> | null} contrasts */
function note(channel, order, contrasts) {
  const { state, statistics } = channel;
  if (state.kind === 'dead') return 'dead';
  if (state.kind === 'near_copy') return `copy of ${state.of}`;
  if (order === 'entropy') return `${number(statistics.entropy_bits)} bit`;
  if (order === 'place') return contrasts?.has(indexOf(channel)) ? `${number(contrasts.get(indexOf(channel)) ?? NaN)} σ` : '';
  return number(statistics.energy);
}

/**
 * @param {Uint8Array} tables @param {[string, string][]} terms
 * @param {(channel: number) => void} chosen
 */
export function makeMaps(tables, terms, chosen) {
  const host = at('maps');
  /** @type {any} */ let layer = null;
  /** @type {any[]} */ let channels = [];
  let map = 0, selected = -1;

  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) if (entry.isIntersecting) { draw(/** @type {HTMLElement} */ (entry.target)); seen.unobserve(entry.target); }
  }, { rootMargin: '300px' });

  /** @param {HTMLElement} option */
  function draw(option) {
    const canvas = /** @type {HTMLCanvasElement} */ (option.querySelector('canvas'));
    const channel = Number(option.dataset.channel), { small_height: height, small_width: width } = layer;
    const levels = layer.small.subarray(channel * height * width, (channel + 1) * height * width);
    const pixels = new Uint8ClampedArray(4 * levels.length), table = tables.subarray(768 * map);
    for (let i = 0; i < levels.length; i++) {
      const at = 3 * levels[i];
      pixels[4 * i] = table[at]; pixels[4 * i + 1] = table[at + 1]; pixels[4 * i + 2] = table[at + 2]; pixels[4 * i + 3] = 255;
    }
    canvas.width = width;
    canvas.height = height;
    /** @type {any} */ (canvas.getContext('2d')).putImageData(new ImageData(pixels, width, height), 0, 0);
  }

  function mark() {
    for (const option of host.children) {
      const is = Number(option.dataset.channel) === selected;
      option.setAttribute('aria-selected', String(is));
      if (is) host.setAttribute('aria-activedescendant', option.id);
    }
  }

  host.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    const option = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('[data-channel]'));
    if (option) chosen(Number(option.dataset.channel));
  });
  host.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const columns = getComputedStyle(host).gridTemplateColumns.split(' ').length;
    const by = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns })[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    step(by);
  });

  /** The map `by` places further in the list. @param {number} by */
  function step(by) {
    const place = channels.findIndex(channel => indexOf(channel) === selected);
    const next = channels[Math.min(Math.max(place + by, 0), channels.length - 1)];
    if (!next) return;
    chosen(indexOf(next));
    host.querySelector(`[data-channel="${indexOf(next)}"]`)?.scrollIntoView({ block: 'nearest' });
  }

  return {
    step,
    /** The first of the list; null where it is empty. */
    first: () => (channels[0] ? indexOf(channels[0]) : null),
    /**
     * @param {any} next the layer @param {import('./state.js').State} state @param {string} search
     * @param {Map<number, number> | null} contrasts @param {number} colors index of the color map
     */
    show(next, state, search, contrasts, colors) {
      layer = next;
      map = colors;
      channels = listed(layer.result.channels, state, search, contrasts);
      const width = layer.small_width / layer.small_height;
      seen.disconnect();
      host.replaceChildren(...channels.map(channel => {
        const index = indexOf(channel), canvas = element('canvas', { width: layer.small_width, height: layer.small_height, 'aria-hidden': 'true' });
        canvas.style.aspectRatio = String(width);
        const option = element('div', { role: 'option', id: `map-${index}`, 'data-channel': index, class: `map ${channel.state.kind}`, 'aria-selected': 'false', title: addressOf(channel) },
          canvas, element('span', { class: 'map-name' }, String(index)), element('span', { class: 'map-note' }, note(channel, state.order, contrasts)));
        return option;
      }));
      for (const option of host.children) seen.observe(option);
      const { n_live, n_near_copies, n_dead } = layer.result.counts;
      at('maps-text').replaceChildren(`${layer.result.layer}: ${n_live} `, term(terms, 'live'), `, ${n_near_copies} `, term(terms, 'near-copy', 'near-copies'), `, ${n_dead} `, term(terms, 'dead'),
        channels.length === layer.result.channels.length ? '' : `; ${channels.length} shown`);
      mark();
    },
    /** @param {number | null} channel */
    select(channel) { selected = channel ?? -1; mark(); },
  };
}
