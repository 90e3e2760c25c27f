for (const fader of document.querySelectorAll('.fader input')) {
  const above = fader.closest('figure').querySelector('.fade img + img');
  const fade = () => { above.style.opacity = fader.value / 100; };
  fader.addEventListener('input', fade);
  fade();
}
