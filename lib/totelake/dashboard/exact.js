// Numbers as the database gave them: digits and scale, never a binary float.

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?$/;

/** A text as a number of whole digits and a scale; null for what is none, such as NaN. */
function exact(text) {
  const found = NUMBER.exec(text);
  if (!found) return null;
  const fraction = found[3] || "";
  return { digits: BigInt(found[1] + found[2] + fraction), scale: fraction.length };
}

/** The digits of a number at a scale that is as large as its own, or larger. */
function atScale(number, scale) {
  return number.digits * 10n ** BigInt(scale - number.scale);
}

function compareNumbers(one, other) {
  const scale = Math.max(one.scale, other.scale);
  const [left, right] = [atScale(one, scale), atScale(other, scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function add(one, other) {
  const scale = Math.max(one.scale, other.scale);
  return { digits: atScale(one, scale) + atScale(other, scale), scale };
}

/** A sum divided by a count, with two digits behind the point; halves go away from zero, as in the database. */
function averageOf(sum, count) {
  const scaled = atScale(sum, Math.max(sum.scale, 2));
  const divisor = BigInt(count) * 10n ** BigInt(Math.max(sum.scale - 2, 0));
  const size = scaled < 0n ? -scaled : scaled;
  const rounded = (2n * size + divisor) / (2n * divisor);
  return { digits: scaled < 0n ? -rounded : rounded, scale: 2 };
}

/** Every digit of a number, such as -1234.50. */
function written(number) {
  const sign = number.digits < 0n ? "-" : "";
  const digits = String(number.digits < 0n ? -number.digits : number.digits).padStart(number.scale + 1, "0");
  const whole = digits.slice(0, digits.length - number.scale);
  return number.scale ? sign + whole + "." + digits.slice(digits.length - number.scale) : sign + whole;
}

/** The same with commas between thousands. */
function grouped(number) {
  const [whole, fraction] = written(number).split(".");
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? commas : commas + "." + fraction;
}
