/** Signing in again, over whatever is on the screen: nothing is left or lost for it. */
import { t } from '../i18n.js';
import { h } from './dom.js';

/** @param {import('../api.js').Api} api @param {string} name who was signed in
 * @returns {Promise<boolean>} true once that person is signed in again */
export function askSignIn(api, name) {
  const before = document.activeElement;
  const who = h('input', { id: 'again-name', type: 'text', autocomplete: 'username', value: name, readonly: true });
  const password = h('input', { id: 'again-password', type: 'password', autocomplete: 'current-password', required: true, maxlength: 256, autofocus: true, 'data-way': 'password' });
  const refusal = h('p', { class: 'refused', role: 'alert' });
  const form = h('form', {},
    h('h2', { id: 'again-title' }, t('again.title')),
    h('p', {}, t('again.text')),
    h('label', { for: 'again-name' }, t('login.name')), who,
    h('label', { for: 'again-password', 'data-way': 'password' }, t('login.password')), password,
    refusal,
    h('div', { class: 'dialog-buttons' },
      h('button', { type: 'button', class: 'button', onclick: () => location.assign('/login') }, t('again.other')),
      h('button', { type: 'submit', class: 'button primary', 'data-way': 'password' }, t('sign_in'))));
  const byProvider = h('a', { class: 'button primary', href: '/login/provider?again=1', target: '_blank', rel: 'noopener', hidden: true });
  refusal.before(byProvider);
  offerProvider(api, form, byProvider);
  const dialog = h('dialog', { class: 'dialog sign-in', 'aria-labelledby': 'again-title' }, form);
  return new Promise((resolve) => {
    let done = false;
    const told = new BroadcastChannel('kyphometer-signed-in'); // by the tab in which the provider was asked
    told.onmessage = async () => {
      done = await api.isSignedIn(name).catch(() => false);
      if (done) dialog.close();
      else refusal.textContent = t('again.somebody_else');
    };
    form.addEventListener('submit', async (/** @type {Event} */ event) => {
      event.preventDefault();
      refusal.textContent = '';
      try {
        await api.signIn(name, password.value);
        done = true;
        dialog.close();
      } catch (error) {
        refusal.textContent = error instanceof Error ? error.message : String(error);
        password.select();
      }
    });
    dialog.addEventListener('close', () => {
      told.close();
      dialog.remove();
      if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** @param {import('../api.js').Api} api @param {HTMLFormElement} form @param {HTMLAnchorElement} link */
async function offerProvider(api, form, link) {
  const ways = await api.ways().catch(() => null); // not there: the password is asked for
  if (!ways?.provider) return;
  link.textContent = t('login.provider', { name: ways.provider });
  link.hidden = false;
  for (const part of form.querySelectorAll('[data-way=password]')) /** @type {HTMLElement} */ (part).hidden = !ways.passwords;
  if (!ways.passwords) link.focus();
}
