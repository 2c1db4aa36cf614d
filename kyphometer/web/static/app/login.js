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

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const api = new Api();
  api.csrf = 'login'; // any value: a foreign page could not set this header at all
  refusal.textContent = '';
  try {
    await api.call('POST', '/api/login', {
      name: field('name').value,
      password: field('password').value,
    });
    location.assign(`/${location.hash}`); // the film that was asked for
  } catch (error) {
    refusal.textContent = error instanceof Error ? error.message : String(error);
    field('password').select();
  }
});
