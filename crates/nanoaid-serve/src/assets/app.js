// The page: one state, from which everything follows that is shown.

import * as api from './api.js';
import { makeData } from './data.js';
import { wantedPart } from './detail.js';
import { at, choices, element, say } from './dom.js';
import { makeDrop } from './drop.js';
import { makeHelp, tour } from './help.js';
import { classText, nmFromLine, showImage } from './image.js';
import { makeJobs } from './jobs.js';
import { indexOf, makeMaps } from './maps.js';
import { makeMeasure } from './measure.js';
import { makeSave } from './save.js';
import { makeOutline } from './outline.js';
import { clamp, distance, number } from './scale.js';
import { essence, FIRST, fromAddress, reading, toAddress } from './state.js';
import { makeUnit } from './unit.js';
import { makeViews } from './views.js';
import { makeWhy } from './why.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./api.js').Plane} Plane */

const PANES = [['image', 'image'], ['map', 'map'], ['like', 'like the place'], ['color', 'false color'], ['output', 'reconstruction'], ['error', 'error'], ['measured', 'measured'], ['why', 'why'], ['changed', 'changed'], ['pin', 'pinned']];
/** Panes that are drawn by the server, and gone with the micrograph. */ const DRAWN = new Set(['measured', 'why', 'changed']);
const ALL_TABS = [['maps', 'Maps'], ['image', 'Image'], ['measure', 'Measure'], ['unit', 'Unit'], ['data', 'Data'], ['save', 'Save']];
const TOOLS = [['move', 'move'], ['box', 'box'], ['ruler', 'ruler']];
/** Layers and planes that the page keeps. */
const KEPT = 48;

let start = await api.get('start');
const TABS = ALL_TABS.filter(([name]) => name !== 'data' || start.data);
const tables = await api.colorMaps();
const colorNames = /** @type {string[]} */ (start.color_maps);

/** @type {State} */ let state = fromAddress(location.hash);
/** Hash and name of each micrograph. @type {Map<string, string>} */
const images = new Map(start.images);
/** @type {any} */ let info = null;
/** @type {any} */ let layer = null;
/** @type {Record<string, Plane | null>} */
let planes = {};
/** Layer and channel of the map that is shown, and the layer that is on its way. */
let mapTitle = '', looksAt = '';
/** Parts at full resolution over planes that were sent in fewer pixels. @type {Record<string, Plane | undefined>} */
let details = {};
/** @type {Map<number, number> | null} */ let contrasts = null;
/** @type {{plane: Plane, low: number, high: number, title: string, image: Plane | null} | null} */ let pinned = null;
/** Channel that was looked at last in each layer. @type {Map<string, number>} */
const unitOf = new Map();
let search = '', tool = 'move';
/** @type {AbortController | null} */ let looking = null;
/** @type {AbortController | null} */ let opening = null;
/** @type {AbortController | null} */ let asking = null;

const network = () => start.networks.find((/** @type {any} */ one) => one.id === state.network) ?? start.networks[0];
const run = (/** @type {string} */ id) => start.networks.find((/** @type {any} */ one) => one.id === id)?.run ?? id;
const nmPerPx = () => info?.facts.calibration?.nm_per_px_x ?? null;
const strideOf = (/** @type {string} */ name) => network().layers.find((/** @type {any} */ one) => one.name === name)?.stride ?? 1;

// ---- what the page keeps: results of the server by their question, the longest unused dropped
/** @type {Map<string, any>} */ const kept = new Map();
/** @template T @param {string} key @param {() => Promise<T>} make @returns {Promise<T>} */
async function keep(key, make) {
  let found = kept.get(key);
  if (!found) {
    found = await make();
    kept.set(key, found);
    for (const old of kept.keys()) { if (kept.size <= KEPT) break; kept.delete(old); }
  } else { kept.delete(key); kept.set(key, found); }
  return found;
}
const questionOf = (/** @type {State} */ of, /** @type {string} */ name) => ({ ...reading(of), network: of.network, layer: name });
const layerOf = (/** @type {string} */ name, /** @type {AbortSignal} */ signal, /** @type {'high' | 'low'} */ priority = 'high') => {
  const question = questionOf(state, name);
  return keep(`layer ${JSON.stringify(question)}`, () => api.layer(question, signal, priority));
};
const planeOf = (/** @type {Record<string, any>} */ question, /** @type {number} */ scale, /** @type {AbortSignal} */ signal) =>
  keep(`plane ${JSON.stringify(question)}`, () => api.plane(question, scale, signal));

// ---- parts of the page
const views = makeViews(tables, {
  moved: view => { change({ x: view.x, y: view.y, zoom: view.zoom }, 'quiet'); detailSoon(); },
  cursor: readout,
  clicked: place => { if (tool === 'remove' || tool === 'add') outline.clicked(tool, place); else ask(place); },
  boxed: box => { setTool('move'); change({ box }); },
  edge: row => { if (info) change({ bar: String(info.facts.height - row) }); },
  line: (line, kind) => { if (kind === 'bar') calibrate(line); else if (kind === 'add') { views.setTool('add'); outline.dragged(line); } },
  painted: () => painted(),
});
const maps = makeMaps(tables, start.terms, channel => change({ unit: channel }));
/** Shows a picture over a part of the micrograph in a pane of its own. @param {'measured' | 'why' | 'changed'} kind @param {{picture: ImageBitmap, part: number[]} | null} found */
function overlay(kind, found) {
  planes[kind] = found && { kind: 'rgba', height: found.picture.height, width: found.picture.width, data: found.picture, scale: 1, part: found.part, low: 0, high: 1 };
  const panes = state.panes.split(',');
  if (found && !panes.includes(kind)) change({ panes: `${panes.filter(one => one !== 'map' || panes.length < 2).join(',')},${kind}` });
  else if (!found && kind === 'changed' && panes.includes(kind)) { const rest = panes.filter(one => one !== kind); change({ panes: (rest.length > 1 ? rest : [...rest, 'map']).join(',') }, 'quiet'); }
  else show();
}
const measure = makeMeasure({
  state: () => state, info: () => info, run, change, tool: setTool, shown: found => overlay('measured', found),
});
const outline = makeOutline({ state: () => state, info: () => info, tool: setTool, shown: found => overlay('measured', found) });
let changedTitle = '';
const unit = makeUnit({
  state: () => state, run, nmPerPx, data: start.data, jobs: () => jobs, open: number => data?.open(number),
  select: (name, channel, network = state.network) => { unitOf.set(name, channel); change({ network, layer: name, unit: channel }); },
  name: () => info?.name ?? '', shown: changed,
});
/** The micrograph as it was changed, over all of its specimen. @type {import('./change.js').Page['shown']} */
function changed(found) {
  if (!found) { changedTitle = ''; if (planes.changed) overlay('changed', null); return; }
  changedTitle = found.title;
  overlay('changed', { picture: found.picture, part: [0, 0, ...found.size] });
}
/** What is said of the class. @type {ReturnType<typeof makeWhy> | null} */ let because = null;
const data = start.data && makeData(start.data, { jobs: () => jobs, opened: ids => opened(ids), bases: () => start.networks.filter((/** @type {any} */ one) => one.is_base), networks: async () => { start = await api.get('start'); controls(); } });
const jobs = makeJobs(at('jobs'), {
  nameOf: id => images.get(id) ?? '',
  heard: job => { unit.heard(job); because?.heard(job); save.heard(job); data?.heard(job); },
  select: job => { if (job.wish.kind === 'training') { change({ tab: 'data' }, 'quiet'); data?.select(job); } else if (job.wish.kind === 'report') { change({ tab: 'save' }, 'quiet'); save.select(job); } else unit.select(job); },
});
const save = makeSave({ state: () => state, info: () => info, run, classifier: () => classifier()?.id ?? 'classifier', snapshot: views.snapshot, images: () => [...images], version: start.version, open: openSession, changing: unit.changing });
const drop = makeDrop({ opened: ids => opened(ids), session: openSession, most: () => start.most_upload_bytes });

// ---- state
/** Changes the state, and all that follows from it. @param {Partial<State>} next @param {'' | 'quiet'} how quiet: no step of undo */
function change(next, how = '') {
  const before = state;
  // a place of another micrograph is none of this one
  if (next.image !== undefined && next.image !== state.image && next.spot === undefined) next = { ...next, spot: '', panes: (next.panes ?? state.panes).split(',').filter(one => one !== 'like').join(',') || 'image' };
  state = { ...state, ...next };
  const isStep = how === '' && essence(before) !== essence(state);
  clearTimeout(change.timer);
  if (isStep) history.pushState(null, '', toAddress(state));
  else change.timer = setTimeout(() => history.replaceState(null, '', toAddress(state)), 200);
  at('undo').disabled = false;
  follow(before);
}
/** @type {any} */ change.timer = 0;

addEventListener('popstate', () => {
  const before = state;
  state = fromAddress(location.hash);
  views.setView(viewOf());
  follow(before);
});
const viewOf = () => (state.x === null || state.y === null || state.zoom === null ? null : { x: state.x, y: state.y, zoom: state.zoom });

/** Computes what the change asks for, and shows it. @param {State} before */
function follow(before) {
  const readingChanged = JSON.stringify(reading(before)) !== JSON.stringify(reading(state));
  if (readingChanged) { openImage(before.image !== state.image); return; }
  if (before.network !== state.network || before.layer !== state.layer) {
    // what is of another layer or network is not shown under the new name
    asking?.abort();
    contrasts = null;
    delete planes.color;
    delete planes.like;
    // the map of before stays, under its own name, until the next is there
    looksAt = state.layer;
    say(`Looks through ${state.network} at ${state.layer} …`);
    if (before.network !== state.network) { delete planes.output; delete planes.error; }
    look();
  }
  else if (before.unit !== state.unit) look();
  else if (before.panes !== state.panes || before.pin !== state.pin || before.spot !== state.spot) look();
  if (before.spot !== state.spot) { delete planes.like; views.setImage({ spot: spotOf() }); }
  if (before.order !== state.order || before.filter !== state.filter || before.colors !== state.colors) showMaps();
  if (before.box !== state.box) { views.setImage({ box: state.box }); measure.changed(); if (state.box) askBox(state.box); }
  controls();
  show();
}

/** The image of the state: its facts, its pixels, then what the network sees. @param {boolean} isNew */
async function openImage(isNew) {
  opening?.abort();
  looking?.abort();
  asking?.abort();
  const own = opening = new AbortController();
  const isEmpty = !state.image;
  at('empty').hidden = !isEmpty;
  at('work').hidden = isEmpty;
  if (isEmpty) { info = null; return; }
  try {
    const question = reading(state);
    const [facts, image] = await Promise.all([
      keep(`info ${JSON.stringify(question)}`, () => api.get('info', question, own.signal)),
      planeOf({ what: 'image', ...question }, 1, own.signal),
    ]);
    if (own !== opening) return;
    info = facts;
    images.set(info.id, info.name);
    const contrast = info.contrast ?? [image.low, image.high];
    // sent in fewer pixels, it still covers all of the image
    planes = { image: { ...image, low: contrast[0], high: contrast[1] } };
    details = {};
    contrasts = null;
    // what was made of another image is of the past
    const panes = state.panes.split(',').filter(kind => !DRAWN.has(kind));
    if (panes.join(',') !== state.panes) state = { ...state, panes: (panes.includes('map') ? panes : [...panes, 'map']).join(',') };
    views.setImage({ spot: spotOf(), height: info.facts.height, width: info.facts.width, nmPerPx: nmPerPx(), bar: info.data_bar, box: state.box });
    if (isNew) views.setView(viewOf());
    say('');
    lists();
    describe();
    controls();
    show();
    measure.reset();
    outline.reset();
    await look();
  } catch (error) {
    if (own.signal.aborted) return;
    if (!(error instanceof api.Refused)) { failed(error, own); return; }
    // nothing of it can be shown: it is closed, and what was open before stays
    const wrong = state.image;
    images.delete(wrong);
    api.remove(`images/${wrong}`).catch(() => {});
    const before = info && info.id !== wrong && images.has(info.id) ? info.id : '';
    state = { ...state, image: before };
    history.replaceState(null, '', toAddress(state));
    lists();
    if (!before) { at('empty').hidden = false; at('work').hidden = true; info = null; }
    say(String(/** @type {Error} */ (error).message), true);
  }
}

/** @param {any} error @param {AbortController} own */
function failed(error, own) {
  if (own.signal.aborted) return;
  say(String(error.message), true);
  // what is no longer open on the server is no longer listed
  if (error.status === 404 && state.image && /no longer open/.test(error.message)) { images.delete(state.image); lists(); }
  if (error.status === 404 && state.image && !info) { state = { ...state, image: '' }; openImage(true); lists(); }
}

/** The layer of the state and what is shown of it; what is no longer wanted is given up. */
async function look() {
  if (!info) return;
  looking?.abort();
  const own = looking = new AbortController();
  const { signal } = own;
  if (!info.contrast) {
    layer = null;
    at('maps').replaceChildren();
    at('maps-text').textContent = 'No maps.';
    at('layer-text').replaceChildren(element('span', { class: 'layer-warning' }, `No network can look at it: ${info.flat}`));
    unit.clear();
    return;
  }
  try {
    if (!network().layers.some((/** @type {any} */ one) => one.name === state.layer)) state = { ...state, network: network().id, layer: network().depths[0] ?? network().layers[0].name, unit: null };
    const name = state.layer, question = questionOf(state, name), wanted = state.panes.split(',');
    const next = await layerOf(name, signal);
    const channels = next.result.channels;
    const isThere = (/** @type {number | null | undefined} */ channel) => channel !== null && channel !== undefined && channel < channels.length;
    if (!isThere(state.unit) || layer?.result.layer !== name && unitOf.has(name)) {
      const remembered = unitOf.get(name);
      state = { ...state, unit: isThere(state.unit) && layer?.result.layer === name ? state.unit : isThere(remembered) ? /** @type {number} */ (remembered) : indexOf(channels[0]) };
      history.replaceState(null, '', toAddress(state));
    }
    const channel = /** @type {number} */ (state.unit);
    const map = await planeOf({ what: 'map', ...question, channel }, next.result.stride, signal);
    const found = channels.find((/** @type {any} */ one) => indexOf(one) === channel);
    if (own !== looking) return;
    const isOther = layer !== next;
    layer = next;
    unitOf.set(name, channel);
    planes.map = { ...map, low: found.statistics.low, high: found.statistics.high };
    mapTitle = `${name}:${channel}`;
    if (looksAt) { looksAt = ''; say(''); }
    delete details.map;
    detailSoon();
    kept.set(`plane ${JSON.stringify({ what: 'map', ...question, channel })}`, planes.map);
    controls();
    show();
    // the large map first, then the small ones
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    if (own !== looking) return;
    if (isOther) showMaps();
    maps.select(channel);
    describeLayer();
    // the rest, where it is shown
    if (wanted.includes('color')) planes.color = await planeOf({ what: 'false-color', ...question }, next.result.stride * next.positions_per_px, signal);
    const spot = spotOf();
    if (spot && wanted.includes('like')) planes.like = { ...await planeOf({ what: 'like', ...question, at_y: spot.y, at_x: spot.x }, next.result.stride, signal), low: 0, high: 1 };
    if (network().reconstructs && (wanted.includes('output') || wanted.includes('error'))) {
      const whole = { ...reading(state), network: state.network };
      const metrics = await keep(`metrics ${JSON.stringify(whole)}`, () => api.get('reconstruction', whole, signal));
      planes.output = await planeOf({ what: 'output', ...whole }, 1, signal);
      const error = await planeOf({ what: 'relative-error', ...whole }, metrics.cell_px, signal);
      planes.error = { ...error, low: 0, high: Math.max(metrics.threshold, 1) };
      kept.set(`plane ${JSON.stringify({ what: 'relative-error', ...whole })}`, planes.error);
      planes.output = { ...planes.output, low: 0, high: 1 };
      kept.set(`plane ${JSON.stringify({ what: 'output', ...whole })}`, planes.output);
    }
    if (state.pin) await pin(signal);
    if (own !== looking) return;
    show();
    // an address with a place is opened
    if (spot && !contrasts && state.order === 'place') ask(spot);
    ahead(own);
  } catch (error) { failed(error, own); }
}

/** The neighbours in depth, before they are asked for. @param {AbortController} own */
async function ahead(own) {
  await new Promise(done => setTimeout(done, 150));
  const { depths } = network(), place = depths.indexOf(state.layer);
  for (const name of [depths[place + 1], depths[place - 1]]) {
    if (own !== looking || !name) continue;
    try { await layerOf(name, own.signal, 'low'); } catch { return; }
  }
}

/** What stays beside: another micrograph, network or layer. @param {AbortSignal} signal */
async function pin(signal) {
  const [image, networkId, name, channel, ...rest] = state.pin.split('|');
  const of = start.networks.find((/** @type {any} */ one) => one.id === networkId), stride = of?.layers.find((/** @type {any} */ one) => one.name === name)?.stride ?? 1;
  const read = Object.fromEntries(new URLSearchParams(rest[0] ?? ''));
  const question = { image, ...read, network: networkId, layer: name };
  const [found, map, below] = await Promise.all([
    keep(`layer ${JSON.stringify(question)}`, () => api.layer(question, signal)),
    planeOf({ what: 'map', ...question, channel }, stride, signal),
    image === state.image ? Promise.resolve(null) : planeOf({ what: 'image', image, ...read }, 1, signal),
  ]);
  const statistics = found.result.channels.find((/** @type {any} */ one) => indexOf(one) === Number(channel)).statistics;
  pinned = { plane: { ...map, low: statistics.low, high: statistics.high }, low: statistics.low, high: statistics.high, image: below, title: `${images.get(image) ?? 'micrograph'} · ${networkId} ${name}:${channel}` };
  pinned.plane = pinnedPlane(pinned.plane);
}
/** @type {Map<string, Plane>} */ const pinnedPlanes = new Map();
/** The same plane as long as the pin is the same, so that its texture stays. @param {Plane} plane */
function pinnedPlane(plane) {
  const found = pinnedPlanes.get(state.pin) ?? plane;
  pinnedPlanes.set(state.pin, found);
  return found;
}

function togglePin() {
  const kinds = state.panes.split(',').filter(kind => kind !== 'pin');
  if (state.panes.split(',').includes('pin')) { pinned = null; change({ pin: '', panes: kinds.join(',') || 'image' }); return; }
  const { image, ...read } = reading(state);
  change({ pin: [image, state.network, state.layer, state.unit, new URLSearchParams(read)].join('|'), panes: [...kinds, 'pin'].join(',') });
}

// ---- parts at full resolution
/** @type {AbortController | null} */ let detailing = null;
/** @type {any} */ let detailTimer = 0;
function detailSoon() {
  clearTimeout(detailTimer);
  detailTimer = setTimeout(detail, 150);
}

/** What is seen of large planes, in all its pixels. */
async function detail() {
  detailing?.abort();
  const own = detailing = new AbortController(), view = views.seen();
  if (!view || !info) return;
  const questions = /** @type {Record<string, Record<string, any>>} */ ({
    image: { what: 'image', ...reading(state) },
    map: layer && { what: 'map', ...questionOf(state, state.layer), channel: state.unit },
  });
  for (const [kind, question] of Object.entries(questions)) {
    const base = planes[kind], part = base && question && state.panes.split(',').includes(kind) ? wantedPart(base, view, views.pane()) : null;
    if (!base || !part) { delete details[kind]; continue; }
    try {
      const found = await planeOf({ ...question, ...part }, base.scale, own.signal);
      if (own !== detailing || planes[kind] !== base) return;
      found.low = base.low;
      found.high = base.high;
      details[kind] = found;
    } catch (error) { failed(error, own); return; }
  }
  show();
}

// ---- what is shown
/** Ends of the display, moved by shares of its width. @param {Plane} plane @param {number} low @param {number} high @returns {[number, number]} */
const ends = (plane, low, high) => [plane.low + low * (plane.high - plane.low), plane.low + high * (plane.high - plane.low)];

function show() {
  if (!info) return;
  const map = Math.max(0, colorNames.indexOf(state.colors)), gray = colorNames.indexOf('gray');
  const ofImage = (/** @type {Plane} */ plane) => {
    const [low, high] = ends(plane, state.ilow, state.ihigh);
    return { plane, low, high, gamma: 2 ** -state.igamma, map: gray, alpha: 1 };
  };
  const { image } = planes;
  if (!image) return;
  const below = state.blend < 1 ? [ofImage(image)] : [];
  const over = (/** @type {Plane} */ plane, /** @type {number} */ colors, contrast = true) => {
    const [low, high] = contrast ? ends(plane, state.low, state.high) : [plane.low, plane.high];
    return { plane, low, high, gamma: contrast ? 2 ** -state.gamma : 1, map: colors, alpha: state.blend };
  };
  const magma = colorNames.indexOf('magma');
  /** @type {Record<string, () => any>} */
  const kinds = {
    image: () => ({ title: info.name, layers: [ofImage(image), ...details.image ? [ofImage(details.image)] : []], showsBar: true }),
    map: () => planes.map && { title: mapTitle, layers: [...below, over(planes.map, map), ...details.map && state.blend === 1 ? [over(details.map, map)] : []], showsBar: false },
    color: () => planes.color && { title: `${layer?.result.layer ?? ''} in false color`, layers: [...below, { ...over(planes.color, 0), alpha: state.blend }], showsBar: false },
    like: () => planes.like && { title: `like row ${state.spot.replace(',', ', column ')}, by ${layer?.result.layer ?? ''}`, layers: [...below, over(planes.like, magma)], showsBar: false },
    output: () => planes.output && { title: `reconstruction by ${state.network}`, layers: [{ ...ofImage(planes.output), low: ends(planes.output, state.ilow, state.ihigh)[0], high: ends(planes.output, state.ilow, state.ihigh)[1] }], showsBar: false },
    error: () => planes.error && { title: 'relative error', layers: [...below, over(planes.error, magma, false)], showsBar: false },
    ...Object.fromEntries([...DRAWN].map(kind => [kind, () => planes[kind] && { title: kind === 'changed' ? changedTitle : kind, layers: [ofImage(image), { plane: planes[kind], low: 0, high: 1, gamma: 1, map: 0, alpha: 1 }], showsBar: false }])),
    pin: () => pinned && { title: `pinned: ${pinned.title}`, layers: [...(state.blend < 1 ? [ofImage(pinned.image ? { ...pinned.image } : image)] : []), over(pinned.plane, map)], showsBar: false },
  };
  const panes = state.panes.split(',').map(kind => ({ kind, ...kinds[kind]?.() })).filter(pane => pane.layers);
  views.show(panes.length ? panes : [{ kind: 'image', ...kinds.image() }]);
}

function showMaps() {
  if (layer) { maps.show(layer, state, search, contrasts, Math.max(0, colorNames.indexOf(state.colors))); maps.select(state.unit); }
}

/** @param {{x: number, y: number} | null} place */
function readout(place) {
  const line = at('readout');
  if (!place || !info || place.x < 0 || place.y < 0 || place.x >= info.facts.width || place.y >= info.facts.height) { line.textContent = '\u00a0'; return; }
  const nm = nmPerPx(), x = Math.floor(place.x), y = Math.floor(place.y);
  const parts = [`row ${y}, column ${x}`];
  if (nm) parts.push(`${distance(place.y, nm)} down, ${distance(place.x, nm)} right`);
  const gray = api.valueAt(details.image, place.x, place.y) ?? api.valueAt(planes.image, place.x, place.y), value = api.valueAt(details.map, place.x, place.y) ?? api.valueAt(planes.map, place.x, place.y);
  if (gray !== null) parts.push(`image ${number(gray)}`);
  if (value !== null && layer) parts.push(`${layer.result.layer}:${state.unit} = ${number(value)}`);
  line.textContent = parts.join(' · ');
}

/** The place that was clicked, where it is inside of what networks see. */
function spotOf() {
  const [y, x] = state.spot.split(',').map(Number);
  if (!state.spot || !info?.specimen || !Number.isInteger(y) || !Number.isInteger(x)) return null;
  return y >= 0 && x >= 0 && y < info.specimen[0] && x < info.specimen[1] ? { y, x } : null;
}

/** Which units fire at the pixel of a place. @param {{x: number, y: number}} clicked */
async function ask(clicked) {
  // the same pixel asks the same, also from an address
  const place = { y: Math.floor(clicked.y) + 0.5, x: Math.floor(clicked.x) + 0.5 };
  if (!info?.contrast) { say('No network can look at this micrograph.'); return; }
  if (!layer) return;
  const [height, width] = info.specimen, side = Math.max(8, 2 * strideOf(state.layer));
  if (place.x < 0 || place.y < 0 || place.x >= width || place.y >= height) { say('Networks do not see this place: it is outside of the specimen, or on the data bar.'); return; }
  const y = clamp(Math.round(place.y - side / 2), 0, height - side), x = clamp(Math.round(place.x - side / 2), 0, width - side);
  asking?.abort();
  const own = asking = new AbortController();
  change({ spot: `${Math.floor(place.y)},${Math.floor(place.x)}` }, 'quiet');
  try {
    const units = await api.get('find', { ...questionOf(state, state.layer), y, x, height: side, width: side, units: layer.result.channels.length }, own.signal);
    if (own !== asking || own.signal.aborted) return;
    contrasts = new Map(units.map((/** @type {any} */ one) => [indexOf({ address: one.unit }), one.contrast]));
    unit.showPlace(units, `at row ${Math.floor(place.y)}, column ${Math.floor(place.x)}`, false);
    if (state.order === 'place') showMaps(); else if (state.tab === 'maps') change({ order: 'place' });
    say(`${units.length} of ${layer.result.channels.length} maps fire more at row ${Math.floor(place.y)}, column ${Math.floor(place.x)} than elsewhere.`);
  } catch (error) { failed(error, own); }
}

/** Which units of all layers fire in a box. @param {number[]} box */
async function askBox(box) {
  if (!info?.contrast) return;
  asking?.abort();
  const own = asking = new AbortController();
  try {
    const units = await api.get('find', { ...reading(state), network: state.network, y: box[0], x: box[1], height: box[2], width: box[3] }, own.signal);
    if (own !== asking || own.signal.aborted) return;
    unit.showPlace(units, 'in the box', true);
  } catch (error) { if (own.signal.aborted) return; unit.showPlace([], 'in the box', true); say(String(/** @type {Error} */ (error).message), true); }
}

/** The size of a pixel from a line. @param {number[]} line */
function calibrate(line) {
  const typed = element('input', { type: 'text', placeholder: '200 nm', required: true, 'aria-label': 'Length of the scale bar' });
  const dialog = element('dialog', { class: 'help', 'aria-label': 'Length of the scale bar' },
    element('form', { method: 'dialog' }, element('p', {}, `The line has ${Math.hypot(line[2] - line[0], line[3] - line[1]).toFixed(1)} px. How long is it?`), typed, ' ', element('button', { class: 'main-button' }, 'Calibrate'), ' ', element('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel')));
  dialog.addEventListener('close', () => dialog.remove());
  dialog.querySelector('form').addEventListener('submit', (/** @type {Event} */ event) => {
    const nm = nmFromLine(line, typed.value);
    if (nm) change({ nm: +nm.toPrecision(6) }); else { event.preventDefault(); typed.setCustomValidity('expected a length such as 200 nm or 1 µm'); typed.reportValidity(); typed.setCustomValidity(''); }
  });
  document.body.append(dialog);
  setTool('move');
  dialog.showModal();
}

function describeLayer() {
  const text = at('layer-text');
  text.replaceChildren(layer.field_text, ...layer.warnings.map((/** @type {string[]} */ [found, advice]) => element('span', { class: 'layer-warning' }, ` ${found}: ${advice}.`)));
  unit.describe(layer, state.unit);
  save.describe();
  measure.describe();
  outline.describe();
}

/** The network that names classes: that of the state, if it can, else the first that can. */
function classifier() {
  const able = start.networks.filter((/** @type {any} */ one) => one.classifies);
  return able.find((/** @type {any} */ one) => one.id === state.network) ?? able[0];
}

/** Facts of the image and its class. */
function describe() {
  const own = info, classed = element('div', {}, element('p', { class: 'soft' }, 'Not classified yet.'));
  const by = classifier();
  const button = element('button', { type: 'button', disabled: !by || !info.contrast, onclick: async () => {
    button.disabled = true;
    try { const found = await api.get('classify', { ...reading(state), network: by.id }); if (own === info) classed.replaceChildren(classText(found), why(found, by, own)); } catch (error) { say(String(/** @type {Error} */ (error).message), true); }
    button.disabled = false;
  } }, `Classify with the network “${by?.id ?? 'classifier'}”`);
  showImage(info, state, {
    change, draw: () => { setTool('bar'); say('Draw a line over the scale bar, from end to end.'); },
    forget: async () => { await api.remove(`images/${state.image}`); images.delete(state.image); info = null; change({ ...FIRST, image: [...images.keys()][0] ?? '', network: state.network, layer: state.layer }); lists(); },
    classify: element('div', {}, button, classed),
  });
  const n = info.facts.n_pages, page = at('page');
  at('page').closest('label').hidden = n < 2;
  choices(page, Array.from({ length: Math.min(n, 1000) }, (_, i) => [String(i), `${i + 1} of ${n}`]), String(state.page));
}

/** Explains the most probable class. @param {any} found @param {any} by @param {any} own */
function why(found, by, own) {
  const asked = reading(state), isCurrent = () => own === info && JSON.stringify(asked) === JSON.stringify(reading(state));
  const select = (/** @type {string} */ layer, /** @type {number} */ channel) => {
    unitOf.set(layer, channel);
    change({ network: by.id, layer, unit: channel, panes: 'image,map' });
  };
  because = makeWhy({
    question: () => asked, network: by, name: info.name, run: run(by.id), state, isCurrent, shown: picture => overlay('why', picture),
    select: (/** @type {string} */ unit) => { const end = unit.lastIndexOf(':'); select(unit.slice(0, end), Number(unit.slice(end + 1))); },
    change: { jobs: () => jobs, source: () => ({ name: own.name, run: run(by.id), state }), select, shown: found => { if (isCurrent()) changed(found); } },
  }, found.answer.probabilities[0].class);
  return because.node;
}

function lists() {
  const select = at('image');
  choices(select, images.size ? [...images].map(([id, name]) => [id, name]) : [['', 'none']], state.image);
  select.disabled = images.size === 0;
}

function controls() {
  const { depths, layers, id } = network();
  choices(at('network'), start.networks.map((/** @type {any} */ one) => [one.id, one.id]), id);
  choices(at('layer'), layers.map((/** @type {any} */ one) => [one.name, `${one.name} (${one.n_channels})`]), state.layer);
  const place = depths.indexOf(state.layer), depth = at('depth');
  depth.max = String(Math.max(depths.length, 1));
  depth.disabled = depths.length < 2;
  if (place >= 0) depth.value = String(place + 1);
  at('depth-text').textContent = place < 0 ? `– of ${depths.length}` : `${place + 1} of ${depths.length}`;
  depth.setAttribute('aria-valuetext', place < 0 ? state.layer : `depth ${place + 1} of ${depths.length}, ${state.layer}`);
  choices(at('colors'), colorNames.map(name => [name, name.replaceAll('_', ' ')]), state.colors);
  const values = /** @type {Record<string, number>} */ ({ blend: state.blend, low: state.low, high: state.high, gamma: state.gamma, 'image-low': state.ilow, 'image-high': state.ihigh, 'image-gamma': state.igamma });
  for (const [name, value] of Object.entries(values)) at(name).value = String(value);
  at('order').value = state.order;
  at('filter').value = state.filter;
  const shown = state.panes.split(',');
  for (const box of document.querySelectorAll('#panes input')) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.checked = shown.includes(input.value);
    if (input.value === 'output' || input.value === 'error') input.disabled = !network().reconstructs;
    if (DRAWN.has(input.value)) input.disabled = !planes[input.value];
    if (input.value === 'like') {
      input.disabled = !spotOf();
      /** @type {HTMLElement} */ (input.parentElement).title = input.disabled ? 'Click a place of the micrograph first' : 'Cosine of the activations of all channels to those at the place: 1 is the same';
    }
  }
  for (const [name] of TABS) {
    const is = state.tab === name, tab = at(`tab-${name}`);
    tab.setAttribute('aria-selected', String(is));
    tab.tabIndex = is ? 0 : -1;
    at(`panel-${name}`).hidden = !is;
  }
}

/** @param {string} next */
function setTool(next) {
  tool = next;
  views.setTool(next);
  outline.tool(next);
  for (const input of document.querySelectorAll('#tools input')) /** @type {any} */ (input).checked = /** @type {any} */ (input).value === next;
}

/** Files that were taken. @param {string[]} ids */
async function opened(ids) {
  const known = await api.get('start');
  for (const [id, name] of known.images) images.set(id, name);
  lists();
  const view = state.image && info ? { x: null, y: null, zoom: null } : {};
  change({ ...view, image: ids[0], page: 0, nm: null, bar: 'find', box: null });
}

/** @param {any} session */
function openSession(session) {
  if (session?.nanoaid_session !== 1 || typeof session.address !== 'string' || !Array.isArray(session.images)) { say('That is not a session of NanoAID.', true); return; }
  const wanted = fromAddress(session.address), missing = session.images.filter((/** @type {any} */ one) => !images.has(one.sha256));
  if (!images.has(wanted.image)) { say(`Drop ${missing.map((/** @type {any} */ one) => one.name).join(', ')} first, then the session again: a session names its micrographs by their hashes.`, true); return; }
  change(wanted);
  views.setView(viewOf());
  if (missing.length) say(`Not open: ${missing.map((/** @type {any} */ one) => one.name).join(', ')}.`);
}

// ---- time from a move of the slider to the picture
/** @type {string} */ let timed = '';
function painted() {
  if (!timed || !layer || layer.result.layer !== timed || !planes.map) return;
  performance.measure('depth', { start: 'depth-begin', detail: { layer: timed } });
  timed = '';
}

// ---- controls
/** @param {number} depth from 1 */
function goToDepth(depth) {
  const name = network().depths[clamp(depth, 1, network().depths.length) - 1];
  if (!name || name === state.layer) return;
  performance.mark('depth-begin');
  timed = name;
  change({ layer: name, unit: unitOf.get(name) ?? null });
}
const byDepth = (/** @type {number} */ by) => goToDepth(network().depths.indexOf(state.layer) + 1 + by);

at('panes').append(...PANES.map(([kind, text]) => element('label', { class: 'chip' }, element('input', { type: 'checkbox', value: kind, onchange: (/** @type {any} */ event) => {
  if (kind === 'pin') { togglePin(); return; }
  const shown = new Set(state.panes.split(',').filter(Boolean));
  if (event.target.checked) shown.add(kind); else shown.delete(kind);
  change({ panes: PANES.map(([one]) => one).filter(one => shown.has(one)).join(',') || 'image' });
} }), text)));
at('tools').append(...TOOLS.map(([kind, text]) => element('label', { class: 'chip' }, element('input', { type: 'radio', name: 'tool', value: kind, checked: kind === 'move', onchange: () => setTool(kind) }), text)));
at('tabs').append(...TABS.map(([name, text]) => element('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}`, onclick: () => change({ tab: name }, 'quiet') }, text)));
at('tabs').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const place = TABS.findIndex(([name]) => name === state.tab), next = TABS[(place + by + TABS.length) % TABS.length][0];
  change({ tab: next }, 'quiet');
  at(`tab-${next}`).focus();
});
const on = (/** @type {string} */ id, /** @type {string} */ event, /** @type {(value: string) => void} */ act) => at(id).addEventListener(event, (/** @type {any} */ heard) => act(heard.target.value));
on('image', 'change', value => change({ image: value, page: 0, nm: null, bar: 'find', box: null }));
on('page', 'change', value => change({ page: Number(value) }));
on('network', 'change', value => { layer = null; change({ network: value, layer: '', unit: null }); });
on('layer', 'change', value => change({ layer: value, unit: unitOf.get(value) ?? null }));
on('depth', 'input', value => goToDepth(Number(value)));
on('colors', 'change', value => change({ colors: value }));
on('order', 'change', value => { change({ order: value }); if (value === 'place' && !contrasts) say('Click a place of the micrograph: maps that fire there come first.'); });
on('filter', 'change', value => change({ filter: value }));
on('search', 'input', value => { search = value.trim(); showMaps(); });
for (const [id, name] of [['blend', 'blend'], ['low', 'low'], ['high', 'high'], ['gamma', 'gamma'], ['image-low', 'ilow'], ['image-high', 'ihigh'], ['image-gamma', 'igamma']]) on(id, 'input', value => change({ [name]: Number(value) }, 'quiet'));
at('contrast-reset').addEventListener('click', () => change({ low: 0, high: 1, gamma: 0, ilow: 0, ihigh: 1, igamma: 0 }, 'quiet'));
at('undo').addEventListener('click', () => history.back());
at('open').addEventListener('click', drop.choose);
at('open-too').addEventListener('click', drop.choose);
for (const button of document.querySelectorAll('[data-zoom]')) button.addEventListener('click', () => zoom(/** @type {HTMLElement} */ (button).dataset.zoom ?? ''));
function zoom(/** @type {string} */ how) {
  if (how === 'fit') { views.setView(null); change({ x: null, y: null, zoom: null }, 'quiet'); } else views.zoom(how === 'in' ? Math.SQRT2 : Math.SQRT1_2);
}
at('views').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
  const by = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] })[event.key];
  if (by) { event.preventDefault(); views.pan(...by); }
});
const themeButton = at('theme'), root = document.documentElement;
const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
const sayTheme = () => { themeButton.textContent = isDark() ? 'Light' : 'Dark'; themeButton.setAttribute('aria-label', `Switch to the ${isDark() ? 'light' : 'dark'} theme`); };
themeButton.addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; try { localStorage.setItem('nanoaid-theme', root.dataset.theme); } catch { /* for this page only */ } sayTheme(); });
sayTheme();

const toggle = (/** @type {string} */ kind) => {
  const chip = /** @type {HTMLInputElement} */ (document.querySelector(`#panes input[value="${kind}"]`));
  if (chip?.disabled && chip.parentElement?.title) say(`${chip.parentElement.title}.`); else chip?.click();
};
const nextImage = (/** @type {number} */ by) => { const ids = [...images.keys()], place = ids.indexOf(state.image); const next = ids[place + by]; if (next) change({ image: next, page: 0, nm: null, bar: 'find', box: null }); };
const help = makeHelp(start.terms, [
  { keys: ['u'], what: 'less deep', do: () => byDepth(-1) },
  { keys: ['o'], what: 'deeper', do: () => byDepth(1) },
  { keys: ['j', 'l'], what: 'previous, next map', do: () => maps.step(heard.key === 'j' ? -1 : 1) },
  { keys: ['PageUp', 'PageDown'], what: 'previous, next micrograph', do: () => nextImage(heard.key === 'PageUp' ? -1 : 1) },
  { keys: ['1', '2', '3', '4', '5', '6', '7'], what: 'color maps', do: () => change({ colors: colorNames[Number(heard.key) - 1] ?? state.colors }) },
  { keys: ['+', '-', '0'], what: 'zoom in, zoom out, all', do: () => zoom(/** @type {any} */ ({ '+': 'in', '-': 'out', 0: 'fit' })[heard.key]) },
  { keys: ['i', 'a', 's', 'f', 'r', 'e', 'p'], what: 'show or hide image, map, likeness to the place, false color, reconstruction, error, pinned map', do: () => toggle(/** @type {any} */ ({ i: 'image', a: 'map', s: 'like', f: 'color', r: 'output', e: 'error', p: 'pin' })[heard.key]) },
  { keys: ['b', 'g', 'v'], what: 'box, ruler, move', do: () => setTool(/** @type {any} */ ({ b: 'box', g: 'ruler', v: 'move' })[heard.key]) },
  { keys: ['m'], what: 'measure', do: () => { change({ tab: 'measure' }, 'quiet'); measure.measure(); } },
  { keys: ['w'], what: 'show what the unit responds to', do: () => { change({ tab: 'unit' }, 'quiet'); unit.begin(); } },
  { keys: ['Escape'], what: 'no box, no tool', do: () => { setTool('move'); if (state.box) change({ box: null }); } },
  { keys: ['?'], what: 'this list', do: () => help.open() },
], start.limits);
/** @type {KeyboardEvent} */ let heard = new KeyboardEvent('keydown');
addEventListener('keydown', event => { heard = event; if ((event.ctrlKey || event.metaKey) && event.key === 'z' && !(/** @type {HTMLElement} */ (event.target)).matches('input[type="text"], input[type="number"], input[type="search"]')) { event.preventDefault(); history.back(); } }, true);
at('help').addEventListener('click', () => help.open());

at('examples').append(...start.examples.map((/** @type {string[]} */ [name, text]) => element('li', {}, element('button', { type: 'button', class: 'example', onclick: async () => {
  try { say(`Opening ${text} …`); await opened([(await api.post(`examples/${encodeURIComponent(name)}`, {})).id]); tour(); } catch (error) { say(String(/** @type {Error} */ (error).message), true); }
} }, element('img', { src: `api/examples/${encodeURIComponent(name)}`, alt: '', width: 200, height: 150, loading: 'lazy' }), element('span', {}, text)))));

lists();
controls();
views.setView(viewOf());
if (state.image && !images.has(state.image)) { say('The micrograph of this address is not open here; drop it again.', true); state = { ...state, image: '' }; }
openImage(true);
jobs.refresh();
document.body.dataset.ready = 'true';
