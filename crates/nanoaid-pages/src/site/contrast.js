// Comparison pages: a dot of the volcano plot names its unit and links to its page.
'use strict';

(() => {
  const chart = document.querySelector('.volcano svg'), hint = document.querySelector('.hint');
  const row = dot => document.querySelector(`tr[data-row="${dot.dataset.row}"]`);
  let at = null;
  chart.addEventListener('pointerover', event => {
    const dot = event.target.closest('circle[data-row]');
    if (!dot) return;
    at?.classList.remove('at');
    at = dot;
    dot.classList.add('at');
    const [unit, auc, interval, q] = [...row(dot).cells].map(cell => cell.textContent.trim());
    hint.textContent = `${unit}: AUC ${auc} (${interval}), q ${q}`;
  });
  chart.addEventListener('click', event => {
    const dot = event.target.closest('circle[data-row]');
    if (dot) row(dot).querySelector('a').click();
  });
})();
