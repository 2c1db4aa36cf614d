/** Every shortcut and mouse binding, from the same list that the keyboard obeys. */
import { GESTURES, SHORTCUTS } from '../input/shortcuts.js';
import { t } from '../i18n.js';
import { ask } from './dialogs.js';
import { h } from './dom.js';

const GROUPS = ['mark', 'view', 'compare', 'assist', 'film'];

/** @param {{assist: boolean}} has @param {any} prefs @param {() => void} changed */
export async function showHelp(has, prefs, changed) {
  const groups = GROUPS.filter((group) => group !== 'assist' || has.assist).map((group) => {
    const rows = [
      ...SHORTCUTS.filter((s) => s.group === group).map((s) =>
        row(s.keys.map(keyName), t(`command.${s.command}`)),
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
      h('p', { class: 'check' }, keys, h('label', { for: 'single-keys' }, t('help.keys'))),
      h('p', { class: 'check' }, right, h('label', { for: 'right-windows' }, t('help.right_windows'))),
    ],
    [{ label: t('close'), value: '', primary: true }],
  );
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
    .map((part) => (part.length === 1 ? part.toUpperCase() : t(`keyname.${part}`)))
    .join(' ');
}
