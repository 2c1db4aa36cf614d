/** The tab in which somebody has signed in again tells the one that waits for it. */
import { t, useLanguage } from './i18n.js';
import { loadPrefs } from './prefs.js';

await useLanguage(loadPrefs().language || (navigator.language.startsWith('vi') ? 'vi' : 'en'));
const text = /** @type {HTMLElement} */ (document.getElementById('text'));
text.textContent = t('again.done');
new BroadcastChannel('kyphometer-signed-in').postMessage('signed in');
window.close(); // where the browser lets a page close itself
