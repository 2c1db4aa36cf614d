/**
 * Everything a button, a key or a menu can do, by name.
 * @typedef {{run: (value?: any) => void, enabled?: () => boolean, isOn?: () => boolean,
 *   offered?: boolean}} Command
 */
import * as actions from '../actions.js';
import { LEVELS } from '../core/anatomy.js';
import { endplatesOf, refOf } from '../core/document.js';
import { mirrored, nameOf, turnedLeft, turnedRight, UPRIGHT } from '../core/turn.js';
import { endplateName, t } from '../i18n.js';
import { askLevel, askNotMeasurable } from '../ui/dialogs.js';
import { zoomedAt } from '../view/viewport.js';
import { keep } from './keeping.js';
import { exportPicture } from './picture.js';
import { sendResults } from './sending.js';

/** @param {import('./reader.js').Reader} reader @returns {Object<string, Command>} */
export function commandsOf(reader) {
  return { ...marking(reader), ...assisting(reader), ...looking(reader), ...comparing(reader), ...moving(reader) };
}

/** @param {any} reader @returns {Object<string, Command>} */
function marking(reader) {
  const session = () => reader.session;
  const open = () => Boolean(reader.session && reader.stage.pane.film);
  const ready = () => open() && !reader.stage.isCovered();
  return {
    chooseLevel: { run: () => reader.guide.chooseLevel(), enabled: ready },
    arm: {
      enabled: ready,
      run() {
        if (session().armed) session().arm(false);
        else if (session().queue.length === 0) reader.guide.chooseLevel();
        else {
          session().arm(true);
          if (session().target) session().emit('advance', { from: null });
          else session().say(t('prompt.nothing'));
        }
      },
    },
    crosshair: { enabled: ready, run: () => reader.root.querySelector('.stage').focus({ preventScroll: true }) },
    undo: { run: () => actions.travel(session(), 'undo'), enabled: () => ready() && session().history.canUndo },
    redo: { run: () => actions.travel(session(), 'redo'), enabled: () => ready() && session().history.canRedo },
    cancel: { run: () => cancel(reader), enabled: open },
    remove: {
      run: () => session().selected && actions.removeCorner(session(), session().selected),
      enabled: () => ready() && session().selected !== null,
    },
    flipFacing: { run: () => actions.flipFacing(session()), enabled: ready },
    shiftUp: { run: () => actions.shiftAll(session(), -1), enabled: ready },
    shiftDown: { run: () => actions.shiftAll(session(), 1), enabled: ready },
    notMeasurable: { run: () => refuse(reader), enabled: ready },
    line: { offered: !reader.config.blinded, enabled: ready, isOn: () => Boolean(session()?.lining), run: () => session().drawLines(!session().lining) },
    anotherVertebra: { run: () => another(reader), enabled: ready },
    confirm: { run: () => reader.confirm(), enabled: ready },
    saveNow: { run: () => session().saver.flush(), enabled: open },
  };
}

/** Esc: what is under way first, then the selection, then being armed. @param {any} reader */
function cancel(reader) {
  const { session, stage } = reader;
  if (reader.pointer.cancel()) return;
  if (session.lining) {
    session.drawLines(false);
    return;
  }
  if (session.where) {
    session.askWhere(null);
    return;
  }
  if (reader.guide.dismiss()) return;
  if (reader.stage.layer.root.contains(document.activeElement)) {
    stage.root.focus({ preventScroll: true });
    session.select(null);
  } else if (session.selected && !session.armed) session.select(null);
  else if (session.armed) {
    stage.moveCursor(null);
    session.arm(false);
  }
}

/** @param {any} reader */
async function refuse(reader) {
  const { session } = reader;
  const about = session.target ?? (session.selected ? refOf(session.selected) : null);
  if (!about) {
    session.say(t('not_measurable.which'));
    return;
  }
  const reason = await askNotMeasurable(endplateName(about.level, about.endplate));
  if (reason) actions.notMeasurable(session, about.level, about.endplate, reason);
  reader.commands.crosshair.run();
}

/** @param {any} reader */
async function another(reader) {
  const { session } = reader;
  const marked = Object.keys(session.reading.vertebrae);
  const last = marked.at(-1) ?? 'L1';
  const levels = LEVELS.filter((level) => level !== 'C1');
  const next = levels[Math.min(levels.indexOf(last) + 1, levels.length - 1)];
  const level = await askLevel(levels, next);
  if (!level) return;
  actions.askFor(session, level);
  reader.commands.crosshair.run();
}

/** @param {any} reader @returns {Object<string, Command>} */
function assisting(reader) {
  const { config, prefs } = reader;
  const offered = Boolean(config.assist?.available && config.assist?.allowed !== false);
  const can = () => offered && Boolean(reader.session && reader.stage.pane.film) && !reader.stage.isCovered();
  return {
    refineAll: {
      offered,
      enabled: () => can() && endplatesOf(reader.session.reading).some((e) => e.complete),
      run() {
        const plates = endplatesOf(reader.session.reading).filter((e) => e.complete);
        actions.assist(reader.session, plates.map(({ level, endplate }) => ({ level, endplate })));
      },
    },
    carryOver: {
      offered,
      enabled: () => can() && Boolean(reader.session.facts.previous),
      run: () => actions.carryOver(reader.session, reader.compare.mode === 'side' && reader.compare.besides.length === 1 ? reader.compare.other.id : null),
    },
    propose: {
      offered: offered && !config.blinded,
      enabled: can,
      isOn: () => Boolean(reader.session?.proposal),
      run: () => (reader.session.proposal ? reader.session.propose(null) : actions.propose(reader.session)),
    },
    takeAll: { offered: offered && !config.blinded, enabled: () => can() && Boolean(reader.session.proposal), run: () => actions.takeProposed(reader.session, false) },
    takeOne: { offered: offered && !config.blinded, enabled: () => can() && Boolean(reader.session.proposal), run: () => actions.takeProposed(reader.session, true) },
    assistOnRelease: {
      offered,
      isOn: () => prefs.assist,
      enabled: can,
      run: () => reader.setPref('assist', !prefs.assist, 'assistOnRelease'),
    },
  };
}

/** @param {any} reader @returns {Object<string, Command>} */
function looking(reader) {
  const film = () => reader.stage.pane.film;
  const ready = () => Boolean(film());
  const zoom = (/** @type {number} */ factor) => {
    const { pane, cursor } = reader.stage;
    const at = cursor ? pane.toScreen(cursor) : [pane.view.width / 2, pane.view.height / 2];
    pane.glideTo(zoomedAt(pane.view, factor, at, pane.film));
  };
  const { prefs } = reader;
  return {
    fit: { run: () => reader.stage.fit(), enabled: ready },
    oneToOne: { run: () => reader.stage.oneToOne(), enabled: ready },
    showMarks: { run: () => reader.stage.showMarks(), enabled: ready },
    zoomIn: { run: () => zoom(1.3), enabled: ready },
    zoomOut: { run: () => zoom(1 / 1.3), enabled: ready },
    nextPreset: { run: () => reader.looks.nextPreset(), enabled: ready },
    choosePreset: { run: (index) => reader.looks.choosePreset(index), enabled: ready },
    autoRegion: { run: () => reader.looks.autoRegion(), enabled: ready },
    turnRight: { run: () => reader.looks.turn(turnedRight), enabled: ready },
    turnLeft: { run: () => reader.looks.turn(turnedLeft), enabled: ready },
    mirror: { run: () => reader.looks.turn(mirrored), enabled: ready, isOn: () => nameOf(film()?.turn ?? UPRIGHT).mirror },
    upright: { run: () => reader.looks.turn(() => UPRIGHT), enabled: ready },
    invert: { run: () => reader.looks.setInvert(!reader.looks.seen().film.invert), enabled: ready, isOn: () => Boolean(reader.looks.seen().film?.invert) },
    localContrast: { run: () => reader.looks.toggleLocal(), enabled: ready, isOn: () => Boolean(reader.looks.seen().film?.useLocal) },
    loupe: {
      isOn: () => prefs.loupe,
      run() {
        reader.setPref('loupe', !prefs.loupe, 'loupe');
        reader.stage.loupe.enabled = prefs.loupe;
        reader.stage.loupe.hide();
      },
    },
    hideMarks: {
      isOn: () => reader.stage.hidden,
      enabled: ready,
      run() {
        reader.stage.hidden = !reader.stage.hidden;
        reader.stage.pane.invalidate();
        reader.toolbar.update();
      },
    },
    autoZoom: { isOn: () => prefs.autoZoom, run: () => reader.setPref('autoZoom', !prefs.autoZoom, 'autoZoom') },
  };
}

/** @param {any} reader @returns {Object<string, Command>} */
function comparing(reader) {
  const offered = () => Boolean(reader.session?.facts.previous || reader.compare.other);
  const several = () => (reader.session?.facts.siblings ?? []).length > 1;
  const mode = (/** @type {string} */ name) => () => reader.looks.toggleCompare(name);
  return {
    compare: { run: mode('side'), enabled: offered, isOn: () => reader.compare.isOpen },
    allVisits: { run: () => reader.looks.showAll(), enabled: several, isOn: () => reader.compare.mode === 'side' && reader.compare.besides.length > 1 },
    swipe: { run: mode('swipe'), enabled: offered, isOn: () => reader.compare.mode === 'swipe' },
    flicker: {
      enabled: offered,
      isOn: () => reader.compare.mode === 'flicker',
      run() {
        if (reader.compare.mode === 'flicker') reader.compare.flick();
        else reader.looks.toggleCompare('flicker');
      },
    },
    together: {
      offered: !reader.config.blinded && ['qa', 'owner', undefined].includes(reader.config.user?.role),
      enabled: () => Boolean(reader.session && reader.stage.pane.film),
      isOn: () => reader.together.isOn,
      run() {
        if (reader.adjudicating.isOn) reader.adjudicating.close();
        reader.together.toggle(reader.session);
      },
    },
    adjudicate: {
      offered: !reader.config.blinded && ['qa', 'owner', undefined].includes(reader.config.user?.role),
      enabled: () => Boolean(reader.session && reader.stage.pane.film),
      isOn: () => reader.adjudicating.isOn,
      run() {
        if (reader.together.isOn) reader.together.toggle(reader.session);
        reader.adjudicating.toggle(reader.session);
      },
    },
    link: {
      enabled: () => reader.compare.mode === 'side',
      isOn: () => reader.compare.linked,
      run: () => reader.compare.setLinked(!reader.compare.linked),
    },
  };
}

/** @param {any} reader @returns {Object<string, Command>} */
function moving(reader) {
  return {
    nextFilm: { run: () => reader.leaveTo(`#/film/${encodeURIComponent(reader.facts.next)}`), enabled: () => Boolean(reader.facts?.next) },
    workList: { run: () => reader.leaveTo('#/') },
    keep: {
      offered: !reader.config.blinded,
      enabled: () => Boolean(reader.stage.pane.film && reader.session && Object.keys(reader.session.reading.vertebrae).length > 0),
      run: () => keep(reader),
    },
    send: {
      offered: Boolean(reader.config.sending),
      enabled: () => Boolean(reader.config.sending && reader.session),
      run: () => sendResults(reader),
    },
    exportPicture: { run: () => exportPicture(reader.stage), enabled: () => Boolean(reader.stage.pane.film) },
    help: { run: () => reader.showHelp() },
  };
}
