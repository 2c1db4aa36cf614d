/** A report as the server sends it: headings, words, tables, pictures. It computes nothing. */
import { h } from './dom.js';

/** @param {Wire.Report} report */
export function reportView(report) {
  return [
    h('h2', {}, report.title),
    h('p', { class: 'quiet' }, report.subtitle),
    h('dl', { class: 'report-facts' }, report.facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    ...report.blocks.map((block) => SHOWN[block.kind](block)),
  ];
}

/** @type {Object<string, (block: Wire.ReportBlock) => any>} */
const SHOWN = {
  heading: (block) => h(block.level === 1 ? 'h3' : 'h4', {}, block.text),
  paragraph: (block) => h('p', { class: block.level ? 'emphasis' : null }, block.text),
  bullets: (block) => h('ul', {}, (block.items ?? []).map((item) => h('li', {}, item))),
  table: (block) => {
    const columns = block.columns ?? [];
    const cell = (/** @type {string} */ text, /** @type {number} */ place) => h('td', { class: columns[place].number ? 'n' : null }, text);
    return h('figure', { class: 'report-table' },
      h('figcaption', {}, block.text),
      h('div', { class: 'wide', role: 'region', tabindex: 0, 'aria-label': block.text },
        h('table', {},
          h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col', class: column.number ? 'n' : null }, column.label)))),
          h('tbody', {}, (block.rows ?? []).map((row) => h('tr', {}, row.map(cell)))))),
      block.note ? h('p', { class: 'quiet' }, block.note) : null);
  },
  figure: (block) => h('figure', {},
    h('img', { src: `data:image/png;base64,${block.png}`, alt: block.note || block.text }),
    h('figcaption', {}, block.text)),
};
