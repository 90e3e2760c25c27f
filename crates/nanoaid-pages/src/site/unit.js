// Unit pages: lengths in nanometres for the size of a pixel that the reader types.
'use strict';

(() => {
  const form = document.querySelector('.nm');
  if (!form) return;
  const ticks = [...document.querySelectorAll('text[data-px]')], units = [...document.querySelectorAll('tspan[data-unit]')];
  const lengths = [...document.querySelectorAll('[data-length]')];

  function apply() {
    const nm = +form.elements.nm.value, given = nm > 0 && Number.isFinite(nm);
    for (const tick of ticks) tick.textContent = NanoAID.number(given ? tick.dataset.px * nm : +tick.dataset.px);
    for (const unit of units) unit.textContent = given ? ' / nm' : ' / px';
    for (const length of lengths) {
      const px = +length.dataset.length;
      length.textContent = `${NanoAID.number(px)} px` + (given ? ` = ${NanoAID.length(px * nm)}` : '');
    }
    const hash = given ? `#nm=${nm}` : '';
    if (hash !== location.hash && (given || location.hash.startsWith('#nm='))) history.replaceState(null, '', hash || location.pathname);
  }

  form.hidden = false;
  form.addEventListener('input', apply);
  form.addEventListener('submit', event => event.preventDefault());
  const given = /^#nm=([\d.]+)$/.exec(location.hash);
  if (given) { form.elements.nm.value = given[1]; apply(); }
})();
