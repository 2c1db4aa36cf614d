/**
 * The line above the film: which film, whose, when; how it is saved; and the way out.
 * @typedef {import('../session.js').Session} Session
 */
import { date, t } from '../i18n.js';
import { h, refill, whenChanged } from './dom.js';
import { icon } from './icons.js';
import { filmTitle, positionName } from './names.js';

export class Header {
  /** @param {Object<string, any>} commands @param {any} config @param {(code: string) => void} speak */
  constructor(commands, config, speak) {
    this.commands = commands;
    this.config = config;
    this.title = h('div', { class: 'film-title' });
    this.save = h('p', { class: 'save', role: 'status' });
    this.confirm = h('button', { type: 'button', class: 'button primary', 'data-focus': 'confirm', onclick: () => commands.confirm.run() });
    this.send = h('button', { type: 'button', class: 'button', title: `${t('command.send')} (T)`, hidden: !config.sending, 'data-command': 'send', onclick: () => commands.send.run() }, icon('send'), h('span', {}, t('send.button')));
    this.next = h('button', { type: 'button', class: 'button', title: 'N', onclick: () => commands.nextFilm.run() }, h('span', {}, t('command.nextFilm')), icon('next'));
    this.root = h('header', { class: 'bar' },
      h('button', { type: 'button', class: 'tool wide', title: `${t('command.workList')} (U)`, onclick: () => commands.workList.run() }, icon('back'), h('span', {}, t('worklist.short'))),
      this.title,
      this.save,
      this.confirm,
      this.send,
      this.next,
      languageSwitch(config, speak),
      h('button', { type: 'button', class: 'tool', title: `${t('command.help')} (?)`, 'aria-label': t('command.help'), onclick: () => commands.help.run() }, icon('help')),
    );
    this.drawState = whenChanged((model) => this.fillState(model));
  }

  /** @param {Session} session */
  open(session) {
    this.session = session;
    const { facts } = session;
    this.next.disabled = !facts.next;
    const { blinded, observer } = this.config;
    const known = [date(facts.date), positionName(facts.position), facts.patient ? facts.label : '', t('observer.reads', { observer })];
    const line = blinded ? [t('blinded.reading')] : known;
    refill(this.title,
      h('h1', {}, (!blinded && filmTitle(facts)) || facts.label),
      h('p', { class: 'quiet' }, line.filter(Boolean).join(' · ')),
    );
    for (const name of ['save', 'reading', 'confirmed', 'target']) session.on(name, () => this.update());
    this.update();
  }

  update() {
    const session = /** @type {Session} */ (this.session);
    const { state, message } = session.saver;
    this.drawState({
      state,
      message,
      confirmed: session.isConfirmed,
      version: session.version,
      empty: Object.keys(session.reading.vertebrae).length === 0 && session.reading.not_measurable.length === 0,
      open: Boolean(session.target),
    });
  }

  /** @param {any} model */
  fillState(model) {
    const session = /** @type {Session} */ (this.session);
    const quiet = model.state === 'saved';
    const text = quiet && model.confirmed ? t('save.confirmed', { version: model.version }) : quiet && model.empty && model.version === 0 ? '' : t(`save.${model.state}`);
    this.save.className = `save ${model.state}${model.confirmed && quiet ? ' confirmed' : ''}`;
    this.save.dataset.state = model.state;
    const symbol = ['offline', 'conflict', 'refused'].includes(model.state) ? icon('warning') : quiet && text ? icon('check') : null;
    const detail = model.state === 'refused' ? ` ${model.message}` : '';
    refill(this.save, symbol, h('span', {}, text + detail),
      model.state === 'conflict' ? h('button', { type: 'button', class: 'button small', onclick: () => session.emit('resolve') }, t('conflict.resolve')) : null);
    this.confirm.disabled = model.empty || model.confirmed;
    this.confirm.classList.toggle('quieter', model.open);
    refill(this.confirm, model.confirmed ? t('confirmed') : model.version > 0 ? t('confirm.again') : t('confirm'));
    this.confirm.title = 'Ctrl+Enter';
    this.send.disabled = !model.confirmed;
    this.send.title = model.confirmed ? `${t('command.send')} (T)` : t('send.unconfirmed');
  }
}

/** @param {any} config @param {(code: string) => void} speak */
export function languageSwitch(config, speak) {
  const names = { en: 'English', vi: 'Tiếng Việt' };
  const select = h('select', { class: 'language', 'aria-label': 'Language / Ngôn ngữ' },
    (config.languages ?? ['en', 'vi']).map((/** @type {'en'} */ code) =>
      h('option', { value: code, lang: code, selected: document.documentElement.lang === code }, names[code] ?? code),
    ));
  select.addEventListener('change', () => speak(select.value));
  return select;
}
