// Micrograph pages: a box, the units that are more active in it than elsewhere, and where else they are active.
//
// Activations are coarse: the largest of each unit in each cell of a grid, in 256 steps between the
// smallest and the largest of the unit on the data set.
'use strict';

(() => {
  const stage = document.querySelector('.stage'), form = document.querySelector('.finder');
  const { m: id } = stage.dataset, height = +stage.dataset.h, width = +stage.dataset.w;
  const { element, number } = NanoAID;
  const SHOWN = 12, ASKED = 5;
  let box = null;
  NanoAID.box = () => box;

  const mark = (name, [y, x, h, w]) => {
    stage.querySelector(`.${name}`)?.remove();
    stage.append(element('i', { class: name, style: { top: `${100 * y / height}%`, left: `${100 * x / width}%`, height: `${100 * h / height}%`, width: `${100 * w / width}%` } }));
  };

  function setBox([y, x, h, w]) {
    y = Math.max(0, Math.min(Math.round(y), height - 1));
    x = Math.max(0, Math.min(Math.round(x), width - 1));
    box = [y, x, Math.max(1, Math.min(Math.round(h), height - y)), Math.max(1, Math.min(Math.round(w), width - x))];
    mark('box', box);
    if (form) ['y', 'x', 'height', 'width'].forEach((name, nth) => { form.elements[name].value = box[nth]; });
    history.replaceState(null, '', `#box=${box}`);
  }

  // a receptive field is shown where a unit is pointed at
  for (const item of document.querySelectorAll('li[data-box]')) {
    const show = () => mark('spot', item.dataset.box.split(',').map(Number));
    const hide = () => stage.querySelector('.spot')?.remove();
    item.addEventListener('pointerenter', show);
    item.addEventListener('focusin', show);
    item.addEventListener('pointerleave', hide);
    item.addEventListener('focusout', hide);
  }

  const recall = () => {
    const given = /^#box=(\d+),(\d+),(\d+),(\d+)$/.exec(location.hash);
    if (given) setBox(given.slice(1).map(Number));
    return given;
  };
  recall();
  if (!form) return;

  const status = form.querySelector('.status'), results = document.querySelector('.results');
  const network = () => form.elements.network.value;
  const networkData = name => NanoAID.get(`network:${name}`, `data/${name}.js`).then(data => {
    data.bytes ??= NanoAID.bytes(data.ranks);
    if (!data.units) {
      data.units = [];
      for (const layer of data.layers) {
        const pictures = new Set(layer.pictures);
        for (let channel = 0; channel < layer.units; channel++) {
          const own = layer.names[channel];
          data.units.push({ layer: layer.name, channel, name: own ?? `channel ${channel}`, address: `${layer.folder}${channel}`, picture: pictures.has(channel), field: layer.field_px });
        }
      }
    }
    return data;
  });
  const gridOf = (name, of) => NanoAID.get(`grid:${name}:${of}`, `micrographs/${of}.${name}.js`).then(grid => {
    grid.bytes ??= NanoAID.bytes(grid.values);
    return grid;
  });

  /** The share of each cell that the box covers. */
  function weights(grid) {
    const [y, x, h, w] = box, cellHeight = height / grid.rows, cellWidth = width / grid.cols;
    const overlap = (start, length, from, size) => Math.max(0, Math.min(start + length, from + size) - Math.max(start, from)) / size;
    const found = new Float64Array(grid.rows * grid.cols);
    for (let row = 0; row < grid.rows; row++) {
      for (let col = 0; col < grid.cols; col++) {
        found[row * grid.cols + col] = overlap(y, h, row * cellHeight, cellHeight) * overlap(x, w, col * cellWidth, cellWidth);
      }
    }
    return found;
  }

  /** For each unit the weighted mean inside the box and outside it, in 0 … 1. */
  function contrast(grid, inside) {
    const cells = inside.length, total = inside.reduce((a, b) => a + b, 0), rest = cells - total, found = [];
    for (let unit = 0; unit * cells < grid.bytes.length; unit++) {
      let within = 0, without = 0;
      for (let cell = 0; cell < cells; cell++) {
        const value = grid.bytes[unit * cells + cell];
        within += inside[cell] * value;
        without += (1 - inside[cell]) * value;
      }
      within /= 255 * total;
      without = rest > 1e-9 ? without / (255 * rest) : 0;
      found.push({ unit, within, without, difference: within - without });
    }
    return found.sort((a, b) => b.difference - a.difference || a.unit - b.unit);
  }

  async function find() {
    const name = network(), asked = box.join();
    status.textContent = 'Searching …';
    const [data, grid] = await Promise.all([networkData(name), gridOf(name, id)]);
    if (asked !== box?.join() || name !== network()) return;
    const found = contrast(grid, weights(grid)).slice(0, SHOWN).filter(one => one.difference > 0);
    results.hidden = !found.length;
    const panel = document.querySelector('#found');
    panel.querySelector('ul').replaceChildren(...found.map(one => {
      const unit = data.units[one.unit];
      const picture = unit.picture ? element('img', { src: `${NanoAID.root}${unit.address}.png`, alt: '', loading: 'lazy' }) : element('span', { class: 'none' }, 'no picture');
      return element('li', {}, element('a', { class: 'card', href: `${NanoAID.root}${unit.address}.html` }, picture,
        element('span', { class: 'name' }, unit.name), element('span', { class: 'note' }, `${unit.layer} +${number(one.difference)}`)));
    }));
    panel.querySelector('tbody').replaceChildren(...found.map(one => {
      const unit = data.units[one.unit];
      return element('tr', {}, element('td', {}, `${unit.layer}:${unit.channel}`),
        ...[one.within, one.without, one.difference].map(value => element('td', { class: 'number', 'data-csv': value }, number(value))));
    }));
    status.textContent = found.length ? `${found.length} units are more active in the box than elsewhere.` : 'No unit is more active in the box than elsewhere.';
    await more(name, data, found.slice(0, ASKED).map(one => one.unit), asked);
  }

  /** Micrographs in which the same units rank highest, each at the cell where they fire most. */
  async function more(name, data, units, asked) {
    const list = document.querySelector('#more ul');
    list.replaceChildren();
    if (!units.length) return;
    const all = await NanoAID.micrographs(), seen = [...all.values()], perMicrograph = data.units.length;
    const ranked = seen.map((one, nth) => ({ one, rank: units.reduce((sum, unit) => sum + data.bytes[nth * perMicrograph + unit], 0) / (255 * units.length) }))
      .filter(({ one }) => one.id !== id).sort((a, b) => b.rank - a.rank || (a.one.id < b.one.id ? -1 : 1)).slice(0, 9);
    const fields = units.map(unit => data.units[unit].field).filter(field => field !== null);
    const side = fields.length ? Math.max(...fields) : null;
    const items = await Promise.all(ranked.map(async ({ one, rank }) => {
      const grid = await gridOf(name, one.id), cells = grid.rows * grid.cols;
      const sums = Array.from({ length: cells }, (_, cell) => units.reduce((sum, unit) => sum + grid.bytes[unit * cells + cell], 0));
      const best = sums.indexOf(Math.max(...sums)), row = Math.floor(best / grid.cols), col = best % grid.cols;
      const cellHeight = one.height / grid.rows, cellWidth = one.width / grid.cols;
      // the cell, or the receptive field around its middle where that is larger
      const size = [Math.max(cellHeight, side ?? one.height), Math.max(cellWidth, side ?? one.width)];
      const start = (middle, length, limit) => Math.round(Math.max(0, Math.min(middle - length / 2, limit - length)));
      const h = Math.round(Math.min(size[0], one.height)), w = Math.round(Math.min(size[1], one.width));
      const field = [start((row + 0.5) * cellHeight, h, one.height), start((col + 0.5) * cellWidth, w, one.width), h, w];
      return element('li', {}, element('a', { class: 'crop', href: `${NanoAID.root}micrographs/${one.id}.html#box=${field}`, 'data-v': rank },
        NanoAID.pane(one, field), element('span', { class: 'value' }, number(rank)), ...(one.class ? [element('span', { class: 'class' }, one.class.replaceAll('_', ' '))] : [])));
    }));
    if (asked === box?.join() && name === network()) list.replaceChildren(...items);
  }

  const failed = error => { status.textContent = error.message; };
  const run = () => find().catch(failed);

  let start = null;
  const place = event => {
    const rect = stage.getBoundingClientRect();
    return [(event.clientY - rect.top) / rect.height * height, (event.clientX - rect.left) / rect.width * width];
  };
  stage.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    start = place(event);
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  stage.addEventListener('pointermove', event => {
    if (!start) return;
    const [y, x] = place(event);
    setBox([Math.min(y, start[0]), Math.min(x, start[1]), Math.abs(y - start[0]), Math.abs(x - start[1])]);
  });
  const ended = event => {
    if (!start) return;
    const [y, x] = place(event), [fromY, fromX] = start;
    start = null;
    // a click is a box of a tenth of the width around it
    if (Math.abs(y - fromY) < 3 && Math.abs(x - fromX) < 3) setBox([y - width / 20, x - width / 20, width / 10, width / 10]);
    run();
  };
  stage.addEventListener('pointerup', ended);
  stage.addEventListener('pointercancel', () => { start = null; });

  form.hidden = false;
  form.addEventListener('submit', event => {
    event.preventDefault();
    setBox(['y', 'x', 'height', 'width'].map(name => +form.elements[name].value));
    run();
  });
  form.elements.network.addEventListener('change', () => { if (box) run(); });
  form.addEventListener('reset', () => {
    box = null;
    stage.querySelector('.box')?.remove();
    results.hidden = true;
    status.textContent = '';
    history.replaceState(null, '', location.pathname);
  });
  addEventListener('hashchange', () => { if (recall()) run(); });
  if (box) run();
})();
