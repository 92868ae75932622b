// The history of one record: all its versions, with what changed from one to the next.

/** The dialog that shows it; `changed` is told the record that is shown, or null. */
class History {
  constructor(changed) {
    this.dialog = document.getElementById("history");
    this.changed = changed;
    document.getElementById("history-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.changed(null));
  }

  /** Show a record; what is to be said when it has no version. */
  show(key) {
    const query = QUERIES.get(PAGE.history.query);
    const column = query.column(PAGE.history.key);
    const rows = [];
    for (let row = 0; row < query.rows; row += 1) if (column.at(row) === key) rows.push(row);
    if (!rows.length) return "There is no order " + key + " in these data.";
    const ordered = sorted(query, rows, query.byName.has("valid_from") ? ["valid_from"] : []);
    document.getElementById("history-title").textContent = "History of order " + key;
    document.getElementById("history-words").textContent =
      ordered.length === 1 ? "One version was captured." : ordered.length + " versions were captured; what changed is marked.";
    document.getElementById("history-table").replaceChildren(this.versions(query, column, ordered));
    if (!this.dialog.open) this.dialog.showModal();
    this.changed(key);
    return "";
  }

  versions(query, key, rows) {
    const columns = query.columns.filter((column) => column !== key);
    const heads = columns.map((column) => ({ text: words(column.name), isNumber: column.isNumber }));
    const made = rows.map((row, place) => () =>
      columns.map((column) => {
        const one = cell(column, column.at(row));
        const differs = place > 0 && column.at(row) !== column.at(rows[place - 1]) && !column.name.startsWith("valid_");
        if (differs) {
          one.classList.add("changed");
          one.append(element("span", { class: "unseen" }, " (changed)"));
        }
        return one;
      }),
    );
    return table("Versions, the oldest first", heads, made);
  }
}
