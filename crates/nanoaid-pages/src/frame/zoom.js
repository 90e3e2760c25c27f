// A picture of a page, enlarged: first fitted to the window, by a click pixel by pixel; Escape or a click beside it closes.
const zooms = document.querySelectorAll('a.zoom');
if (zooms.length && window.HTMLDialogElement) {
  const dialog = document.createElement('dialog'), image = document.createElement('img'), close = document.createElement('button');
  dialog.className = 'zoomed';
  close.type = 'button';
  close.textContent = 'Close';
  dialog.append(close, image);
  document.body.append(dialog);
  for (const zoom of zooms) {
    zoom.addEventListener('click', event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      image.src = zoom.href;
      image.alt = zoom.querySelector('img').alt;
      dialog.classList.remove('full');
      dialog.showModal();
    });
  }
  image.addEventListener('click', event => { event.stopPropagation(); dialog.classList.toggle('full'); });
  dialog.addEventListener('click', () => dialog.close());
}
