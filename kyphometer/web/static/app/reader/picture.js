/** The film as it is on the screen, with its marks and angles, as a PNG file. */
import { paintLetters, paintScene } from '../view/paint.js';
import { lettersOf } from '../view/readout.js';

/** @param {import('./stage.js').Stage} stage */
function drawn(stage) {
  const { pane } = stage;
  pane.draw();
  const canvas = document.createElement('canvas');
  canvas.width = pane.canvas.width;
  canvas.height = pane.canvas.height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.drawImage(pane.canvas, 0, 0);
  const scene = stage.sceneFor((p) => {
    const [x, y] = pane.toScreen(p);
    return [x * pane.ratio, y * pane.ratio];
  });
  paintScene(context, scene, pane.ratio);
  paintLetters(context, lettersOf(pane.view.turn, pane.forward()), pane.ratio);
  return canvas;
}

/** @param {import('./stage.js').Stage} stage @returns {Promise<Blob>} */
export function pictureOf(stage) {
  const canvas = drawn(stage);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png');
  });
}

/** @param {import('./stage.js').Stage} stage */
export async function exportPicture(stage) {
  saveAs(await pictureOf(stage), `${nameOf(stage.session?.facts)}.png`);
}

/** A name for files about a film. @param {any} facts */
export function nameOf(facts) {
  const whole = facts?.patient ? [facts.patient, facts.visit ?? facts.date].filter(Boolean).join(' ') : facts?.label ?? 'film';
  return String(whole).replaceAll(/[^\p{L}\p{N}.-]+/gu, '_');
}

/** @param {Blob} blob @param {string} name */
export function saveAs(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * Put the film with its marks on paper as one picture: paper has another size than the screen, and
 * pixels and marks that were fitted to it apart would part. Returns what takes it away again.
 * @param {import('./stage.js').Stage} stage
 */
export function printable(stage) {
  if (!stage.pane.film) return () => {};
  const canvas = drawn(stage);
  canvas.className = 'on-paper';
  stage.root.after(canvas);
  return () => canvas.remove();
}
