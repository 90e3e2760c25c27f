// On every page: theme, keys, data on demand, panels saved as PNG, SVG and CSV.
'use strict';

const NanoAID = (() => {
  const root = document.body.dataset.root;
  const held = new Map(), waiting = new Map();

  /** Called by data scripts: hands `value` over under `name`. */
  function put(name, value) {
    held.set(name, value);
  }

  /** The value that the script at `address` (from the top folder) puts under `name`. */
  function get(name, address) {
    if (held.has(name)) return Promise.resolve(held.get(name));
    if (!waiting.has(name)) {
      waiting.set(name, new Promise((done, failed) => {
        const script = document.createElement('script');
        script.src = root + address;
        script.onload = () => held.has(name) ? done(held.get(name)) : failed(new Error(`${address} holds no ${name}`));
        script.onerror = () => { waiting.delete(name); failed(new Error(`${address} is missing`)); };
        document.head.append(script);
      }));
    }
    return waiting.get(name);
  }

  const micrographs = () => get('micrographs', 'data/micrographs.js')
    .then(list => new Map(list.map(seen => [seen.id, seen])));
  const bytes = base64 => Uint8Array.from(atob(base64), c => c.charCodeAt(0));

  /** Number as on the pages: three digits, true minus sign. */
  function number(value) {
    if (!Number.isFinite(value)) return '–';
    const size = Math.abs(value);
    const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2)
      : size >= 100 ? value.toFixed(0) : String(+value.toPrecision(3));
    return text.replace('-', '−');
  }

  /** Nanometres in the unit a microscopist would write. */
  function length(nm) {
    const [value, unit] = nm < 1e3 ? [nm, 'nm'] : nm < 1e6 ? [nm / 1e3, 'µm'] : [nm / 1e6, 'mm'];
    return `${+value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
  }

  /** The longest bar of 1, 2 or 5 times a power of ten in `share` of `px`; null where none fits. */
  function scaleBar(px, nmPerPx, share = 0.45) {
    const most = px * share * (nmPerPx ?? 1), decade = 10 ** Math.floor(Math.log10(most));
    const fit = [5, 2, 1].map(factor => factor * decade).find(length => length <= most * (1 + 1e-12));
    if (!fit || (nmPerPx == null && fit < 1)) return null;
    return { px: fit / (nmPerPx ?? 1), label: nmPerPx == null ? `${fit} px` : length(fit) };
  }

  /** The part of a micrograph that is shown for a receptive field, as the pages cut it. */
  function windowOf([y, x, height, width], seen) {
    const side = Math.max(height, width, 48);
    const span = (start, length, all) => {
      const size = Math.min(side, all);
      return [Math.min(Math.max(Math.floor((2 * start + length - size) / 2), 0), all - size), size];
    };
    const [top, rows] = span(y, height, seen.height), [left, columns] = span(x, width, seen.width);
    return [top, left, rows, columns];
  }

  /** The micrograph and the receptive field that a crop leads to. */
  function placeOf(crop) {
    const [, id, box] = /([^/]+)\.html#box=(.*)$/.exec(crop.getAttribute('href'));
    return { id, field: box.split(',').map(Number) };
  }

  function element(name, attributes = {}, ...inside) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === 'style') Object.assign(made.style, value); else made.setAttribute(key, value);
    }
    made.append(...inside);
    return made;
  }

  /** A window onto a micrograph, like those that the pages bring along. */
  function pane(seen, field) {
    const [y, x, height, width] = windowOf(field, seen), side = Math.max(height, width);
    const percent = px => `${(100 * px / side).toFixed(2)}%`;
    const top = (side - height) / 2 - y, left = (side - width) / 2 - x;
    const made = element('span', { class: 'pane' }, element('img', {
      src: `${root}micrographs/${seen.id}.jpg`, alt: seen.file, loading: 'lazy',
      style: { width: percent(seen.width), left: percent(left), top: percent(top) },
    }));
    if (field[2] * field[3] < height * width) {
      made.append(element('i', { class: 'field', style: { left: percent(field[1] + left), top: percent(field[0] + top), width: percent(field[3]), height: percent(field[2]) } }));
    }
    const bar = scaleBar(side, seen.nm_per_px);
    if (bar) made.append(element('i', { class: 'bar', 'aria-hidden': 'true', style: { width: percent(bar.px) } }, element('b', {}, bar.label)));
    return made;
  }

  // ---- saving

  function save(name, type, content) {
    const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    const link = element('a', { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  const fileName = (panel, ending) =>
    `${document.body.dataset.page}-${panel.id}`.replace(/[^\w.-]+/g, '_') + `.${ending}`;

  const quoted = cell => /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  const csvOf = rows => rows.map(row => row.map(cell => quoted(String(cell))).join(',')).join('\r\n') + '\r\n';
  // numbers for machines: a hyphen for the minus sign, a point in shares
  const plain = text => text.trim().replace(/\s+/g, ' ').replace(/−(?=[\d.∞])/g, '-').replace(/^(-?[\d.]+) %$/, '$1%');
  const tableRows = table => [...table.rows].map(row => [...row.cells].map(cell => plain(cell.textContent)));
  // what is saved in place of what is shown: all digits, an interval as two columns
  const csvRows = table => [...table.rows].map(row => [...row.cells].flatMap(cell => cell.dataset.csv === undefined ? [plain(cell.textContent)] : cell.dataset.csv.split(';')));

  function loadedImage(url) {
    return new Promise((done, failed) => {
      const image = new Image();
      image.onload = () => done(image);
      image.onerror = () => failed(new Error('an image cannot be read'));
      image.src = url;
    });
  }

  const micrographImage = id => get(`image:${id}`, `micrographs/${id}.js`).then(loadedImage);

  /** A part of an image as a data URL, enlarged without smoothing. */
  function cut(image, [y, x, height, width], size) {
    const scale = size / Math.max(height, width), canvas = element('canvas');
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext('2d');
    context.imageSmoothingEnabled = scale < 1;
    context.drawImage(image, x, y, width, height, 0, 0, canvas.width, canvas.height);
    return { url: canvas.toDataURL('image/png'), width: canvas.width, height: canvas.height };
  }

  const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const FONT = `font-family="system-ui,'Helvetica Neue',Arial,sans-serif"`;

  function sheet(width, height, inside) {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT} font-size="12" fill="#222"><rect width="${width}" height="${height}" fill="#fff"/>${inside}</svg>`;
  }

  const titled = panel => `<text x="12" y="24" font-size="15" font-weight="600">${escaped(document.querySelector('h1').textContent)}: ${escaped(panel.querySelector('h2').textContent)}</text>`;

  function barSvg(bar, scale, x, y) {
    if (!bar) return '';
    const width = (bar.px * scale).toFixed(1);
    return `<rect x="${x - 1}" y="${y - 1}" width="${+width + 2}" height="5" fill="#000" fill-opacity=".7"/><rect x="${x}" y="${y}" width="${width}" height="3" fill="#fff"/><text x="${x}" y="${y - 4}" font-size="10" font-weight="600" fill="#fff" stroke="#000" stroke-width="2" paint-order="stroke">${escaped(bar.label)}</text>`;
  }

  /** Crops under their headings, nine a row. */
  async function cropsSvg(panel) {
    const SIZE = 112, GAP = 10, COLUMNS = 9;
    const all = await micrographs();
    let y = 44, inside = titled(panel);
    for (const list of panel.querySelectorAll('ul.crops')) {
      const heading = list.previousElementSibling;
      inside += `<text x="12" y="${y + 10}" font-weight="600">${escaped(plain((heading ?? list).textContent))}</text>`;
      y += 20;
      const crops = [...list.querySelectorAll('.crop')];
      for (const [nth, crop] of crops.entries()) {
        const { id, field } = placeOf(crop), seen = all.get(id), view = windowOf(field, seen);
        const part = cut(await micrographImage(seen.id), view, SIZE * 2), scale = SIZE / Math.max(view[2], view[3]);
        const left = 12 + nth % COLUMNS * (SIZE + GAP), top = y + Math.floor(nth / COLUMNS) * (SIZE + 34);
        const dx = left + (SIZE - part.width / 2) / 2, dy = top + (SIZE - part.height / 2) / 2;
        inside += `<image href="${part.url}" x="${dx}" y="${dy}" width="${part.width / 2}" height="${part.height / 2}"/>`;
        if (field[2] * field[3] < view[2] * view[3]) {
          inside += `<rect x="${(dx + (field[1] - view[1]) * scale).toFixed(1)}" y="${(dy + (field[0] - view[0]) * scale).toFixed(1)}" width="${(field[3] * scale).toFixed(1)}" height="${(field[2] * scale).toFixed(1)}" fill="none" stroke="#ffd400" stroke-width="1.5"/>`;
        }
        inside += barSvg(scaleBar(Math.max(view[2], view[3]), seen.nm_per_px), scale, left + 5, top + SIZE - 9);
        const label = (seen.class ?? '').replaceAll('_', ' ');
        inside += `<text x="${left}" y="${top + SIZE + 13}" font-size="11">${escaped(crop.querySelector('.value').textContent)}</text><text x="${left}" y="${top + SIZE + 25}" font-size="9" fill="#555">${escaped(label.length > 22 ? label.slice(0, 21) + '…' : label)}</text>`;
      }
      y += Math.ceil(crops.length / COLUMNS) * (SIZE + 34) + 8;
    }
    return sheet(24 + COLUMNS * SIZE + (COLUMNS - 1) * GAP, y, inside);
  }

  async function cropsCsv(panel) {
    const all = await micrographs(), value = panel.querySelector('ul.crops').dataset.value ?? 'activation', rows = [['row', 'place', 'micrograph', 'class', value, 'top_px', 'left_px', 'height_px', 'width_px', 'nm_per_px', 'id']];
    for (const list of panel.querySelectorAll('ul.crops')) {
      for (const [nth, crop] of [...list.querySelectorAll('.crop')].entries()) {
        const { id, field } = placeOf(crop), seen = all.get(id);
        rows.push([list.getAttribute('aria-label'), nth + 1, seen.file, seen.class ?? '', crop.dataset.v, ...field, seen.nm_per_px ?? '', id]);
      }
    }
    return csvOf(rows);
  }

  /** Pictures with a name and a note below each. */
  function cardsSvg(panel, cards, size, columns) {
    const GAP = 12, HIGH = size + 40;
    let inside = titled(panel);
    for (const [nth, { url, name, note }] of cards.entries()) {
      const x = 12 + nth % columns * (size + GAP), y = 40 + Math.floor(nth / columns) * HIGH;
      inside += url ? `<image href="${url}" x="${x}" y="${y}" width="${size}" height="${size}" image-rendering="auto"/>` : `<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="none" stroke="#bbb" stroke-dasharray="3 2"/>`;
      const most = Math.floor(size / 5.4), fit = text => escaped(text.length > most ? text.slice(0, most - 1) + '…' : text);
      inside += `<text x="${x}" y="${y + size + 13}" font-size="10.5" font-weight="600">${fit(name)}</text><text x="${x}" y="${y + size + 26}" font-size="9.5" fill="#555">${fit(note)}</text>`;
    }
    return sheet(Math.max(24 + columns * (size + GAP) - GAP, 520), 50 + Math.ceil(cards.length / columns) * HIGH, inside);
  }

  async function unitsSvg(panel) {
    const cards = await Promise.all([...panel.querySelectorAll('.card, .nothing')].filter(card => card.offsetParent).map(async card => {
      const src = card.querySelector('img')?.getAttribute('src');
      const address = src && src.startsWith('data:') ? null : src && decodeURI(new URL(src, location).pathname);
      let url = src && !address ? src : null;
      if (address) {
        const folder = address.slice(address.lastIndexOf('networks/'), address.lastIndexOf('/') + 1);
        url = (await get(`pictures:${folder}`, `${folder}pictures.js`))[folder + address.slice(address.lastIndexOf('/') + 1)];
      }
      const text = part => plain(card.querySelector(part)?.textContent ?? '');
      return { url, name: text('.name') || plain(card.textContent), note: text('.note') };
    }));
    // rows of matches stay whole
    const together = +(panel.querySelector('ul').dataset.columns ?? 1);
    return cardsSvg(panel, cards, 80, Math.min(Math.max(cards.length, 1), together * Math.floor(12 / together)));
  }

  function picturesSvg(panel) {
    const cards = [...panel.querySelectorAll('figure')].map(figure => ({
      url: figure.querySelector('img').src, name: plain(figure.querySelector('strong').textContent), note: plain(figure.querySelector('figcaption').textContent).split('; ').slice(1).join('; '),
    }));
    return cardsSvg(panel, cards, 240, Math.max(cards.length, 1));
  }

  async function micrographSvg(panel) {
    const stage = panel.querySelector('.stage'), image = await get(`image:${stage.dataset.m}`, `micrographs/${stage.dataset.m}.js`);
    const seen = (await micrographs()).get(stage.dataset.m), { height, width } = seen;
    let inside = `<image href="${image}" x="0" y="0" width="${width}" height="${height}"/>`;
    const box = NanoAID.box?.();
    if (box) inside += `<rect x="${box[1]}" y="${box[0]}" width="${box[3]}" height="${box[2]}" fill="none" stroke="#ffd400" stroke-width="2"/>`;
    inside += barSvg(scaleBar(width, seen.nm_per_px, 0.25), 1, 14, height - 16);
    return sheet(width, height, inside);
  }

  /** The chart as it is drawn, without the page's colors: its own are those of print. */
  function chartSvg(panel) {
    const svg = panel.querySelector('svg.chart').cloneNode(true);
    svg.querySelectorAll('.at').forEach(mark => mark.classList.remove('at'));
    return new XMLSerializer().serializeToString(svg);
  }

  function tableSvg(panel) {
    const rows = tableRows(panel.querySelector('table.data')).filter(row => row.length);
    const widths = rows[0].map((_, column) => Math.min(420, Math.max(...rows.map(row => (row[column] ?? '').length)) * 6.6 + 18));
    let inside = titled(panel), y = 48;
    for (const [nth, row] of rows.entries()) {
      let x = 12;
      for (const [column, cell] of row.entries()) {
        inside += `<text x="${x}" y="${y}"${nth === 0 ? ' font-weight="600"' : ''}>${escaped(cell)}</text>`;
        x += widths[column] ?? 0;
      }
      y += 18;
    }
    return sheet(Math.max(24 + widths.reduce((a, b) => a + b, 0), 400), y, inside);
  }

  const DRAWN = { chart: chartSvg, crops: cropsSvg, pictures: picturesSvg, units: unitsSvg, micrograph: micrographSvg, table: tableSvg };
  const svgOf = panel => Promise.resolve(DRAWN[panel.dataset.kind](panel));

  async function pngOf(svg) {
    const image = await loadedImage('data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg));
    const scale = Math.max(1, Math.min(2, 8000 / Math.max(image.width, image.height))), canvas = element('canvas');
    canvas.width = image.width * scale;
    canvas.height = image.height * scale;
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise(done => canvas.toBlob(done, 'image/png'));
  }

  async function csvText(panel) {
    if (panel.dataset.kind === 'crops') return cropsCsv(panel);
    if (panel.dataset.kind === 'micrograph') {
      const seen = (await micrographs()).get(panel.querySelector('.stage').dataset.m);
      return csvOf([Object.keys(seen), Object.values(seen).map(value => value ?? '')]);
    }
    const table = panel.querySelector('table.data') ?? document.querySelector('#numbers table.data');
    return csvOf(csvRows(table));
  }

  const SAVED = {
    png: async panel => save(fileName(panel, 'png'), 'image/png', await pngOf(await svgOf(panel))),
    svg: async panel => save(fileName(panel, 'svg'), 'image/svg+xml', await svgOf(panel)),
    csv: async panel => save(fileName(panel, 'csv'), 'text/csv', await csvText(panel)),
  };

  function saver(panel) {
    const title = panel.querySelector('h2').textContent, buttons = element('div', { class: 'save' });
    for (const kind of ['png', 'svg', 'csv']) {
      const button = element('button', { type: 'button', 'aria-label': `Save “${title}” as ${kind.toUpperCase()}`, title: `Save as ${kind.toUpperCase()}`, 'data-save': kind }, kind.toUpperCase());
      button.addEventListener('click', async () => {
        button.disabled = true;
        try {
          await SAVED[kind](panel);
        } catch (error) {
          button.title = error.message;
          button.textContent = 'failed';
        }
        button.disabled = false;
      });
      buttons.append(button);
    }
    panel.querySelector('.head').append(buttons);
  }

  // ---- theme and keys

  function themed() {
    const button = document.querySelector('.theme'), html = document.documentElement;
    const dark = () => html.dataset.theme ? html.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    const say = () => { button.textContent = dark() ? 'Light' : 'Dark'; button.setAttribute('aria-label', `Switch to the ${dark() ? 'light' : 'dark'} theme`); };
    button.hidden = false;
    say();
    button.addEventListener('click', () => {
      html.dataset.theme = dark() ? 'light' : 'dark';
      try { localStorage.setItem('nanoaid-theme', html.dataset.theme); } catch { /* kept for this page only */ }
      say();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', say);
  }

  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest('input, select, textarea, button, [role="region"], summary, .stage, .units')) return;
    const rel = { ArrowLeft: 'prev', ArrowRight: 'next' }[event.key];
    const link = rel && document.head.querySelector(`link[rel="${rel}"]`);
    if (link) location.href = link.href;
  }

  /** Long tables begin folded; the whole stays in the page. */
  function folded(table) {
    const rows = [...table.tBodies[0].rows].slice(+table.dataset.rows);
    if (!rows.length) return;
    const button = element('button', { type: 'button' }, `Show all ${table.tBodies[0].rows.length}`);
    rows.forEach(row => { row.hidden = true; });
    button.addEventListener('click', () => { rows.forEach(row => { row.hidden = false; }); button.remove(); });
    table.closest('.wide').after(button);
  }

  document.querySelectorAll('.panel').forEach(saver);
  document.querySelectorAll('table[data-rows]').forEach(folded);
  document.addEventListener('keydown', keys);
  themed();
  return { put, get, micrographs, bytes, number, length, element, pane, windowOf, root, save, csvOf };
})();
