/**
 * The page on which one film is read: puts its parts together and opens films in it.
 */
import * as actions from '../actions.js';
import { cornersOf, markOf, normalised, refOf } from '../core/document.js';
import { KeyboardInput } from '../input/keyboard.js';
import { PointerInput } from '../input/pointer.js';
import { t } from '../i18n.js';
import { storePrefs } from '../prefs.js';
import { Session } from '../session.js';
import { Checks } from '../ui/checks.js';
import { Comment } from '../ui/comment.js';
import { CompareBar } from '../ui/compare-bar.js';
import { ask, askConflict, askCorrection } from '../ui/dialogs.js';
import { h } from '../ui/dom.js';
import { Facts } from '../ui/facts.js';
import { Guide } from '../ui/guide.js';
import { Header } from '../ui/header.js';
import { showHelp } from '../ui/help.js';
import { Results } from '../ui/results.js';
import { Strip } from '../ui/strip.js';
import { Lines } from '../ui/lines.js';
import { Adjudicating } from '../ui/adjudicating.js';
import { Together } from '../ui/together.js';
import { Toasts } from '../ui/toast.js';
import { Toolbar } from '../ui/toolbar.js';
import { Vertebrae } from '../ui/vertebrae.js';
import { Visits } from '../ui/visits.js';
import { centredOn } from '../view/viewport.js';
import { commandsOf } from './commands.js';
import { Compare } from './compare.js';
import { copyNumbers } from './keeping.js';
import { Looks } from './looks.js';
import { printable } from './picture.js';
import { Stage } from './stage.js';

/** A film is shown at the latest this long after it has arrived, though the table above it is not there. */
const MOST_WAIT_MS = 500;

export class Reader {
  /** @param {any} app api, config, prefs, films (loader), speak, go */
  constructor(app) {
    this.app = app;
    /** @type {import('../api.js').Api} */
    this.api = app.api;
    this.config = app.config;
    this.prefs = app.prefs;
    /** @type {import('../films.js').Films} */
    this.films = app.films;
    this.looks = new Looks(this);
    /** @type {?Session} */
    this.session = null;
    /** @type {any} */
    this.facts = null;
    this.closed = false;
    this.commands = commandsOf(this);
    this.toasts = new Toasts();
    const stageRoot = h('div', { class: 'stage', tabindex: 0, role: 'application', 'aria-label': t('stage.label'), 'aria-describedby': 'stage-help' });
    this.guide = new Guide(this.commands);
    this.cover = h('div', { class: 'cover', role: 'status' });
    this.wrap = h('div', { class: 'stage-wrap' }, stageRoot, this.guide.root, this.cover, h('p', { id: 'stage-help', class: 'unseen' }, t('stage.help')));
    const films = h('div', { class: 'films', 'data-compare': '', 'data-panes': '1' }, this.wrap);
    this.visits = new Visits(this.commands, this.prefs);
    const area = h('main', { class: 'films-area' }, this.visits.root, films);
    this.stage = new Stage(stageRoot);
    this.pointer = new PointerInput(this.stage);
    this.compare = new Compare(this.stage, films, () => this.comparing(), t('beside.marks'));
    films.addEventListener('focusin', () => this.stage.pane.film && this.looks.refreshPresets());
    this.compareBar = new CompareBar(this.compare, this.commands, () => this.looks.closeCompare());
    this.wrap.append(this.compareBar.root, this.compareBar.handle, this.compareBar.here);
    this.header = new Header(this.commands, this.config, (code) => this.app.speak(code));
    this.toolbar = new Toolbar(this.commands, () => this.ownKeys);
    this.results = new Results((text) => this.toasts.announce(text), () => copyNumbers(this));
    this.checks = new Checks((flagged, goTo) => this.flag(flagged, goTo));
    this.vertebrae = new Vertebrae(this.commands, (key) => this.goTo(key));
    this.together = new Together((documents) => this.drawTogether(documents));
    this.adjudicating = new Adjudicating((documents) => this.drawTogether(documents));
    this.lines = new Lines();
    this.comment = new Comment();
    this.factsCard = new Facts();
    this.strip = new Strip((id) => this.looks.compareWith(id, 'side'));
    const panel = h('aside', { class: 'panel', 'aria-label': t('panel.title') }, this.results.root, this.together.root, this.adjudicating.root, this.lines.root, this.checks.root, this.vertebrae.root, this.comment.root, this.factsCard.root);
    this.root = h('div', { class: 'reader' }, this.header.root, this.strip.root, this.toolbar.root, area, panel, this.toasts.root, this.toasts.voice);
    this.keyboard = new KeyboardInput(this.stage, this.commands, this.pointer, () => this.ownKeys);
    this.letGoOfSelects();
    this.leaving = (/** @type {BeforeUnloadEvent} */ event) => {
      this.comment.keep();
      this.session?.saver.flush({ leaving: true });
      if (this.session && !this.session.saver.isSafe) event.preventDefault();
    };
    addEventListener('beforeunload', this.leaving);
    this.afterPrint = () => {};
    this.printing = () => { this.afterPrint(); this.afterPrint = printable(this.stage); };
    this.printed = () => { this.afterPrint(); this.afterPrint = () => {}; };
    addEventListener('beforeprint', this.printing);
    addEventListener('afterprint', this.printed);
  }

  /** A select that the mouse or a finger has used gives the keyboard back to the film, and so does
   * Enter or Escape; arrow keys still walk through its choices. */
  letGoOfSelects() {
    let pointed = false;
    const film = () => this.stage.root.focus({ preventScroll: true });
    this.root.addEventListener('pointerdown', () => { pointed = true; });
    this.root.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      pointed = false;
      const select = /** @type {Element} */ (event.target).closest('select');
      if (select && ['Enter', 'Escape'].includes(event.key)) queueMicrotask(film);
    });
    this.root.addEventListener('change', (/** @type {Event} */ event) => {
      if (pointed && event.target instanceof HTMLSelectElement) queueMicrotask(film);
    });
  }

  /** @param {string} id */
  async open(id) {
    try {
      this.showCover(t('film.loading'));
      this.films.pixels(id, (/** @type {number} */ share) => this.showProgress(share));
      const [facts, stored] = await Promise.all([this.api.film(id), this.api.document(id)]);
      if (this.closed) return;
      this.facts = facts;
      document.title = `${facts.label} – Kyphometer`;
      this.strip.show(facts, []);
      this.factsCard.show(facts);
      const session = new Session(this.api, this.config, this.prefs, facts, stored);
      this.attach(session);
      if (facts.error) throw new Error(facts.error);
      const film = await this.films.image(facts);
      await Promise.race([this.visits.settled, new Promise((resolve) => { setTimeout(resolve, MOST_WAIT_MS); })]);
      if (this.closed) return;
      this.show(session, film);
      this.films.prefetch(facts.next, facts.previous);
    } catch (error) {
      if (!this.closed) this.showFailure(error instanceof Error ? error.message : String(error), id);
    }
  }

  /** Go on with a film that is open already (after a change of language). @param {any} from */
  resume({ session, facts, film }) {
    this.facts = facts;
    session.heard.clear();
    this.strip.show(facts, []);
    this.factsCard.show(facts);
    this.attach(session);
    if (film) this.show(session, film);
  }

  /** @param {Session} session */
  attach(session) {
    this.session = session;
    session.on('message', (message) => this.toasts.show(message));
    session.on('conflict', (theirs) => this.resolve(theirs));
    session.on('resolve', () => this.resolve(this.theirs));
    session.on('released', (refs) => this.assistAfter(refs));
    session.on('window', () => this.looks.refreshPresets());
    for (const name of ['reading', 'target', 'confirmed', 'selection', 'proposal']) {
      session.on(name, () => this.toolbar.update());
    }
    session.on('confirmed', () => this.showState());
    session.on('save', () => this.showState());
    this.header.open(session);
    this.visits.open(session);
  }

  /** The strip tells how far this film is read. */
  showState() {
    const session = /** @type {Session} */ (this.session);
    const here = (this.facts?.siblings ?? []).find((/** @type {any} */ film) => film.film_id === session.id);
    const status = session.isConfirmed ? 'read' : session.saver.base && session.saver.base !== '0.' ? 'draft' : 'unread';
    if (!here || here.status === status) return;
    here.status = status;
    this.strip.show(this.facts, this.compare.besides.map((one) => one.id));
  }

  /** @param {Session} session @param {any} film */
  show(session, film) {
    this.cover.hidden = true;
    session.looks = () => ({
      zoom: this.stage.pane.view.zoom,
      window_center: film.window.center,
      window_width: film.window.width,
    });
    this.stage.open(session, film);
    this.guide.open(session);
    this.results.open(session);
    this.checks.open(session);
    this.vertebrae.open(session);
    this.lines.open(session);
    this.comment.open(session);
    this.toolbar.showPresets(film);
    this.toolbar.update();
    this.compareBar.update();
    this.root.dataset.ready = session.id;
    session.on('target', () => this.showArmed());
    session.on('reading', () => this.showArmed());
    this.showArmed();
    this.proposeAsItOpens(session);
    if (session.recovered) session.say(t('save.recovered'), 'warning');
    if (document.activeElement === document.body) this.stage.root.focus({ preventScroll: true });
  }

  /** Where the reader wants it, bodies are proposed once the film is shown. @param {Session} session */
  proposeAsItOpens(session) {
    const { propose } = this.commands;
    if (!this.prefs.propose || session.status !== 'unread' || session.proposal) return;
    if (propose.offered && propose.enabled?.()) actions.propose(session, true);
  }

  /** @param {string} text */
  showCover(text) {
    this.cover.hidden = false;
    this.bar = h('progress', { max: 1, value: 0, 'aria-label': text });
    this.cover.replaceChildren(h('p', {}, text), this.bar);
  }

  /** @param {number} share */
  showProgress(share) {
    if (this.bar) this.bar.value = share;
  }

  /** @param {string} text @param {string} id */
  showFailure(text, id) {
    this.cover.hidden = false;
    const buttons = [
      h('button', { type: 'button', class: 'button', onclick: () => this.open(id) }, t('film.again')),
      h('a', { class: 'button', href: '#/' }, t('command.workList')),
    ];
    this.cover.replaceChildren(
      h('h2', {}, t('film.failed')),
      h('p', { role: 'alert', class: 'failure' }, text),
      h('div', { class: 'row-buttons' }, buttons),
    );
    this.root.dataset.failed = id;
    this.toolbar.update();
  }

  /** What is compared, and how, has changed. */
  comparing() {
    this.compareBar?.update();
    if (this.toolbar && this.stage.pane.film) this.looks.refreshPresets();
    this.showArmed();
  }

  /** The pointer shows where a press marks something. */
  showArmed() {
    const asked = Boolean(this.session?.target || this.session?.where || this.session?.lining);
    this.stage.root.classList.toggle('armed', asked && !this.stage.isCovered());
  }

  /** @param {any[]} refs corners just let go */
  assistAfter(refs) {
    const { assist } = this.config;
    const session = /** @type {Session} */ (this.session);
    if (!assist?.available || assist.allowed === false || !this.prefs.assist) return;
    const present = refs.filter((ref) => markOf(session.history.saved, ref));
    if (present.length > 0) actions.assist(session, present);
  }

  /** @param {any[]} documents other readings of this film */
  drawTogether(documents) {
    this.stage.others = documents;
    this.stage.pane.invalidate({ pixels: false, marks: true });
    this.toolbar.update();
  }

  /** @param {Set<string>} flagged @param {?string} goTo */
  flag(flagged, goTo) {
    this.stage.flagged = flagged;
    this.stage.pane.invalidate({ pixels: false, marks: true });
    if (goTo) this.goTo(goTo);
  }

  /** Look at a corner and take hold of it. @param {string} key */
  goTo(key) {
    const { pane, layer } = this.stage;
    const session = /** @type {Session} */ (this.session);
    const mark = markOf(session.reading, refOf(key));
    if (!mark || !pane.film) return;
    session.select(key);
    pane.draw();
    layer.focus(key);
    const zoom = Math.max(pane.view.zoom, 0.6);
    pane.glideTo(centredOn(pane.view, mark.xy, zoom, pane.film));
  }

  // ---------------------------------------------------------------------------- saving

  async confirm() {
    this.comment.keep();
    const session = /** @type {Session} */ (this.session);
    if (session.isConfirmed || cornersOf(session.reading).length + session.reading.not_measurable.length === 0) return;
    if (session.target || this.guide.hasLeft()) {
      const go = await ask(t('incomplete.title'), [h('p', {}, t('incomplete.text'))], [
        { label: t('incomplete.back'), value: '' },
        { label: t('incomplete.go'), value: 'yes', primary: true },
      ]);
      if (go !== 'yes') return;
    }
    const reason = session.version > 0 ? await askCorrection() : null;
    if (session.version > 0 && !reason) return;
    if (await actions.confirm(session, reason)) {
      session.say(t('save.done', { version: session.version }));
      this.stage.pane.invalidate({ pixels: false, marks: true });
    }
  }

  /** Someone else saved this reading. @param {any} theirs */
  async resolve(theirs) {
    this.theirs = theirs;
    const session = /** @type {Session} */ (this.session);
    if (document.querySelector('dialog[open]')) return;
    const mine = session.history.saved;
    const other = theirs.document ? normalised(theirs.document) : null;
    const count = (/** @type {any} */ reading) => (reading ? cornersOf(reading).length : 0);
    const choice = await askConflict(count(mine), count(other));
    if (choice === '') return;
    session.saver.rebase(theirs.etag);
    if (other) session.history.commit(other, 'theirs');
    if (choice === 'mine') session.history.commit(mine, 'mine');
    session.version = theirs.version ?? session.version;
  }

  /** @param {string} address */
  async leaveTo(address) {
    this.comment.keep();
    await this.session?.saver.flush();
    location.hash = address;
  }

  /** @param {string} name @param {any} value @param {string} command */
  setPref(name, value, command) {
    this.prefs[name] = value;
    storePrefs(this.prefs);
    this.toolbar.update();
    this.toasts.show({ text: `${t(`command.${command}`)}: ${t(value ? 'on' : 'off')}`, tone: 'info' });
  }

  async showHelp() {
    const assist = Boolean(this.config.assist?.available) && this.config.assist.allowed !== false;
    await showHelp({ assist }, this.prefs, this.ownKeys, () => {
      storePrefs(this.prefs);
      this.toolbar.retitle();
    });
  }

  /** Keys that this reader has chosen in this browser. @returns {import('../input/shortcuts.js').OwnKeys} */
  get ownKeys() {
    const who = this.config.user?.name ?? this.config.observer;
    this.prefs.ownKeys[who] ??= {};
    return this.prefs.ownKeys[who];
  }

  dispose() {
    this.comment.keep();
    this.closed = true;
    removeEventListener('beforeunload', this.leaving);
    removeEventListener('beforeprint', this.printing);
    removeEventListener('afterprint', this.printed);
    this.keyboard.dispose();
    this.stage.pane.dispose();
    this.compare.clear();
    this.root.remove();
  }
}
