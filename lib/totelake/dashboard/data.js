// The rows of the page's queries, and which of them the choices leave.

const PAGE = JSON.parse(document.getElementById("data").textContent);
const NUMERIC = ["INTEGER", "DECIMAL"];
const NULL = "NULL";
const DAY = /^\d{4}-\d\d-\d\d/;
const CHOICES = { currency: "Currency", counterparty: "Counterparty", staff: "Staff" };

/** One column of a query: its text in a row, null for NULL. */
class Column {
  constructor(given) {
    this.name = given.name;
    this.type = given.type;
    this.values = given.values;
    this.places = given.places;
  }

  get isNumber() {
    return NUMERIC.includes(this.type);
  }

  at(row) {
    return this.places ? this.values[this.places[row]] : this.values[row];
  }
}

/** The rows of a query. */
class Query {
  constructor(given) {
    this.title = given.title;
    this.rows = given.rows;
    this.columns = given.columns.map((column) => new Column(column));
    this.byName = new Map(this.columns.map((column) => [column.name, column]));
  }

  column(name) {
    return this.byName.get(name);
  }

  /** The column that a filter works on; undefined where the rows do not say. */
  filtered(kind) {
    const name = (PAGE.filters[kind] || []).find((one) => this.byName.has(one));
    return name === undefined ? undefined : this.byName.get(name);
  }
}

const QUERIES = new Map(Object.entries(PAGE.queries).map(([name, given]) => [name, new Query(given)]));

/** What people can choose from, by filter, in order. */
function offered(kind) {
  const found = new Set();
  for (const query of QUERIES.values()) {
    const column = query.filtered(kind);
    if (column) for (const value of column.values) if (value !== null) found.add(value);
  }
  return [...found].sort(new Intl.Collator("en", { numeric: true }).compare);
}

function isNarrowed(kind, choices) {
  return kind === "dates" ? Boolean(choices.from || choices.to) : Boolean(choices[kind]);
}

/** The rows of a tile that the choices leave, and the filters that are set and say nothing about them. */
function rowsOf(tile, choices) {
  const query = QUERIES.get(tile.query);
  const tests = tile.where.map(([name, value]) => [query.column(name), (text) => text === value]);
  const idle = [];
  for (const kind of ["dates", ...Object.keys(CHOICES)]) {
    if (!isNarrowed(kind, choices)) continue;
    const column = query.filtered(kind);
    if (!column) idle.push(kind);
    else if (kind !== "dates") tests.push([column, (text) => text === choices[kind]]);
    else tests.push([column, (text) => isWithin(text, choices.from, choices.to)]);
  }
  const rows = [];
  for (let row = 0; row < query.rows; row += 1) {
    if (tests.every(([column, passes]) => passes(column.at(row)))) rows.push(row);
  }
  return { query, rows, idle };
}

function isWithin(text, from, to) {
  if (text === null || !DAY.test(text)) return false;
  const day = text.slice(0, 10);
  return (!from || day >= from) && (!to || day <= to);
}
