// Rows become numbers: put together by x, apart by series and currency, added up digit by digit.

const MONTH = /^(\d{4})-(\d\d)$/;

/** A number in the making. What is no number, such as NaN, stays as it is in the result. */
class Total {
  constructor() {
    this.rows = 0;
    this.counted = 0;
    this.sum = { digits: 0n, scale: 0 };
    this.strange = null;
  }

  take(text) {
    this.rows += 1;
    if (text === null) return;
    const number = exact(text);
    if (number === null) this.strange = text;
    else this.sum = add(this.sum, number);
    this.counted += 1;
  }

  /** The number by its measure; null where no row has one. */
  by(measure) {
    if (measure === "count") return { digits: BigInt(this.rows), scale: 0 };
    if (this.strange !== null || this.counted === 0) return null;
    return measure === "sum" ? this.sum : averageOf(this.sum, this.counted);
  }

  /** What people read of it. */
  shown(measure) {
    const number = this.by(measure);
    return number ? grouped(number) : this.strange === null ? NULL : this.strange;
  }
}

/**
 * The numbers of a tile: `keys` of x in order, `series` with their names and currencies, `cells` by both.
 * `without` counts the rows that have no value of y.
 */
function measured(tile, query, rows) {
  const keys = new Map();
  const series = new Map();
  const cells = new Map();
  const isMoneyColumn = Boolean(tile.money) && Boolean(query.column(tile.money));
  let without = 0;
  for (const row of rows) {
    const x = tile.x.map((name) => label(query.column(name), row));
    const currency = isMoneyColumn ? label(query.column(tile.money), row) : tile.money;
    const name = tile.series && tile.series !== tile.money ? label(query.column(tile.series), row) : null;
    const [key, one] = [JSON.stringify(x), JSON.stringify([name, currency])];
    if (!keys.has(key)) keys.set(key, { key, x });
    if (!series.has(one)) series.set(one, { key: one, name, currency });
    const cell = key + one;
    if (!cells.has(cell)) cells.set(cell, new Total());
    const value = tile.y ? query.column(tile.y).at(row) : null;
    if (tile.y && value === null) without += 1;
    cells.get(cell).take(value);
  }
  const result = { keys: [...keys.values()], series: [...series.values()].sort(bySeries), cells, without };
  result.keys = inOrder(tile, query, result);
  return result;
}

/** A value as people see it; a day is its month. */
function label(column, row) {
  const text = column.at(row);
  if (text === null) return NULL;
  return column.type === "DATETIME" && DAY.test(text) ? text.slice(0, 7) : text;
}

function cellOf(result, key, series) {
  return result.cells.get(key.key + series.key);
}

function bySeries(one, other) {
  return compareTexts(String(one.name), String(other.name)) || compareTexts(String(one.currency), String(other.currency));
}

function compareTexts(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}

function isByMonth(tile, query) {
  return tile.x.length === 1 && query.column(tile.x[0]).type === "DATETIME";
}

/** Months and what has `sort` in its own order, all else with the largest number first. */
function inOrder(tile, query, result) {
  const byText = (one, other) => compareTexts(one.key, other.key);
  if (isByMonth(tile, query)) return withEveryMonth([...result.keys].sort(byText));
  if (tile.sort.length) return [...result.keys].sort(byText);
  const largest = new Map(result.keys.map((key) => [key.key, largestOf(tile, result, key)]));
  const bySize = (one, other) => {
    const [left, right] = [largest.get(one.key), largest.get(other.key)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return compareNumbers(right, left);
  };
  return [...result.keys].sort((one, other) => bySize(one, other) || byText(one, other));
}

function largestOf(tile, result, key) {
  let found = null;
  for (const series of result.series) {
    const cell = cellOf(result, key, series);
    const number = cell ? cell.by(tile.measure) : null;
    if (number && (!found || compareNumbers(number, found) > 0)) found = number;
  }
  return found;
}

/** Months in which nothing was are there, too, so that the axis is one of time. */
function withEveryMonth(keys) {
  const ends = [keys[0], keys[keys.length - 1]].map((key) => key && MONTH.exec(key.x[0]));
  if (!ends[0] || !ends[1]) return keys;
  const [first, last] = ends.map((end) => Number(end[1]) * 12 + Number(end[2]) - 1);
  const known = new Map(keys.map((key) => [key.x[0], key]));
  const found = [];
  for (let month = first; month <= last && last - first < 1200; month += 1) {
    const text = String(Math.floor(month / 12)).padStart(4, "0") + "-" + String((month % 12) + 1).padStart(2, "0");
    found.push(known.get(text) || { key: JSON.stringify([text]), x: [text] });
  }
  return found.length ? found : keys;
}
