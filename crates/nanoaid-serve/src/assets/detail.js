// Detail: parts of a plane at full resolution, for planes that were sent in fewer pixels than they have. Nothing here
// knows the page.

/** @typedef {import('./api.js').Plane} Plane */
/** @typedef {import('./scale.js').View} View */

/** Parts begin and end at multiples of it, so that a small move asks for nothing. */
const STEP = 256;
/** Longest side of a part: what the server sends at once. */
const MOST = 4096;
/** Pixels of the screen for one that was sent, above which detail is seen. */
const SEEN = 1.1;

/**
 * The part of `plane`, in its positions, that is worth asking for at full resolution: what is seen in a pane of this size
 * and a little around it. Null where the plane has all, or nothing more would be seen.
 * @param {Plane} plane @param {View} view @param {{width: number, height: number}} pane
 * @returns {{y: number, x: number, height: number, width: number} | null}
 */
export function wantedPart(plane, view, pane) {
  const [, , rows, columns] = plane.part, perSent = rows / plane.height;
  if (perSent <= 1 || view.zoom * plane.scale * perSent <= SEEN) return null;
  const span = (/** @type {number} */ middle, /** @type {number} */ half, /** @type {number} */ all) => {
    const from = Math.max(0, Math.floor((middle - 1.25 * half) / STEP) * STEP), to = Math.min(all, Math.ceil((middle + 1.25 * half) / STEP) * STEP);
    return [from, Math.min(to - from, MOST)];
  };
  const [y, height] = span(view.y / plane.scale, pane.height / view.zoom / plane.scale / 2, rows);
  const [x, width] = span(view.x / plane.scale, pane.width / view.zoom / plane.scale / 2, columns);
  return height > 0 && width > 0 ? { y, x, height, width } : null;
}
