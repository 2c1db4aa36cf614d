/** The films of this patient, visit by visit: open one, or lay it beside this one. */
import { date, t } from '../i18n.js';
import { h, refill } from './dom.js';
import { icon } from './icons.js';
import { visitName } from './names.js';

export class Strip {
  /** @param {(id: string) => void} compare */
  constructor(compare) {
    this.compare = compare;
    this.root = h('nav', { class: 'strip', 'aria-label': t('strip.title'), hidden: true });
  }

  /** @param {any} facts @param {string[]} beside films that are shown beside this one */
  show(facts, beside) {
    const films = facts.siblings ?? [];
    this.root.hidden = films.length < 2;
    refill(this.root, h('ol', {}, films.map((/** @type {any} */ film) => this.item(film, facts.film_id, beside))));
  }

  /** @param {any} film @param {string} current @param {string[]} beside */
  item(film, current, beside) {
    const here = film.film_id === current;
    const name = film.visit ? visitName(film.visit) : film.label.replace(/\.(dcm|dicom|ima)$/i, '');
    const state = t(`status.${film.status ?? 'unread'}`);
    const link = h('a', {
      href: `#/film/${encodeURIComponent(film.film_id)}`,
      'aria-current': here ? 'true' : null,
      title: `${film.label} · ${state}`,
      'data-focus': `film-${film.film_id}`,
    },
      h('img', { src: `/api/films/${encodeURIComponent(film.film_id)}/thumbnail`, alt: '', width: 56, height: 72, loading: 'lazy', onerror: (/** @type {Event} */ event) => /** @type {any} */ (event.target).classList.add('missing') }),
      h('span', { class: 'strip-name' }, name),
      h('span', { class: 'strip-date' }, date(film.date)),
      h('span', { class: `dot ${film.status ?? 'unread'}`, 'aria-hidden': 'true' }),
      h('span', { class: 'unseen' }, state),
    );
    const button = here ? null : h('button', {
      type: 'button',
      class: 'tool compare-with',
      title: t('strip.compare', { name }),
      'aria-label': t('strip.compare', { name }),
      'aria-pressed': String(beside.includes(film.film_id)),
      'data-focus': `compare-${film.film_id}`,
      onclick: () => this.compare(film.film_id),
    }, icon('compare'));
    return h('li', { class: here ? 'here' : '' }, link, button);
  }
}
