import { equalise } from './clahe.js';

addEventListener('message', ({ data: { pixels, width, height, min, max } }) => {
  const out = equalise(pixels, width, height, min, max);
  postMessage(out, { transfer: [out.buffer] });
});
