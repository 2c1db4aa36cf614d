/**
 * A comment on the film, kept in the reading with its author and time: a step of undo like any other.
 * @typedef {import('../session.js').Session} Session
 */
import { commentOn } from '../actions.js';
import { t } from '../i18n.js';
import { h } from './dom.js';

const PAUSE_MS = 900;
const MOST_CHARACTERS = 2000;

export class Comment {
  constructor() {
    this.field = h('textarea', { id: 'comment', rows: 2, maxlength: MOST_CHARACTERS, 'aria-describedby': 'comment-hint' });
    this.root = h('section', { class: 'card comment' },
      h('h2', {}, h('label', { for: 'comment' }, t('comment.title'))),
      this.field,
      h('p', { class: 'note', id: 'comment-hint' }, t('comment.hint')));
    this.field.addEventListener('input', () => {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.keep(), PAUSE_MS);
    });
    this.field.addEventListener('change', () => this.keep());
    this.field.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape') return;
      this.keep();
      /** @type {HTMLElement | null} */ (document.querySelector('.stage'))?.focus({ preventScroll: true });
    });
  }

  /** @param {Session} session */
  open(session) {
    clearTimeout(this.pause);
    this.session = session;
    session.on('reading', () => this.update());
    this.update();
  }

  /** What is being typed is not taken away by what the server answers. */
  update() {
    const kept = this.session?.reading.comment ?? '';
    if (this.field.value.trim() !== kept) this.field.value = kept;
  }

  /** Put what was typed into the reading. */
  keep() {
    clearTimeout(this.pause);
    if (this.session) commentOn(this.session, this.field.value.trim());
  }
}
