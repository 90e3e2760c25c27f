// Layer pages: units ordered and filtered, and walked through by arrow keys.
'use strict';

(() => {
  const form = document.querySelector('.filter'), list = document.querySelector('.units.all');
  const items = [...list.children], { order, class: only, text, alive, shown } = form.elements;
  const value = (item, key) => item.dataset[key] === undefined ? null : +item.dataset[key];
  // channels and lengths count upwards, everything else from the largest down
  const upwards = new Set(['n', 'p', 'x']);

  function apply() {
    const key = order.value, sign = upwards.has(key) ? 1 : -1;
    const sorted = [...items].sort((a, b) => {
      const [left, right] = [value(a, key), value(b, key)];
      // units without the value come last
      if (left === null || right === null) return (left === null) - (right === null) || value(a, 'n') - value(b, 'n');
      return sign * (left - right) || value(a, 'n') - value(b, 'n');
    });
    const wanted = text.value.trim().toLowerCase();
    let count = 0;
    for (const item of sorted) {
      const name = item.querySelector('.name').textContent.toLowerCase();
      const fits = (!only.value || item.dataset.k === only.value) && (!alive?.checked || item.dataset.dead === undefined)
        && (!wanted || name.includes(wanted) || item.dataset.n === wanted);
      item.hidden = !fits;
      count += fits;
    }
    list.append(...sorted);
    shown.textContent = count === items.length ? `${count} units` : `${count} of ${items.length} units`;
    remember();
  }

  // the order and the filter are part of the address, so that a link shows the same
  function remember() {
    const parts = new URLSearchParams();
    if (order.value !== 'n') parts.set('order', order.value);
    if (only.value) parts.set('class', only.value);
    if (text.value) parts.set('text', text.value);
    if (alive?.checked) parts.set('alive', '1');
    const hash = parts.toString();
    if (hash !== location.hash.slice(1)) history.replaceState(null, '', hash ? `#${hash}` : location.pathname);
  }

  function recall() {
    const parts = new URLSearchParams(location.hash.slice(1));
    if ([...order.options].some(option => option.value === parts.get('order'))) order.value = parts.get('order');
    if ([...only.options].some(option => option.value === parts.get('class'))) only.value = parts.get('class');
    text.value = parts.get('text') ?? '';
    if (alive) alive.checked = parts.has('alive');
  }

  function walk(event) {
    const links = items.length ? [...list.querySelectorAll('li:not([hidden]) > a')] : [], at = links.indexOf(document.activeElement);
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const columns = getComputedStyle(list).gridTemplateColumns.split(' ').length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const next = step && links[at + step];
    if (next) { next.focus(); event.preventDefault(); }
  }

  form.hidden = false;
  form.addEventListener('input', apply);
  form.addEventListener('submit', event => event.preventDefault());
  list.addEventListener('keydown', walk);
  if (location.hash) { recall(); apply(); }
})();
