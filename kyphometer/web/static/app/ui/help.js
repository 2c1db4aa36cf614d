/** Every shortcut and mouse binding, from the same list that the keyboard obeys. */
import { comboOf, GESTURES, keyRefusal, keysOf, mayChange, SHORTCUTS } from '../input/shortcuts.js';
import { t } from '../i18n.js';
import { ask } from './dialogs.js';
import { h } from './dom.js';

const NAMED = new Set(['Ctrl', 'Shift', 'Alt', 'Escape', 'Enter', 'Delete', 'Backspace']);
const GROUPS = ['mark', 'view', 'compare', 'assist', 'film'];

/** @param {{assist: boolean}} has @param {any} prefs @param {import('../input/shortcuts.js').OwnKeys} own
 * @param {() => void} changed */
export async function showHelp(has, prefs, own, changed) {
  const told = h('p', { class: 'key-told', role: 'status' });
  /** @type {(() => void)[]} */
  const redraw = [];
  const groups = GROUPS.filter((group) => group !== 'assist' || has.assist).map((group) => {
    const rows = [
      ...SHORTCUTS.filter((s) => s.group === group).map((s) =>
        keyRow(s, own, told, changed, redraw),
      ),
      ...GESTURES.filter((g) => g.group === group).map((g) =>
        row([g.show.includes('.') ? t(g.show) : g.show], t(g.key)),
      ),
    ];
    return h('section', {}, h('h3', {}, t(`help.${group}`)), h('dl', {}, rows));
  });
  const keys = h('input', { type: 'checkbox', id: 'single-keys', checked: prefs.keys });
  keys.addEventListener('change', () => {
    prefs.keys = keys.checked;
    changed();
  });
  const right = h('input', { type: 'checkbox', id: 'right-windows', checked: prefs.rightWindows });
  right.addEventListener('change', () => {
    prefs.rightWindows = right.checked;
    changed();
  });
  await ask(
    t('help.title'),
    [
      h('div', { class: 'help', tabindex: 0, role: 'region', 'aria-label': t('help.title') }, h('div', { class: 'help-columns' }, groups)),
      h('p', { class: 'key-line' }, t('help.own_keys'), ' ', h('button', { type: 'button', class: 'button small', onclick: () => {
        for (const command of Object.keys(own)) delete own[command];
        for (const draw of redraw) draw();
        told.textContent = t('help.keys_reset');
        changed();
      } }, t('help.reset_keys'))),
      told,
      h('p', { class: 'check' }, keys, h('label', { for: 'single-keys' }, t('help.keys'))),
      h('p', { class: 'check' }, right, h('label', { for: 'right-windows' }, t('help.right_windows'))),
    ],
    [{ label: t('close'), value: '', primary: true }],
  );
}

/** A command whose key can be changed here: press its button, then the key.
 * @param {import('../input/shortcuts.js').Shortcut} shortcut @param {import('../input/shortcuts.js').OwnKeys} own
 * @param {HTMLElement} told @param {() => void} changed @param {(() => void)[]} redraw */
function keyRow(shortcut, own, told, changed, redraw) {
  const { command } = shortcut;
  const name = t(`command.${command}`);
  const shown = () => keysOf(shortcut, own).map(keyName).join(' / ');
  if (!mayChange(command)) return row(shortcut.keys.map(keyName), name);
  const button = h('button', { type: 'button', class: 'key', 'data-key-of': command, 'aria-describedby': `of-${command}` });
  const draw = () => {
    button.textContent = shown();
    button.setAttribute('aria-label', t('help.change_key', { key: shown() }));
    button.classList.remove('listening');
  };
  button.addEventListener('click', () => {
    button.textContent = '…';
    button.classList.add('listening');
    told.textContent = t('help.press_key', { name });
  });
  button.addEventListener('blur', draw);
  button.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (!button.classList.contains('listening') || ['Shift', 'Control', 'Alt', 'Meta', 'Tab'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const combo = comboOf(event);
    if (combo !== 'Escape') told.textContent = take(command, combo, own, name);
    else told.textContent = '';
    draw();
    changed();
  });
  draw();
  redraw.push(draw);
  return h('div', { class: 'key-row' }, h('dt', {}, button), h('dd', { id: `of-${command}` }, name));
}

/** Give a command that key, or say why not. @param {string} command @param {string} combo
 * @param {import('../input/shortcuts.js').OwnKeys} own @param {string} name */
function take(command, combo, own, name) {
  const refusal = keyRefusal(command, combo, own);
  const key = keyName(combo);
  if (!refusal) {
    own[command] = combo;
    return t('help.key_taken', { name, key });
  }
  return 'taken' in refusal ? t('help.key_conflict', { key, other: t(`command.${refusal.taken}`) }) : t('help.key_reserved', { key });
}

/** @param {string[]} keys @param {string} text */
function row(keys, text) {
  const names = keys.flatMap((key, i) => [i ? ' / ' : '', h('kbd', {}, key)]);
  return h('div', { class: 'key-row' }, h('dt', {}, names), h('dd', {}, text));
}

/** @param {string} combo as `Ctrl+Shift+z` */
export function keyName(combo) {
  if (combo.length === 1) return combo.toUpperCase();
  return combo
    .split('+')
    .map((part) => (part.length === 1 ? part.toUpperCase() : NAMED.has(part) ? t(`keyname.${part}`) : part))
    .join(' ');
}
