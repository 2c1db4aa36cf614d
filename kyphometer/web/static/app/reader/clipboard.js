/** Tables for the clipboard: as text with tabs, and as tables that a document keeps. */

/** @param {string[][][]} tables rows of cells, the head first */
export async function copyTables(tables) {
  const text = tables.map((rows) => rows.map((cells) => cells.map(plain).join('\t')).join('\n')).join('\n\n');
  if (!navigator.clipboard) throw new Error('clipboard');
  if (typeof ClipboardItem === 'undefined') {
    await navigator.clipboard.writeText(text);
    return;
  }
  const blob = (/** @type {string} */ type, /** @type {string} */ body) => new Blob([body], { type });
  await navigator.clipboard.write([new ClipboardItem({
    'text/plain': blob('text/plain', text),
    'text/html': blob('text/html', tables.map(htmlOf).join('<br>')),
  })]);
}

/** @param {string} cell */
const plain = (cell) => cell.replaceAll(/\s+/g, ' ').trim();

/** @param {string[][]} rows */
function htmlOf(rows) {
  const table = document.createElement('table');
  for (const cells of rows) {
    const row = table.insertRow();
    for (const cell of cells) row.insertCell().textContent = plain(cell);
  }
  return new XMLSerializer().serializeToString(table);
}
