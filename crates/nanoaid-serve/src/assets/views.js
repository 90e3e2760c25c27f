// Views: panes side by side that show one place of the image, moved and zoomed together; tools; what lies under the cursor.

import { canvasPainter } from './canvas.js';
import { at, element } from './dom.js';
import { drawMarks } from './figure.js';
import { glPainter } from './gl.js';
import { arranged, clamp, fitted, toImage, zoomed } from './scale.js';

/** @typedef {import('./scale.js').View} View */
/** @typedef {import('./scale.js').Box} Box */
/**
 * @typedef {object} Shown one pane
 * @property {string} kind @property {string} title
 * @property {import('./gl.js').Layer[]} layers
 * @property {boolean} showsBar whether the data bar is drawn
 */

/**
 * @param {Uint8Array} tables
 * @param {{moved: (view: View) => void, cursor: (place: {x: number, y: number} | null) => void, clicked: (place: {x: number, y: number}) => void, boxed: (box: number[]) => void, edge: (row: number) => void, line: (line: number[], tool: string) => void, painted: () => void}} on
 */
export function makeViews(tables, on) {
  const host = at('views');
  const picture = element('canvas', { class: 'picture', 'aria-hidden': 'true' });
  const marks = element('canvas', { class: 'marks', 'aria-hidden': 'true' });
  const names = element('div', { class: 'names' });
  host.append(picture, marks, names);
  const painter = glPainter(picture, tables) ?? canvasPainter(picture, tables);
  host.dataset.painter = painter.name;

  /** @type {Shown[]} */ let shown = [];
  /** @type {Box[]} */ let boxes = [];
  /** @type {View | null} */ let view = null;
  let isFitted = true, tool = 'move', waiting = false;
  /** @type {{height: number, width: number, nmPerPx: number | null, bar: any, box: number[] | null, spot: {y: number, x: number} | null}} */
  let image = { height: 1, width: 1, nmPerPx: null, bar: null, box: null, spot: null };
  /** @type {number[] | null} */ let draft = null;
  /** @type {number[] | null} */ let line = null;
  /** @type {{x: number, y: number} | null} */ let cross = null;
  /** Row to which the edge of the data bar is dragged. @type {number | null} */ let edge = null;

  const size = () => ({ width: host.clientWidth, height: host.clientHeight });
  const current = () => view ?? { x: 0, y: 0, zoom: 1 };

  function layout() {
    const { width, height } = size();
    boxes = arranged(shown.length, width, height, 4, image.width / image.height);
    if ((isFitted || !view) && boxes[0]) view = fitted(image.height, image.width, boxes[0]);
    const key = JSON.stringify([boxes, shown.map(({ title, kind }) => [title, kind])]);
    if (names.dataset.key === key) return;
    names.dataset.key = key;
    names.replaceChildren(...shown.map(({ title, kind }, i) => {
      const name = element('span', { class: 'name', 'data-kind': kind }, title);
      name.style.left = `${boxes[i].x}px`;
      name.style.top = `${boxes[i].y}px`;
      name.style.maxWidth = `${boxes[i].width}px`;
      return name;
    }));
  }

  function paint() {
    waiting = false;
    const { width, height } = size(), ratio = Math.min(devicePixelRatio || 1, 2);
    if (width === 0 || height === 0) return;
    for (const canvas of [picture, marks]) {
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    }
    layout();
    painter.paint(shown.map(({ layers }, i) => ({ box: boxes[i], layers })), current(), ratio);
    const context = /** @type {CanvasRenderingContext2D} */ (marks.getContext('2d'));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    drawAll(context);
    at('zoom').textContent = `${Math.round(current().zoom * 100)} %`;
    on.painted();
  }

  /** @param {CanvasRenderingContext2D} context @param {boolean} withCross */
  function drawAll(context, withCross = true) {
    shown.forEach((pane, i) => drawMarks(context, boxes[i], current(), {
      nmPerPx: image.nmPerPx, bar: edge === null ? image.bar : { ...image.bar, first_row: edge }, size: [image.height, image.width], box: image.box, spot: image.spot, draft, line,
      cross: withCross ? cross : null, showsBar: pane.showsBar, hasScaleBar: !['measured', 'why'].includes(pane.kind), // their pictures have one
    }));
  }

  function again() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(paint);
  }

  /** @param {View} next */
  function move(next) {
    view = { ...next, x: clamp(next.x, 0, image.width), y: clamp(next.y, 0, image.height) };
    isFitted = false;
    on.moved(view);
    again();
  }

  /** The pane below the pointer, or beside it where the pointer is between two. @param {{offsetX: number, offsetY: number}} event */
  function pointed({ offsetX: x, offsetY: y }) {
    const beside = boxes.map(box => Math.max(box.x - x, x - box.x - box.width, box.y - y, y - box.y - box.height, 0));
    const i = beside.indexOf(Math.min(...beside));
    return i < 0 || beside[i] > 8 ? null : { i, ...toImage(current(), boxes[i], x, y) };
  }

  /** Whether a place is at the edge of the data bar, where that is drawn. @param {{i: number, y: number} | null} place */
  const isEdge = place => Boolean(place && tool === 'move' && image.bar && shown[place.i]?.showsBar && Math.abs(place.y - image.bar.first_row) * current().zoom < 6);

  // ---- pointer
  /** @type {Map<number, {x: number, y: number}>} */ const fingers = new Map();
  /** @type {{x: number, y: number, view: View, from: any, hasMoved: boolean, isEdge: boolean} | null} */ let drag = null;
  const local = (/** @type {PointerEvent} */ event) => {
    const frame = host.getBoundingClientRect();
    return { offsetX: event.clientX - frame.left, offsetY: event.clientY - frame.top };
  };
  host.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    const place = local(event), from = pointed(place);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    host.setPointerCapture(event.pointerId);
    drag = from && { x: event.clientX, y: event.clientY, view: current(), from, hasMoved: false, isEdge: isEdge(from) };
  });
  host.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => {
    const place = pointed(local(event));
    cross = place && { x: place.x, y: place.y };
    on.cursor(cross);
    host.classList.toggle('at-edge', drag ? drag.isEdge : isEdge(place));
    const before = fingers.get(event.pointerId);
    if (before && fingers.size === 2) {
      const [a, b] = [...fingers.values()], apart = Math.hypot(a.x - b.x, a.y - b.y);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const [c, d] = [...fingers.values()], now = Math.hypot(c.x - d.x, c.y - d.y);
      if (place && apart > 0) move(zoomed(current(), now / apart, place));
      drag = null;
    } else if (drag) {
      const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
      drag.hasMoved ||= Math.hypot(dx, dy) > 3;
      if (drag.isEdge) { if (drag.hasMoved) edge = clamp(Math.round(drag.from.y + dy / drag.view.zoom), 1, image.height - 1); }
      else if (drag.hasMoved && tool === 'move') move({ zoom: drag.view.zoom, x: drag.view.x - dx / drag.view.zoom, y: drag.view.y - dy / drag.view.zoom });
      else if (drag.hasMoved) {
        const box = boxes[drag.from.i], to = toImage(current(), box, local(event).offsetX, local(event).offsetY);
        if (tool === 'box') draft = boxOf(drag.from, to);
        else line = [drag.from.y, drag.from.x, to.y, to.x];
      }
    }
    again();
  });
  const lifted = (/** @type {PointerEvent} */ event) => {
    fingers.delete(event.pointerId);
    if (!drag) return;
    const { from, hasMoved } = drag;
    drag = null;
    if (edge !== null) { const row = edge; edge = null; if (event.type === 'pointerup') on.edge(row); again(); return; }
    if (!hasMoved && event.type === 'pointerup') on.clicked({ x: from.x, y: from.y });
    else if (draft) { const box = draft; draft = null; if (box[2] > 1 && box[3] > 1) on.boxed(box); }
    else if (line && tool !== 'move') on.line(line, tool);
    again();
  };
  host.addEventListener('pointerup', lifted);
  host.addEventListener('pointercancel', lifted);
  host.addEventListener('pointerleave', () => { cross = null; on.cursor(null); again(); });
  host.addEventListener('wheel', (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    const place = pointed(local(/** @type {any} */ (event)));
    if (place) move(zoomed(current(), 2 ** (-event.deltaY / (event.ctrlKey ? 60 : 240)), place));
  }, { passive: false });
  host.addEventListener('dblclick', (/** @type {MouseEvent} */ event) => {
    const place = pointed(local(/** @type {any} */ (event)));
    if (place && tool === 'move') move(zoomed(current(), event.shiftKey ? 0.5 : 2, place));
  });

  /** Whole pixels between two places inside the image. @param {any} a @param {any} b */
  function boxOf(a, b) {
    const y = clamp(Math.floor(Math.min(a.y, b.y)), 0, image.height), x = clamp(Math.floor(Math.min(a.x, b.x)), 0, image.width);
    const bottom = clamp(Math.ceil(Math.max(a.y, b.y)), 0, image.bar?.first_row ?? image.height), right = clamp(Math.ceil(Math.max(a.x, b.x)), 0, image.width);
    return [y, x, Math.max(0, bottom - y), Math.max(0, right - x)];
  }

  new ResizeObserver(again).observe(host);

  return {
    painter: painter.name,
    /** @param {Shown[]} panes */
    show(panes) { shown = panes; again(); },
    /** What lies below all panes. @param {Partial<typeof image>} facts */
    setImage(facts) { image = { ...image, ...facts }; again(); },
    /** @param {View | null} next null: all of the image */
    setView(next) { view = next; isFitted = next === null; again(); },
    view: () => (isFitted ? null : view),
    /** The view, also where it is all of the image. */
    seen: () => view,
    /** Size of a pane on the screen, in its pixels. */
    pane: () => ({ width: boxes[0]?.width ?? 0, height: boxes[0]?.height ?? 0 }),
    /** @param {string} next */
    setTool(next) { tool = next; host.dataset.tool = next; line = null; again(); },
    /** @param {number} factor */
    zoom(factor) { const now = current(); move(zoomed(now, factor, now)); },
    /** @param {number} dx @param {number} dy shares of a pane */
    pan(dx, dy) { const now = current(), box = boxes[0]; if (box) move({ ...now, x: now.x + dx * box.width / now.zoom, y: now.y + dy * box.height / now.zoom }); },
    again,
    /** The panes as they are, with scale bars, without the cross: a picture to save. */
    snapshot() {
      const made = element('canvas', { width: picture.width, height: picture.height });
      const context = /** @type {CanvasRenderingContext2D} */ (made.getContext('2d'));
      const ratio = picture.width / size().width;
      context.fillStyle = '#fff';
      context.fillRect(0, 0, made.width, made.height);
      painter.paint(shown.map(({ layers }, i) => ({ box: boxes[i], layers })), current(), ratio);
      context.drawImage(picture, 0, 0);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawAll(context, false);
      return new Promise((/** @type {(blob: Blob) => void} */ done) => made.toBlob((/** @type {Blob} */ blob) => done(blob), 'image/png'));
    },
  };
}
