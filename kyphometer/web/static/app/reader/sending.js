/**
 * Results of the confirmed reading sent to an archive: where to, what of it, how far, what came of
 * it. The server sends; closing the dialog stops nothing.
 */
import { t } from '../i18n.js';
import { ask } from '../ui/dialogs.js';
import { h, refill } from '../ui/dom.js';

const POLL_MS = 400;

/** @param {import('./reader.js').Reader} reader */
export async function sendResults(reader) {
  const session = /** @type {import('../session.js').Session} */ (reader.session);
  if (!session.isConfirmed) {
    session.say(t('send.unconfirmed'));
    return;
  }
  try {
    const found = await session.api.sending(session.id);
    await new Sender(session, found).ask();
  } catch (error) {
    session.say(textOf(error), 'warning');
  }
}

class Sender {
  /** @param {import('../session.js').Session} session @param {Wire.Sending} found */
  constructor(session, found) {
    this.session = session;
    this.found = found;
    this.watching = false;
    this.outcome = h('div', { class: 'send-outcome', role: 'status' });
    this.targets = h('div', { class: 'choices', role: 'radiogroup', 'aria-label': t('send.to') });
    this.parts = h('fieldset', { class: 'choices' });
    this.go = h('button', { type: 'button', class: 'button primary', 'data-focus': 'send', onclick: () => this.begin() }, t('send.do'));
    this.chosen = found.job?.destination ?? found.destinations[0]?.name ?? '';
  }

  /** The dialog, until it is closed. */
  async ask() {
    const { destinations, problem, version } = this.found;
    refill(this.targets, destinations.map((one) => this.target(one)));
    this.showParts();
    const able = destinations.length > 0;
    if (this.found.job) this.show(this.found.job);
    if (this.found.job && this.found.job.state !== 'done') this.watch();
    await ask(
      t('send.title'),
      able
        ? [h('p', { class: 'quiet' }, t('send.version', { version })), h('h3', {}, t('send.to')), this.targets, this.parts, this.outcome, this.go]
        : [h('p', { role: 'alert' }, problem ?? '')],
      [{ label: t('close'), value: '', primary: !able }],
    );
  }

  /** @param {Wire.SendTarget} one */
  target(one) {
    const id = `send-to-${one.name}`;
    const radio = h('input', { type: 'radio', name: 'send-to', id, checked: one.name === this.chosen });
    radio.addEventListener('change', () => {
      this.chosen = one.name;
      this.showParts();
    });
    return h('p', { class: 'check' }, radio, h('label', { for: id }, one.name, ' ', h('span', { class: 'quiet small' }, one.address)));
  }

  /** What the chosen destination gets unless the reader says otherwise. */
  showParts() {
    const target = this.found.destinations.find((one) => one.name === this.chosen);
    refill(this.parts, h('legend', {}, t('send.what')), this.found.parts.map((part) => {
      const id = `send-part-${part}`;
      const box = h('input', { type: 'checkbox', id, value: part, checked: Boolean(target?.parts.includes(part)) });
      box.addEventListener('change', () => this.update());
      return h('p', { class: 'check' }, box, h('label', { for: id }, t(`send.part.${part}`)));
    }));
    this.update();
  }

  /** @returns {any[]} */
  wanted() {
    return [...this.parts.querySelectorAll('input:checked')].map((box) => /** @type {HTMLInputElement} */ (box).value);
  }

  update() {
    this.go.disabled = this.watching || this.wanted().length === 0;
  }

  async begin() {
    this.watching = true;
    this.update();
    const [destination, parts] = [this.chosen, this.wanted()];
    this.show({ destination, parts, state: 'making', done: 0, total: parts.length, sent: 0, known: 0, problems: [], ended: null });
    try {
      const { job } = await this.session.api.send(this.session.id, { destination, parts });
      if (job) this.show(job);
    } catch (error) {
      this.watching = false;
      this.update();
      this.outcome.dataset.state = 'refused';
      refill(this.outcome, h('p', { class: 'refused', role: 'alert' }, textOf(error)));
      return;
    }
    await this.watch();
  }

  /** Ask how far it is until it is done; a server that does not answer is asked again. */
  async watch() {
    this.watching = true;
    this.update();
    /** @type {?Wire.SendJob} */
    let job = null;
    do {
      await new Promise((done) => { setTimeout(done, POLL_MS); });
      job = await this.session.api.sending(this.session.id).then((found) => found.job, () => job);
      if (job) this.show(job);
    } while (!job || job.state !== 'done');
    this.watching = false;
    this.update();
    if (!this.outcome.isConnected) this.session.say(t(isWhole(job) ? 'send.say' : 'send.say_failed', { to: job.destination }), isWhole(job) ? 'info' : 'warning');
  }

  /** @param {Wire.SendJob} job */
  show(job) {
    const { state, done, total, destination: to } = job;
    this.outcome.dataset.state = state === 'done' ? (isWhole(job) ? 'whole' : 'partly') : state;
    if (state !== 'done') {
      refill(this.outcome,
        h('p', {}, t(`send.${state}`, { to, done, total })),
        h('progress', { max: Math.max(total, 1), ...(state === 'sending' ? { value: done } : {}), 'aria-label': t('send.title') }));
      return;
    }
    this.go.textContent = t(isWhole(job) ? 'send.do' : 'send.again');
    refill(this.outcome,
      h('p', { class: isWhole(job) ? 'good' : null }, t('send.sent', { to, count: job.sent + job.known, total: job.parts.length })),
      job.known ? h('p', { class: 'quiet' }, t('send.known', { known: job.known })) : null,
      job.ended ? h('p', { class: 'refused' }, job.ended) : null,
      job.problems.map((text) => h('p', { class: 'refused' }, text)),
      isWhole(job) ? null : h('p', { class: 'quiet' }, t('send.rest')));
  }
}

/** @param {Wire.SendJob} job */
function isWhole(job) {
  return job.state === 'done' && !job.ended && job.problems.length === 0;
}

/** @param {unknown} error */
function textOf(error) {
  return error instanceof Error ? error.message : String(error);
}
