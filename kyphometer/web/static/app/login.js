/** Signing in, where there are accounts. */
import { Api } from './api.js';
import { t, useLanguage } from './i18n.js';
import { keepAsked, loadPrefs } from './prefs.js';

const form = /** @type {HTMLFormElement} */ (document.getElementById('login'));
const refusal = /** @type {HTMLElement} */ (document.getElementById('refusal'));
const api = new Api();
const REFUSALS = ['account', 'role', 'late', 'provider'];

/** @param {string} id @returns {HTMLInputElement} */
const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

await useLanguage(loadPrefs().language || (navigator.language.startsWith('vi') ? 'vi' : 'en'));
translate(document);

/** @param {ParentNode} part */
function translate(part) {
  for (const element of part.querySelectorAll('[data-text]')) {
    element.textContent = t(/** @type {HTMLElement} */ (element).dataset.text ?? '');
  }
}

/** @param {HTMLElement} place @param {unknown} error */
function refuse(place, error) {
  place.textContent = error instanceof Error ? error.message : String(error);
}

/** How people sign in here: by an identity provider, by password, or by either. */
async function offerWays() {
  const refused = new URLSearchParams(location.search).get('refused') ?? '';
  if (REFUSALS.includes(refused)) refuse(/** @type {HTMLElement} */ (document.getElementById('refused')), new Error(t(`login.refused.${refused}`)));
  const ways = await api.ways();
  form.hidden = !ways.passwords;
  if (!ways.provider) return;
  const link = /** @type {HTMLAnchorElement} */ (document.getElementById('provider'));
  link.textContent = t('login.provider', { name: ways.provider });
  link.hidden = false;
  link.addEventListener('click', () => keepAsked(location.hash)); // the provider knows of no film
}

const enter = () => location.assign(`/${location.hash}`); // the film that was asked for

offerWays().catch(() => null); // passwords are asked for by the page as it stands

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  refusal.textContent = '';
  try {
    const answer = await api.signIn(field('name').value, field('password').value);
    if (answer.first_password) askOwnPassword(field('name').value, field('password').value);
    else enter();
  } catch (error) {
    refuse(refusal, error);
    field('password').select();
  }
});

/** Whoever was given a password chooses another first. @param {string} name @param {string} old */
function askOwnPassword(name, old) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById('own-password'));
  const own = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  translate(own);
  form.replaceWith(own);
  field('first-name').value = name;
  field('new').focus();
  const first = /** @type {HTMLFormElement} */ (document.getElementById('first'));
  const refused = /** @type {HTMLElement} */ (document.getElementById('first-refusal'));
  first.addEventListener('submit', async (event) => {
    event.preventDefault();
    refused.textContent = '';
    try {
      if (field('new').value !== field('again').value) throw new Error(t('account.differ'));
      await api.call('POST', '/api/password', { old, new: field('new').value });
      enter();
    } catch (error) {
      refuse(refused, error);
      field('new').select();
    }
  });
}
