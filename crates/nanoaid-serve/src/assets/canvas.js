// Painting without WebGL: planes are colored into pictures, which the canvas scales. Slower, and the same to look at.

/** @typedef {import('./gl.js').Pane} Pane */
/** @typedef {import('./gl.js').Layer} Layer */
/** @typedef {import('./scale.js').View} View */

/**
 * The colors of numbers.
 * @param {ArrayLike<number>} data @param {number} low @param {number} high @param {number} gamma
 * @param {Uint8Array} tables @param {number} map
 */
export function colored(data, low, high, gamma, tables, map) {
  const out = new Uint8ClampedArray(4 * data.length), span = Math.max(high - low, 1e-30);
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (Number.isNaN(value)) { out.set([255, 0, 255, 255], 4 * i); continue; }
    const t = Math.min(Math.max((value - low) / span, 0), 1);
    const at = 3 * (256 * map + Math.floor((gamma === 1 ? t : t ** gamma) * 255 + 0.5));
    out[4 * i] = tables[at];
    out[4 * i + 1] = tables[at + 1];
    out[4 * i + 2] = tables[at + 2];
    out[4 * i + 3] = 255;
  }
  return out;
}

/** @param {HTMLCanvasElement} canvas @param {Uint8Array} tables */
export function canvasPainter(canvas, tables) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  /** @type {WeakMap<object, {key: string, picture: CanvasImageSource}>} */
  const pictures = new WeakMap();

  /** @param {Layer} layer */
  function picture({ plane, low, high, gamma, map }) {
    if ('close' in plane.data) return plane.data;
    const key = plane.kind === 'rgba' ? '' : [low, high, gamma, map].join();
    const kept = pictures.get(plane);
    if (kept?.key === key) return kept.picture;
    const made = document.createElement('canvas');
    made.width = plane.width;
    made.height = plane.height;
    const pixels = plane.kind === 'rgba' ? new Uint8ClampedArray(plane.data) : colored(plane.data, low, high, gamma, tables, map);
    /** @type {any} */ (made.getContext('2d')).putImageData(new ImageData(/** @type {any} */ (pixels), plane.width, plane.height), 0, 0);
    pictures.set(plane, { key, picture: made });
    return made;
  }

  return {
    name: 'canvas',
    most: 4096,
    /** @param {Pane[]} panes @param {View} view @param {number} ratio */
    paint(panes, view, ratio) {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      for (const { box, layers } of panes) {
        context.save();
        context.beginPath();
        context.rect(box.x, box.y, box.width, box.height);
        context.clip();
        for (const layer of layers) {
          const { plane, alpha } = layer;
          const [top, left, rows, columns] = plane.part.map(value => value * plane.scale);
          context.globalAlpha = alpha;
          context.imageSmoothingEnabled = columns * view.zoom < plane.width;
          context.imageSmoothingQuality = 'high';
          context.drawImage(picture(layer), box.x + box.width / 2 + (left - view.x) * view.zoom, box.y + box.height / 2 + (top - view.y) * view.zoom, columns * view.zoom, rows * view.zoom);
        }
        context.restore();
      }
    },
  };
}
