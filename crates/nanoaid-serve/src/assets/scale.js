// Numbers and lengths as they are shown; scale bars; the view of an image. Nothing here knows the page.

/** @typedef {{x: number, y: number, zoom: number}} View center in pixels of the image; screen pixels a pixel */
/** @typedef {{x: number, y: number, width: number, height: number}} Box */

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** A number with three digits and a true minus sign. @param {number} value */
export function number(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2)
    : size >= 100 ? value.toFixed(0) : String(+value.toPrecision(3));
  return text.replace('-', '−');
}

/** Nanometres in the unit a microscopist would write. @param {number} nm */
export function length(nm) {
  const size = Math.abs(nm);
  const [value, unit] = size < 1e3 ? [nm, 'nm'] : size < 1e6 ? [nm / 1e3, 'µm'] : [nm / 1e6, 'mm'];
  return `${+value.toPrecision(4)} ${unit}`.replace('-', '−');
}

/** Pixels of the image as a length. @param {number} px @param {number | null} nmPerPx */
export const distance = (px, nmPerPx) => nmPerPx ? length(px * nmPerPx) : `${+px.toPrecision(4)} px`;

/**
 * The longest bar of 1, 2 or 5 times a power of ten that takes at most `share` of `width` screen pixels.
 * @param {number} width @param {number} zoom screen pixels of a pixel of the image
 * @param {number | null} nmPerPx @param {number} share
 * @returns {{px: number, label: string} | null} its screen pixels and its length; null where none fits
 */
export function scaleBar(width, zoom, nmPerPx, share = 0.3) {
  const most = width * share / zoom * (nmPerPx ?? 1);
  if (!(most > 0) || !Number.isFinite(most)) return null;
  const decade = 10 ** Math.floor(Math.log10(most));
  const fit = [5, 2, 1].map(factor => factor * decade).find(found => found <= most * (1 + 1e-12));
  if (!fit || (!nmPerPx && fit < 1)) return null;
  return { px: fit / (nmPerPx ?? 1) * zoom, label: nmPerPx ? length(fit) : `${+fit.toPrecision(4)} px` };
}

/** The view that shows all of an image. @param {number} height @param {number} width @param {Box} pane @returns {View} */
export function fitted(height, width, pane) {
  const zoom = Math.min(pane.width / width, pane.height / height) * 0.98;
  return { x: width / 2, y: height / 2, zoom: zoom > 0 && Number.isFinite(zoom) ? zoom : 1 };
}

/** Where a point of the screen lies in the image. @param {View} view @param {Box} pane @param {number} x @param {number} y */
export const toImage = (view, pane, x, y) => ({
  x: view.x + (x - pane.x - pane.width / 2) / view.zoom,
  y: view.y + (y - pane.y - pane.height / 2) / view.zoom,
});

/** Where a point of the image lies on the screen. @param {View} view @param {Box} pane @param {number} x @param {number} y */
export const toScreen = (view, pane, x, y) => ({
  x: pane.x + pane.width / 2 + (x - view.x) * view.zoom,
  y: pane.y + pane.height / 2 + (y - view.y) * view.zoom,
});

/** `view` zoomed by `factor` about a point of the image that stays in its place. @param {View} view @param {number} factor @param {{x: number, y: number}} about @returns {View} */
export function zoomed(view, factor, about) {
  const zoom = clamp(view.zoom * factor, 1 / 64, 64), by = view.zoom / zoom;
  return { zoom, x: about.x + (view.x - about.x) * by, y: about.y + (view.y - about.y) * by };
}

/**
 * Rectangles for `n` panes in a box, so that images of this shape are as large as they can be.
 * @param {number} n @param {number} width @param {number} height @param {number} gap @param {number} aspect width over height of the image
 * @returns {Box[]}
 */
export function arranged(n, width, height, gap = 4, aspect = 1.33) {
  let best = { across: 1, fit: -1, cell: { width, height } };
  for (let across = 1; across <= Math.max(n, 1); across++) {
    const rows = Math.ceil(n / across);
    const cell = { width: (width - gap * (across - 1)) / across, height: (height - gap * (rows - 1)) / rows };
    const fit = Math.min(cell.width / aspect, cell.height);
    if (fit > best.fit) best = { across, fit, cell };
  }
  const { across, cell } = best;
  return Array.from({ length: n }, (_, i) => ({
    x: (i % across) * (cell.width + gap), y: Math.floor(i / across) * (cell.height + gap), ...cell,
  }));
}
