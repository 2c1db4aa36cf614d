/** Signing in, where there are accounts. */
import { Api } from './api.js';
import { t, useLanguage } from './i18n.js';
import { loadPrefs } from './prefs.js';

const form = /** @type {HTMLFormElement} */ (document.getElementById('login'));
const refusal = /** @type {HTMLElement} */ (document.getElementById('refusal'));

/** @param {string} id @returns {HTMLInputElement} */
const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

await useLanguage(loadPrefs().language || (navigator.language.startsWith('vi') ? 'vi' : 'en'));
for (const element of document.querySelectorAll('[data-text]')) {
  element.textContent = t(/** @type {HTMLElement} */ (element).dataset.text ?? '');
}

const api = new Api();
const first = /** @type {HTMLFormElement} */ (document.getElementById('first'));
const firstRefusal = /** @type {HTMLElement} */ (document.getElementById('first-refusal'));

/** @param {HTMLElement} place @param {unknown} error */
function refuse(place, error) {
  place.textContent = error instanceof Error ? error.message : String(error);
}

const enter = () => location.assign(`/${location.hash}`); // the film that was asked for

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  refusal.textContent = '';
  try {
    const answer = await api.signIn(field('name').value, field('password').value);
    if (!answer.first_password) {
      enter();
      return;
    }
    form.hidden = true;
    first.hidden = false;
    field('new').focus();
  } catch (error) {
    refuse(refusal, error);
    field('password').select();
  }
});

first.addEventListener('submit', async (event) => {
  event.preventDefault();
  firstRefusal.textContent = '';
  try {
    if (field('new').value !== field('again').value) throw new Error(t('account.differ'));
    await api.call('POST', '/api/password', { old: field('password').value, new: field('new').value });
    enter();
  } catch (error) {
    refuse(firstRefusal, error);
    field('new').select();
  }
});
