// Marks over a pane: scale bar, data bar, box, ruler, cross; the same on the screen and in a saved picture.

import { distance, scaleBar, toScreen } from './scale.js';

/** @typedef {import('./scale.js').Box} Box */
/** @typedef {import('./scale.js').View} View */

const YELLOW = '#f0e442', BLUE = '#56b4e9';

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} x @param {number} y @param {number} size */
function label(context, text, x, y, size) {
  context.font = `600 ${size}px system-ui, "Segoe UI", Helvetica, Arial, sans-serif`;
  context.lineWidth = size / 4;
  context.lineJoin = 'round';
  context.strokeStyle = 'rgb(0 0 0 / .75)';
  context.strokeText(text, x, y);
  context.fillStyle = '#fff';
  context.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} context @param {Box} pane @param {View} view @param {number | null} nmPerPx */
export function drawScaleBar(context, pane, view, nmPerPx) {
  const bar = scaleBar(pane.width, view.zoom, nmPerPx);
  if (!bar) return null;
  const size = Math.min(Math.max(pane.width / 32, 11), 22), thick = Math.max(3, size * 0.25), pad = size * 0.6;
  context.font = `600 ${size}px system-ui, "Segoe UI", Helvetica, Arial, sans-serif`;
  const text = context.measureText(bar.label).width, width = Math.max(bar.px, text) + 2 * pad, height = size * 1.25 + thick + 1.5 * pad;
  const x = pane.x + pane.width - width - pad, y = pane.y + pane.height - height - pad;
  context.fillStyle = 'rgb(0 0 0 / .62)';
  context.fillRect(x, y, width, height);
  context.fillStyle = '#fff';
  context.fillText(bar.label, x + (width - text) / 2, y + pad * 0.5 + size);
  context.fillRect(x + (width - bar.px) / 2, y + height - pad - thick, bar.px, thick);
  return bar;
}

/**
 * @param {CanvasRenderingContext2D} context @param {Box} pane @param {View} view
 * @param {{nmPerPx: number | null, bar: {first_row: number, end_row: number} | null, size: [number, number], box: number[] | null, spot?: {y: number, x: number} | null, draft: number[] | null, line: number[] | null, cross: {x: number, y: number} | null, showsBar: boolean, hasScaleBar: boolean}} marks
 */
export function drawMarks(context, pane, view, marks) {
  context.save();
  context.beginPath();
  context.rect(pane.x, pane.y, pane.width, pane.height);
  context.clip();
  const at = (/** @type {number} */ x, /** @type {number} */ y) => toScreen(view, pane, x, y);
  const rect = (/** @type {number[]} */ box, /** @type {string} */ color, /** @type {number[]} */ dash) => {
    const a = at(box[1], box[0]);
    context.setLineDash([]);
    context.lineWidth = 4;
    context.strokeStyle = 'rgb(0 0 0 / .55)';
    context.strokeRect(a.x, a.y, box[3] * view.zoom, box[2] * view.zoom);
    context.setLineDash(dash);
    context.lineWidth = 2;
    context.strokeStyle = color;
    context.strokeRect(a.x, a.y, box[3] * view.zoom, box[2] * view.zoom);
    context.setLineDash([]);
  };
  if (marks.bar && marks.showsBar) {
    const a = at(0, marks.bar.first_row), b = at(marks.size[1], marks.size[0]);
    context.fillStyle = 'rgb(213 94 0 / .28)';
    context.fillRect(a.x, a.y, b.x - a.x, b.y - a.y);
    context.strokeStyle = '#d55e00';
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, a.y);
    context.stroke();
    if (b.x - a.x > 180) label(context, 'data bar: cut off', a.x + 6, a.y - 5, 12);
  }
  if (marks.box) rect(marks.box, YELLOW, []);
  if (marks.spot) {
    const { x, y } = at(marks.spot.x + 0.5, marks.spot.y + 0.5);
    for (const [width, color] of /** @type {[number, string][]} */ ([[5, 'rgb(0 0 0 / .6)'], [2, YELLOW]])) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      context.arc(x, y, 7, 0, 2 * Math.PI);
      context.stroke();
    }
  }
  if (marks.draft) rect(marks.draft, YELLOW, [6, 4]);
  if (marks.line) {
    const [y0, x0, y1, x1] = marks.line, a = at(x0, y0), b = at(x1, y1);
    for (const [width, color] of /** @type {[number, string][]} */ ([[5, 'rgb(0 0 0 / .6)'], [2, BLUE]])) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      context.moveTo(a.x, a.y);
      context.lineTo(b.x, b.y);
      context.stroke();
    }
    label(context, distance(Math.hypot(x1 - x0, y1 - y0), marks.nmPerPx), (a.x + b.x) / 2 + 8, (a.y + b.y) / 2 - 8, 14);
  }
  if (marks.cross) {
    const { x, y } = at(marks.cross.x, marks.cross.y);
    context.strokeStyle = 'rgb(0 0 0 / .6)';
    context.lineWidth = 3;
    const cross = () => {
      context.beginPath();
      context.moveTo(x - 9, y); context.lineTo(x - 3, y); context.moveTo(x + 3, y); context.lineTo(x + 9, y);
      context.moveTo(x, y - 9); context.lineTo(x, y - 3); context.moveTo(x, y + 3); context.lineTo(x, y + 9);
      context.stroke();
    };
    cross();
    context.strokeStyle = '#fff';
    context.lineWidth = 1.4;
    cross();
  }
  if (marks.hasScaleBar) {
    // on the image, as far as it is seen
    const a = at(0, 0), b = at(marks.size[1], marks.bar ? marks.bar.first_row : marks.size[0]);
    const x = Math.max(a.x, pane.x), y = Math.max(a.y, pane.y);
    const seen = { x, y, width: Math.min(b.x, pane.x + pane.width) - x, height: Math.min(b.y, pane.y + pane.height) - y };
    if (seen.width > 60 && seen.height > 40) drawScaleBar(context, seen, view, marks.nmPerPx);
  }
  context.restore();
}
