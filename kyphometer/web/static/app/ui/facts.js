/** What the film's header says, folded away under the results. */
import { number, t } from '../i18n.js';
import { h, refill } from './dom.js';
import { factName } from './names.js';

export class Facts {
  constructor() {
    this.root = h('details', { class: 'card facts' });
  }

  /** @param {any} facts */
  show(facts) {
    const rows = [...spacing(facts.geometry), ...(facts.facts ?? [])];
    refill(this.root,
      h('summary', {}, t('facts.title')),
      h('dl', {}, rows.map(([name, value]) => h('div', {}, h('dt', {}, factName(name)), h('dd', {}, String(value))))),
    );
  }
}

/** @param {any} geometry @returns {string[][]} */
function spacing(geometry) {
  if (!geometry) return [];
  const source = t(`spacing.${geometry.source}`);
  if (!geometry.row_mm) return [['pixel_size', source]];
  const size = `${number(geometry.row_mm, 3)} × ${number(geometry.column_mm, 3)} mm`;
  return [['pixel_size', size], ['pixel_size_source', source]];
}
