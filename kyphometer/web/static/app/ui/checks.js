/**
 * What is wrong or improbable about the marks: says what and where, and goes there when pressed.
 * @typedef {import('../session.js').Session} Session
 */
import { keyOf, markOf } from '../core/document.js';
import { t } from '../i18n.js';
import { h, refill, whenChanged } from './dom.js';
import { icon } from './icons.js';

export class Checks {
  /** @param {(flagged: Set<string>, goTo: ?string) => void} onFlag */
  constructor(onFlag) {
    this.onFlag = onFlag;
    this.root = h('section', { class: 'card checks', 'aria-labelledby': 'checks-title', hidden: true });
    this.draw = whenChanged((model) => this.fill(model));
  }

  /** @param {Session} session */
  open(session) {
    this.session = session;
    session.on('measured', () => this.update());
    this.update();
  }

  update() {
    const session = /** @type {Session} */ (this.session);
    const answer = session.live.answer;
    const findings = answer?.findings ?? [];
    this.draw({ findings, warnings: answer?.warnings ?? [], film: session.facts.warnings ?? [] });
    const flagged = new Set(findings.flatMap((/** @type {Wire.Finding} */ f) => this.cornersIn(f)));
    this.onFlag(flagged, null);
  }

  /** Keys of the corners a finding speaks of. @param {Wire.Finding} finding @returns {string[]} */
  cornersIn(finding) {
    const session = /** @type {Session} */ (this.session);
    return (finding.corners ?? [])
      .filter((ref) => markOf(session.reading, ref))
      .map((ref) => keyOf(ref));
  }

  /** @param {{findings: Wire.Finding[], warnings: string[], film: string[]}} model */
  fill(model) {
    const items = [
      ...model.findings.map((/** @type {Wire.Finding} */ f) => this.item(f)),
      ...model.warnings.map((/** @type {string} */ text) => plain(text)),
      ...model.film.map((/** @type {string} */ text) => plain(text)),
    ];
    this.root.hidden = items.length === 0;
    refill(this.root, h('h2', { id: 'checks-title' }, t('checks.title')), h('ul', { class: 'findings' }, items));
  }

  /** @param {Wire.Finding} finding */
  item(finding) {
    const tone = finding.severity === 'error' ? 'error' : 'warning';
    const [first] = this.cornersIn(finding);
    const text = finding.message || finding.sentence;
    const body = [
      icon(tone),
      h('span', {},
        h('span', { class: 'unseen' }, t(`tone.${tone}`), ': '),
        finding.remedy ? [h('strong', {}, `${finding.where}:`), ` ${text}`, h('span', { class: 'quiet' }, `; ${finding.remedy}.`)] : text,
      ),
    ];
    const go = () => this.onFlag(new Set(this.cornersIn(finding)), first ?? null);
    return h('li', { class: tone },
      first ? h('button', { type: 'button', class: 'finding', 'data-focus': `finding-${finding.where}-${text}`, onclick: go }, body) : h('div', { class: 'finding' }, body),
    );
  }
}

/** @param {string} text */
function plain(text) {
  return h('li', { class: 'warning' }, h('div', { class: 'finding' }, icon('warning'), h('span', {}, text)));
}
