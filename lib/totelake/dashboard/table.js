// Elements, and tables of them. Data is text alone: nothing in it is read as HTML.

const FIRST_ROWS = 50;
const MORE_ROWS = 500;
const SHORT = 40;

/** An element with attributes and children, which are elements or text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** What stays in capitals in words: numbers of records, and the currencies that tiles name. */
const CAPITALS = new Set(["id", ...PAGE.tiles.map((tile) => String(tile.money).toLowerCase()).filter((code) => code.length === 3)]);

/** `sales_order_id` as words: Sales order ID. */
function words(name) {
  const text = name.split("_").map((part) => (CAPITALS.has(part) ? part.toUpperCase() : part)).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * A table that scrolls by itself, and can be scrolled by keys.
 * `heads` are {text, isNumber}; `rows` are functions that make the cells of a row, so that few of many are made.
 */
function table(caption, heads, rows) {
  const body = element("tbody");
  const head = element(
    "tr", {}, ...heads.map((one) => element("th", { scope: "col", class: one.isNumber ? "number" : null }, one.text)),
  );
  const made = element("table", {}, element("caption", {}, caption), element("thead", {}, head), body);
  const scroll = element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Table: " + caption }, made);
  const whole = element("div", { class: "table" }, scroll);
  let next = 0;
  const more = element("button", { type: "button", class: "more" });
  const show = (count) => {
    const end = Math.min(next + count, rows.length);
    for (; next < end; next += 1) body.append(element("tr", {}, ...rows[next]()));
    more.textContent = "Show " + Math.min(MORE_ROWS, rows.length - next) + " more of " + (rows.length - next) + " rows";
    if (next === rows.length) more.remove();
  };
  if (rows.length > FIRST_ROWS) whole.append(more);
  show(FIRST_ROWS);
  more.addEventListener("click", () => {
    show(MORE_ROWS);
    if (!more.isConnected) scroll.focus();
  });
  return whole;
}

/** A cell with a value as the database has it; numbers have commas between thousands, but no key has. */
function cell(column, text) {
  if (text === null) return element("td", { class: column.isNumber ? "number null" : "null" }, NULL);
  if (!column.isNumber) return element("td", { class: text.length <= SHORT ? "short" : null }, text);
  const number = exact(text);
  const plain = /_(id|key)$/.test(column.name) || !number;
  return element("td", { class: "number" }, plain ? text : grouped(number));
}

/** Rows of a query, in the order of `sort`, whose columns that begin with a dash go down. */
function sorted(query, rows, sort) {
  const order = sort.map((name) => {
    const down = name.startsWith("-");
    return [query.column(down ? name.slice(1) : name), down ? -1 : 1];
  });
  return [...rows].sort((one, other) => {
    for (const [column, sign] of order) {
      const found = compareValues(column, column.at(one), column.at(other));
      if (found) return found * sign;
    }
    return one - other;
  });
}

/** NULL comes last upwards. */
function compareValues(column, one, other) {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  const numbers = column.isNumber ? [exact(one), exact(other)] : [null];
  return numbers.every(Boolean) ? compareNumbers(...numbers) : compareTexts(one, other);
}
