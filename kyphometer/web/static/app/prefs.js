/** Settings of this browser; a browser that stores nothing only forgets them. */
import { isUpright, turnOf } from './core/turn.js';

const KEY = 'kyphometer.settings';
const DEFAULTS = Object.freeze({
  language: '',
  autoZoom: true,
  loupe: true,
  assist: true,
  propose: false,
  keys: true,
  rightWindows: false,
  ownKeys: {},
  plan: 'angles',
  visits: true,
});

/** @returns {any} */
export function loadPrefs() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return { ...DEFAULTS, ...kept, ownKeys: { ...kept.ownKeys } };
  } catch {
    return { ...DEFAULTS, ownKeys: {} };
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

const TURNS = 'kyphometer.turns';
const MOST_TURNS = 300;

/** How films are shown turned in this browser, by film. @returns {Object<string, any>} */
function turns() {
  try {
    return JSON.parse(localStorage.getItem(TURNS) ?? '{}') ?? {};
  } catch {
    return {};
  }
}

/** @param {string} film @returns {import('./core/turn.js').Turn} */
export function recallTurn(film) {
  return turnOf(turns()[film]);
}

/** @param {string} film @param {import('./core/turn.js').Turn} turn */
export function keepTurn(film, turn) {
  const { [film]: _before, ...others } = turns();
  const kept = Object.entries(isUpright(turn) ? others : { ...others, [film]: turn }).slice(-MOST_TURNS);
  try {
    localStorage.setItem(TURNS, JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // It holds until the film is opened again.
  }
}

const ASKED = 'kyphometer.asked';

/** What was asked for before an identity provider took over the tab; told once. @returns {string} */
export function recallAsked() {
  try {
    const asked = sessionStorage.getItem(ASKED) ?? '';
    sessionStorage.removeItem(ASKED);
    return asked;
  } catch {
    return '';
  }
}

/** @param {string} hash */
export function keepAsked(hash) {
  try {
    sessionStorage.setItem(ASKED, hash);
  } catch {
    // Forbidden: the work list opens instead.
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
