// One tile: its question, its figures, chart or table, and what has to be said about them.

const KINDS = { line: "Line chart", bar: "Bar chart" };
const FILTER_WORDS = { dates: "dates", currency: "currency", counterparty: "counterparty", staff: "staff" };

/** A tile of the page; `fill` shows what the choices leave. */
class TileView {
  constructor(tile, place) {
    this.tile = tile;
    this.id = "tile-" + place;
    this.notes = element("p", { class: "note", hidden: true });
    this.body = element("div", { class: "body" });
    this.node = element(
      "section",
      { class: "tile " + tile.chart, "aria-labelledby": this.id },
      element("h2", { id: this.id }, tile.title),
      element("p", { class: "question" }, tile.question),
      this.notes,
      this.body,
    );
    this.chart = null;
    this.result = null;
  }

  fill(choices) {
    const { query, rows, idle } = rowsOf(this.tile, choices);
    const notes = [];
    if (idle.length) notes.push("Not narrowed by " + idle.map((kind) => FILTER_WORDS[kind]).join(" and ") + ": its rows do not say.");
    this.query = query;
    if (this.tile.chart === "table") this.fillTable(rows);
    else this.fillNumbers(rows, notes);
    this.notes.textContent = notes.join(" ");
    this.notes.hidden = !notes.length;
  }

  fillTable(rows) {
    const { tile, query } = this;
    const names = tile.columns.length ? tile.columns : query.columns.map((column) => column.name);
    const columns = names.map((name) => query.column(name));
    const heads = columns.map((column) => ({ text: words(column.name), isNumber: column.isNumber }));
    const made = sorted(query, rows, tile.sort).map((row) => () => columns.map((column) => linkedCell(column, column.at(row))));
    this.body.replaceChildren(made.length ? table(tile.title, heads, made) : element("p", { class: "none" }, "No rows."));
  }

  fillNumbers(rows, notes) {
    const { tile, query } = this;
    if (this.chart) Plotly.purge(this.chart); // else it goes on listening for the window's size
    this.result = measured(tile, query, rows);
    const { result } = this;
    if (result.without) notes.push(result.without + " of " + rows.length + " rows have no " + words(tile.y).toLowerCase() + " and are left out.");
    if (!rows.length) {
      this.chart = null;
      this.body.replaceChildren(element("p", { class: "none" }, "No rows."));
    } else if (tile.chart === "figure") {
      this.body.replaceChildren(this.figures());
    } else {
      this.fillChart(notes);
    }
  }

  figures() {
    const { tile, result } = this;
    const entries = result.series.map((series) => {
      const total = cellOf(result, result.keys[0], series);
      const name = nameOf(series) || "Number";
      return element("div", {}, element("dt", {}, name), element("dd", {}, total.shown(tile.measure)));
    });
    return element("dl", { class: entries.length > 1 ? "several" : null }, ...entries);
  }

  fillChart(notes) {
    const { tile, query, result } = this;
    if (tile.chart === "bar" && !isByMonth(tile, query) && result.keys.length > MOST_BARS) {
      notes.push("The first " + MOST_BARS + " of " + result.keys.length + " are drawn; the table has all.");
    }
    const wasOpen = this.details ? this.details.open : false;
    this.chart = element("div", { class: "chart", role: "img", "aria-label": this.description() });
    this.details = element("details", { id: this.id + "-numbers", open: wasOpen }, element("summary", {}, "Numbers as a table"), this.numbers());
    this.body.replaceChildren(this.chart, this.details);
    this.draw();
  }

  /** Draw the chart anew, as after a change of the theme. */
  draw() {
    if (this.chart) draw(this.chart, this.tile, this.query, this.result);
  }

  description() {
    const { tile, result } = this;
    const names = result.series.map(nameOf).filter(Boolean);
    const what = KINDS[tile.chart] + ": " + tile.title + ", " + result.keys.length + " values of " + tile.x.map(words).join(" and ").toLowerCase();
    return what + (names.length ? ", for " + names.join(", ") : "") + ". The table below has its numbers.";
  }

  numbers() {
    const { tile, result } = this;
    const heads = [
      { text: tile.x.map(words).join(", "), isNumber: false },
      ...result.series.map((series) => ({ text: nameOf(series) || words(tile.y || "number"), isNumber: true })),
    ];
    const rows = result.keys.map((key) => () => [
      element("th", { scope: "row" }, keyName(key)),
      ...result.series.map((series) => {
        const total = cellOf(result, key, series);
        return element("td", { class: "number" }, total ? total.shown(tile.measure) : "");
      }),
    ]);
    return table(tile.title + ", numbers", heads, rows);
  }
}

/** A cell; the key of a record that has a history is a button that shows it. */
function linkedCell(column, text) {
  if (!PAGE.history || column.name !== PAGE.history.key || text === null) return cell(column, text);
  const button = element("button", { type: "button", class: "order", "data-order": text, "aria-label": "History of order " + text }, text);
  return element("td", { class: "number" }, button);
}
