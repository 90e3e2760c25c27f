// Questions to the server and its replies as numbers. What is no longer wanted is given up.

/**
 * @typedef {object} Plane
 * @property {'u8' | 'f32' | 'rgba'} kind
 * @property {number} height @property {number} width
 * @property {Uint8Array | Float32Array | ImageBitmap} data
 * @property {number} scale pixels of the image between two of its positions
 * @property {number[]} part row, column, height, width of the whole, in its positions
 * @property {number} low value that is black @property {number} high value that is white
 */

/** An error that the server gave, in its words. */
export class Refused extends Error {
  /** @param {string} text @param {number} status */
  constructor(text, status) { super(text); this.status = status; }
}

/** @param {Response} response */
async function checked(response) {
  if (response.ok) return response;
  const text = await response.text();
  let said = text;
  try { said = JSON.parse(text).error ?? text; } catch { /* it is text already */ }
  throw new Refused(said, response.status);
}

/** @param {string} path @param {Record<string, any>} query */
export function address(path, query = {}) {
  const values = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined && value !== '') values.set(name, String(value));
  return `api/${path}${[...values].length ? `?${values}` : ''}`;
}

/** The server's answer. @param {string} url @param {RequestInit} [options] */
async function fetched(url, options) {
  try { return await fetch(url, options); } catch (error) {
    if (/** @type {Error} */ (error).name === 'AbortError') throw error;
    throw new Error('The server does not answer: it has ended. Start `nanoaid serve` again.');
  }
}

/** @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal] */
export const get = async (path, query, signal) => (await checked(await fetched(address(path, query), { signal }))).json();

/** @param {string} path @param {any} body @param {AbortSignal} [signal] */
export const post = async (path, body, signal) =>
  (await checked(await fetched(address(path), { method: 'POST', body: body instanceof Blob ? body : JSON.stringify(body), signal }))).json();

/** @param {string} path */
export const remove = async path => (await checked(await fetched(address(path), { method: 'DELETE' }))).json();

/**
 * A layer: its numbers and small pictures of its maps.
 * @param {Record<string, any>} query @param {AbortSignal} signal @param {'high' | 'low'} priority
 */
export async function layer(query, signal, priority = 'high') {
  const response = await checked(await fetched(address('layer', query), /** @type {any} */ ({ signal, priority })));
  const bytes = await response.arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  return { ...header, small: new Uint8Array(bytes, 4 + length) };
}

/**
 * A plane. `scale` and the ends of its display are the caller's.
 * @param {Record<string, any>} query @param {number} scale @param {AbortSignal} [signal]
 * @returns {Promise<Plane>}
 */
export async function plane(query, scale, signal) {
  const response = await checked(await fetched(address('plane', query), { signal }));
  const said = (response.headers.get('x-plane') ?? '').split(';');
  const [height, width, low, high, ...part] = said.slice(1).map(Number);
  const bytes = await response.arrayBuffer();
  const common = { height, width, scale, part, low, high };
  switch (said[0]) {
    case 'u8': return { ...common, kind: 'u8', data: new Uint8Array(bytes) };
    case 'rgba': return { ...common, kind: 'rgba', data: new Uint8Array(bytes) };
    case 'u16': {
      const step = (high - low) / 65535;
      return { ...common, kind: 'f32', data: Float32Array.from(new Uint16Array(bytes), level => low + step * level) };
    }
    default: return { ...common, kind: 'f32', data: new Float32Array(bytes) };
  }
}

/** The color tables, one after the other: 256 colors of 3 bytes each. */
export const colorMaps = async () => new Uint8Array(await (await checked(await fetched(address('color-maps')))).arrayBuffer());

/** An image and the texts beside it, as one upload. @param {File[]} files the image first */
export function upload(files) {
  const list = new TextEncoder().encode(JSON.stringify(files.map(file => ({ name: file.name, size: file.size }))));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, list.length, true);
  return post('images', new Blob([length, list, ...files], { type: 'application/octet-stream' }));
}

/** The value of a plane at a pixel of the image; null outside. @param {Plane | null | undefined} plane @param {number} x @param {number} y */
export function valueAt(plane, x, y) {
  if (!plane || plane.kind === 'rgba' || !('length' in plane.data)) return null;
  const [top, left, rows, columns] = plane.part;
  const row = Math.floor((y / plane.scale - top) * plane.height / rows), column = Math.floor((x / plane.scale - left) * plane.width / columns);
  if (row < 0 || column < 0 || row >= plane.height || column >= plane.width) return null;
  return plane.data[row * plane.width + column];
}
