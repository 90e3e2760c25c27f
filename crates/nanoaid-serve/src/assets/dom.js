// Elements, made and found.

/** The element called `id`. @param {string} id @returns {any} */
export const at = id => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found;
};

/**
 * An element with attributes and what is inside; text is never markup.
 * @param {string} name @param {Record<string, any>} attributes @param {...any} inside
 * @returns {any}
 */
export function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...inside.flat().filter(one => one !== null && one !== undefined && one !== false));
  return made;
}

/** A chart that the server drew, with a button that saves it as it is. @param {string} text SVG @param {string} name of the file */
export function chart(text, name) {
  const drawn = document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true);
  return [drawn, element('button', { type: 'button', class: 'link save-chart', title: `${name}.svg`, onclick: () => save(new Blob([text], { type: 'image/svg+xml' }), `${name}.svg`) }, 'Save SVG')];
}

/** Buttons that save files of a result, and all of them. @param {string[]} names @param {(name: string) => string} address */
export const fileButtons = (names, address) => element('p', { class: 'row-of-buttons' }, [...names, 'all.zip'].map(name =>
  element('button', { type: 'button', onclick: async () => save(await (await fetch(address(name))).blob(), name) }, name === 'all.zip' ? 'All of them, ZIP' : name)));

/** Options of a select, the chosen one kept where it is there. @param {any} select @param {[string, string][]} options @param {string} chosen */
export function choices(select, options, chosen) {
  const key = JSON.stringify(options);
  if (select.dataset.options === key) { select.value = chosen; return; }
  select.dataset.options = key;
  select.replaceChildren(...options.map(([value, text]) => element('option', { value, selected: value === chosen }, text)));
  select.value = chosen;
}

/** Says something below the page. @param {string} text @param {boolean} isError */
export function say(text, isError = false) {
  const status = at('status');
  status.textContent = text;
  status.classList.toggle('error', isError);
}

/** A word with its meaning on hover. @param {[string, string][]} terms @param {string} term @param {string} [text] */
export function term(terms, term, text = term) {
  const meaning = terms.find(([known]) => known === term)?.[1];
  return meaning ? element('abbr', { class: 'term', title: `${term}: ${meaning}`, tabindex: '0' }, text) : text;
}

/** Hands a file to the browser to save. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A command line with a button that copies it. @param {string} text */
export function commandLine(text) {
  const button = element('button', { type: 'button', onclick: async () => {
    try { await navigator.clipboard.writeText(text); button.textContent = 'Copied'; } catch { button.textContent = 'Select and copy it'; }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  } }, 'Copy');
  return element('div', { class: 'command' }, element('code', { tabindex: '0' }, text), button);
}
