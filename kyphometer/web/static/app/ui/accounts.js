/** The owner's page of accounts: who may sign in, as what; a new account and its first password. */
import { date, t } from '../i18n.js';
import { ask } from './dialogs.js';
import { h, refill } from './dom.js';
import { languageSwitch } from './header.js';
import { icon } from './icons.js';

const ROLES = ['observer', 'qa', 'owner'];

export class Accounts {
  /** @param {import('../main.js').App} app */
  constructor(app) {
    this.app = app;
    this.note = h('p', { class: 'list-note', role: 'status' });
    this.body = h('tbody');
    this.signIns = h('section', { class: 'sign-ins', 'aria-labelledby': 'sign-ins' });
    const heads = ['name', 'observer', 'role', 'created', 'state'].map((key) => h('th', { scope: 'col' }, t(`accounts.${key}`)));
    this.root = h('div', { class: 'worklist' },
      h('header', { class: 'bar' },
        h('a', { class: 'tool wide', href: '#/' }, icon('back'), h('span', {}, t('worklist.short'))),
        h('h1', { class: 'grow' }, t('accounts.title')),
        languageSwitch(app.config, (code) => app.speak(code))),
      h('main', { class: 'accounts' },
        h('table', {}, h('thead', {}, h('tr', {}, heads)), this.body),
        this.note,
        this.form(),
        h('p', { class: 'quiet' }, t('accounts.hint')),
        this.signIns));
  }

  open() {
    document.title = `${t('accounts.title')} – Kyphometer`;
    return this.attempt(async () => {
      const { users } = await this.app.api.call('GET', '/api/users');
      refill(this.body, users.map((/** @type {any} */ user) => this.row(user)));
      const { sign_ins: attempts } = await this.app.api.call('GET', '/api/sign-ins');
      refill(this.signIns, h('h2', { id: 'sign-ins' }, t('sign_ins.title')), attemptTable(attempts));
    });
  }

  /** @param {any} user */
  row(user) {
    const role = roleChoice(user.role, t('accounts.role_of', { name: user.name }));
    role.setAttribute('data-focus', `role-${user.name}`);
    role.addEventListener('change', () => this.change(user.name, { role: role.value }));
    const state = t(user.active ? 'accounts.close' : 'accounts.reopen');
    return h('tr', { class: user.active ? '' : 'closed', 'data-account': user.name },
      h('th', { scope: 'row' }, user.name),
      h('td', {}, user.observer),
      h('td', {}, role),
      h('td', {}, date(user.created)),
      h('td', {}, t(user.active ? 'accounts.active' : 'accounts.closed'),
        h('button', { type: 'button', class: 'button small', 'data-focus': `state-${user.name}`, 'aria-label': `${state}: ${user.name}`, onclick: () => this.change(user.name, { active: !user.active }) }, state)));
  }

  form() {
    const name = h('input', { id: 'new-name', type: 'text', required: true, maxlength: 64, autocomplete: 'off' });
    const observer = h('input', { id: 'new-observer', type: 'text', maxlength: 64, autocomplete: 'off' });
    const role = roleChoice('observer', t('accounts.role'));
    const form = h('form', { class: 'new-account', 'aria-label': t('accounts.add') },
      h('label', {}, t('accounts.name'), name),
      h('label', {}, t('accounts.observer_optional'), observer),
      h('label', {}, t('accounts.role'), role),
      h('button', { type: 'submit', class: 'button primary' }, t('accounts.add')));
    form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      const body = { name: name.value.trim(), role: role.value, observer: observer.value.trim() || null };
      this.add(body, form);
    });
    return form;
  }

  /** @param {any} body @param {HTMLFormElement} form */
  add(body, form) {
    return this.attempt(async () => {
      const made = await this.app.api.call('POST', '/api/users', body);
      form.reset();
      await this.open();
      await ask(t('accounts.made', { name: made.name }), [h('p', {}, t('accounts.first')), h('p', { class: 'secret' }, made.password)], [{ label: t('close'), value: '', primary: true }]);
    });
  }

  /** @param {string} name @param {any} what */
  change(name, what) {
    return this.attempt(async () => {
      await this.app.api.call('PATCH', `/api/users/${encodeURIComponent(name)}`, what);
      await this.open();
    }, () => this.open());
  }

  /** What is refused is said below the table. @param {() => Promise<any>} deed
   * @param {() => Promise<any>} [after] puts the table back as it is on the server */
  async attempt(deed, after) {
    try {
      this.note.textContent = '';
      await deed();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      await after?.();
      this.note.textContent = text;
    }
  }

  dispose() {
    this.root.remove();
  }
}

/** @param {Wire.SignIns['sign_ins']} attempts newest first */
function attemptTable(attempts) {
  if (attempts.length === 0) return h('p', { class: 'quiet' }, t('sign_ins.none'));
  const heads = ['time', 'name', 'address', 'outcome'].map((key) => h('th', { scope: 'col' }, t(`sign_ins.${key}`)));
  const rows = attempts.slice(0, 50).map((attempt) => h('tr', { 'data-outcome': attempt.outcome },
    h('td', {}, new Date(attempt.time).toLocaleString(document.documentElement.lang)),
    h('td', {}, attempt.name ?? t('sign_ins.unknown', { hash: attempt.name_hash ?? '' })),
    h('td', {}, attempt.address),
    h('td', {}, t(`sign_ins.${attempt.outcome}`))));
  return h('table', {}, h('thead', {}, h('tr', {}, heads)), h('tbody', {}, rows));
}

/** @param {string} chosen @param {string} label */
function roleChoice(chosen, label) {
  return h('select', { 'aria-label': label }, ROLES.map((role) => h('option', { value: role, selected: role === chosen }, t(`role.${role}`))));
}
