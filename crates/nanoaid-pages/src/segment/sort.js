// Rows by the column whose heading is clicked; again: the other way round.
for (const table of document.querySelectorAll('table.sortable')) {
  const body = table.tBodies[0];
  for (const button of table.querySelectorAll('thead button')) {
    button.addEventListener('click', () => {
      const heading = button.parentElement, column = heading.cellIndex;
      const down = heading.getAttribute('aria-sort') === 'ascending';
      for (const other of heading.parentElement.cells) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const value = row => row.cells[column].dataset.value ?? '';
      const order = (a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === '' || y === '') return (x === '') - (y === '');
        const numbers = [Number(x), Number(y)];
        const found = numbers.some(Number.isNaN) ? x.localeCompare(y) : numbers[0] - numbers[1];
        return down ? -found : found;
      };
      body.append(...[...body.rows].sort(order));
    });
  }
}
