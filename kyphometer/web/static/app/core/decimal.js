/** Numbers as people write them: with a decimal comma or point, and the signs of print. */

const NUMBER = /^[+-]?(\d+([.,]\d+)?|[.,]\d+)$/;
const THOUSANDS = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/;

/** The number that a text means; NaN if it is none, or if its mark may be one of thousands
 * (`1.500` where decimals have a comma).
 * @param {string} text @param {string} mark decimal mark of the language @returns {number} */
export function parseDecimal(text, mark) {
  const plain = text.trim().replace('\u2212', '-');
  if (!NUMBER.test(plain)) return NaN;
  if (!plain.includes(mark) && THOUSANDS.test(plain)) return NaN;
  return Number(plain.replace(',', '.'));
}

/** A number as a field shows it: as short as it is, no thousands. @param {number} value @param {string} mark */
export const writeDecimal = (value, mark) => String(Number(value.toFixed(10))).replace('.', mark);
