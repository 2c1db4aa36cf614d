/**
 * What is taken away from a reading: its page as PDF or picture, its numbers as CSV, the tables and
 * the picture for the clipboard. The page and the numbers are the server's.
 */
import { t } from '../i18n.js';
import { askKeep } from '../ui/dialogs.js';
import { measurementCells } from '../ui/measurements.js';
import { copyTables } from './clipboard.js';
import { exportPicture, nameOf, pictureOf, saveAs } from './picture.js';

const FILES = {
  pdf: { rest: '/page.pdf', end: 'pdf' },
  png: { rest: '/page.png', end: 'png' },
  csv: { rest: '/measurements.csv', end: 'csv' },
};

/** Ask what is to be kept, and keep it. @param {import('./reader.js').Reader} reader */
export async function keep(reader) {
  const choice = await askKeep();
  if (!choice) return;
  const session = /** @type {import('../session.js').Session} */ (reader.session);
  try {
    if (choice in FILES) await fetchFile(session, FILES[/** @type {'pdf'} */ (choice)]);
    else if (choice === 'picture') await exportPicture(reader.stage);
    else if (choice === 'copy_picture') await copyPicture(reader);
    else await copyTables(tablesOf(reader));
    session.say(t(choice.startsWith('copy') ? 'keep.copied' : 'keep.saved'));
  } catch (error) {
    session.say(t('keep.failed', { text: error instanceof Error ? error.message : String(error) }), 'warning');
  }
}

/** @param {import('./reader.js').Reader} reader */
export async function copyNumbers(reader) {
  const session = /** @type {import('../session.js').Session} */ (reader.session);
  try {
    await copyTables(tablesOf(reader));
    session.say(t('keep.copied'));
  } catch (error) {
    session.say(t('keep.failed', { text: error instanceof Error ? error.message : String(error) }), 'warning');
  }
}

/** Marks that the server has not got yet are sent first, as the page is made there.
 * @param {import('../session.js').Session} session @param {{rest: string, end: string}} file */
async function fetchFile(session, { rest, end }) {
  session.say(t('keep.making'));
  await session.saver.flush();
  saveAs(await session.api.file(session.id, rest), `${nameOf(session.facts)}.${end}`);
}

/** @param {import('./reader.js').Reader} reader */
async function copyPicture(reader) {
  const picture = new ClipboardItem({ 'image/png': pictureOf(reader.stage) });
  await navigator.clipboard.write([picture]);
}

/** The measurements, and the visits where there are several. @param {any} reader
 * @returns {string[][][]} */
function tablesOf(reader) {
  const { session, visits } = reader;
  const found = session.live.answer?.measurements ?? [];
  const heads = ['code', 'pair', 'value', 'spread'].map((key) => t(`results.${key}`));
  const numbers = [heads, ...found.map(measurementCells)];
  const table = visits.root.querySelector('table');
  return table ? [rowsOf(table), numbers] : [numbers];
}

/** Cells of a table as they lie, with those that reach over several places once.
 * @param {HTMLTableElement} table @returns {string[][]} */
function rowsOf(table) {
  /** @type {string[][]} */
  const grid = [...table.rows].map(() => []);
  for (const [y, row] of [...table.rows].entries()) {
    let x = 0;
    for (const cell of row.cells) {
      while (grid[y][x] !== undefined) x += 1;
      for (let down = 0; down < cell.rowSpan; down += 1) {
        for (let right = 0; right < cell.colSpan; right += 1) grid[y + down][x + right] = down + right === 0 ? textOf(cell) : '';
      }
    }
  }
  return grid;
}

/** Words of a cell; a raised letter stands in brackets, or it would look like part of a number.
 * @param {HTMLTableCellElement} cell */
function textOf(cell) {
  const copy = /** @type {HTMLElement} */ (cell.cloneNode(true));
  for (const raised of copy.querySelectorAll('sup')) raised.textContent = ` (${raised.textContent})`;
  return copy.textContent ?? '';
}
