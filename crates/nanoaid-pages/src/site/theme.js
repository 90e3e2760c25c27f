// Runs before the page is drawn: the theme that the reader chose, else that of the system.
'use strict';
try {
  const chosen = localStorage.getItem('nanoaid-theme');
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
} catch { /* storage is closed to this page: the system's theme stays */ }
