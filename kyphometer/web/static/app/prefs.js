/** Settings of this browser; a browser that stores nothing only forgets them. */

const KEY = 'kyphometer.settings';
const DEFAULTS = Object.freeze({
  language: '',
  autoZoom: true,
  loupe: true,
  assist: true,
  keys: true,
  rightWindows: false,
  plan: 'angles',
  visits: true,
});

/** @returns {any} */
export function loadPrefs() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return { ...DEFAULTS };
  }
}

/** @param {any} prefs */
export function storePrefs(prefs) {
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // Storage is full or forbidden: the settings hold until the page is closed.
  }
}

const WHO = 'kyphometer.observer';

/** Who reads in this tab, if that was changed here. @returns {string} */
export function recallObserver() {
  try {
    return sessionStorage.getItem(WHO) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} code */
export function keepObserver(code) {
  try {
    sessionStorage.setItem(WHO, code);
  } catch {
    // Forbidden: it holds until the page is loaded again.
  }
}
