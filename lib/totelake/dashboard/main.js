// The page as a whole: its words, what people choose, themes, and a newer file.

const STATE = new URLSearchParams(location.hash.slice(1));
const KEPT = ["from", "to", ...Object.keys(CHOICES), "order", "theme", "refresh"];
const LOADED = new Date();
const OPEN_SELECT = CSS.supports("selector(select:open)") ? "select:open, " : "";
const PAUSE = 30000; // milliseconds after a key, in which the next one may come
const DARK = matchMedia("(prefers-color-scheme: dark)");
const controls = document.getElementById("controls");
const views = PAGE.tiles.map((tile, place) => new TileView(tile, place));
const history_ = PAGE.history ? new History((order) => set("order", order)) : null;
let touched = 0;

/** Keep a choice in the page's address, so that it stays when the page is loaded again or sent to somebody. */
function set(name, value) {
  if (value) STATE.set(name, value);
  else STATE.delete(name);
  history.replaceState(history.state, "", STATE.size ? "#" + STATE : location.pathname + location.search);
}

function choices() {
  return Object.fromEntries(KEPT.map((name) => [name, STATE.get(name) || ""]));
}

function field(id, text, input) {
  input.id = id;
  return element("div", { class: "field" }, element("label", { for: id }, text), input);
}

function select(id, text, options, chosen, changed) {
  const made = element("select", {}, ...options.map(([value, words_]) => element("option", { value }, words_)));
  made.value = options.some(([value]) => value === chosen) ? chosen : options[0][0];
  if (made.value !== chosen) set(id, made.value);
  made.addEventListener("change", () => changed(made.value));
  return field(id, text, made);
}

function buildControls() {
  const narrow = (name) => (value) => { set(name, value); fill(); };
  if (PAGE.filters.dates) {
    for (const [name, text] of [["from", "From"], ["to", "To"]]) {
      const input = element("input", { type: "date" });
      input.value = STATE.get(name) || "";
      if (!input.value) set(name, "");
      input.addEventListener("change", () => narrow(name)(input.value));
      controls.append(field(name, text, input));
    }
  }
  for (const [kind, text] of Object.entries(CHOICES)) {
    if (!PAGE.filters[kind]) continue;
    const options = [["", "All"], ...offered(kind).map((value) => [value, value])];
    controls.append(select(kind, text, options, STATE.get(kind) || "", narrow(kind)));
  }
  const reset = element("button", { type: "button", id: "reset" }, "Show all");
  reset.addEventListener("click", () => {
    for (const name of ["from", "to", ...Object.keys(CHOICES)]) {
      set(name, "");
      const input = document.getElementById(name);
      if (input) input.value = "";
    }
    fill();
  });
  controls.append(reset);
  if (history_) controls.append(orderField());
  const themes = [["", "As the system"], ["light", "Light"], ["dark", "Dark"]];
  controls.append(select("theme", "Theme", themes, STATE.get("theme") || "", (value) => { set("theme", value); paint(); }));
  if (PAGE.every) controls.append(refreshField());
}

function orderField() {
  const input = element("input", { type: "text", inputmode: "numeric", autocomplete: "off", size: "8" });
  const button = element("button", { type: "submit" }, "History");
  controls.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (key) tell(history_.show(key));
  });
  const made = field("order-key", "Order", input);
  made.append(button);
  return made;
}

function refreshField() {
  const input = element("input", { type: "checkbox" });
  input.checked = STATE.get("refresh") !== "off";
  input.addEventListener("change", () => { set("refresh", input.checked ? "" : "off"); tell(""); });
  const made = field("refresh", "Take up new data every " + PAGE.every + " s", input);
  made.classList.add("check");
  return made;
}

function fill() {
  for (const view of views) view.fill(choices());
  tell("");
}

/** Say what is narrowed, after what else there is to say. */
function tell(first) {
  const given = choices();
  const parts = [];
  if (given.from) parts.push("from " + given.from);
  if (given.to) parts.push("to " + given.to);
  for (const [kind, text] of Object.entries(CHOICES)) if (given[kind]) parts.push(text.toLowerCase() + " " + given[kind]);
  const narrowed = parts.length ? "Narrowed: " + parts.join(", ") + "." : PAGE.since ? "Everything in this file is shown." : "Everything is shown.";
  document.getElementById("narrowed").textContent = [first, narrowed, oldWords()].filter(Boolean).join(" ");
}

/** What the file was written without. */
function sinceWords() {
  if (!PAGE.since) return "";
  const titles = PAGE.since.queries.map((name) => QUERIES.get(name).title);
  return " Rows before " + PAGE.since.day + " are not in this file, of: " + titles.join(", ") + ". All else is whole.";
}

/** What to say of a page that should have been written again long ago. */
function oldWords() {
  if (!PAGE.every) return "";
  const age = Math.round((Date.now() - Date.parse(PAGE.taken)) / 1000);
  if (age <= 3 * PAGE.every + 60) return "";
  const why = isStill() ? "this page has not been loaded again since " + momentWords(LOADED.toISOString()) : "the file is not written again";
  return "These data are " + Math.round(age / 60) + " minutes old: " + why + ".";
}

function momentWords(iso) {
  return iso.slice(0, 19).replace("T", " ") + " UTC";
}

/** Show the theme that is chosen, and draw the charts in it; paper is light. */
function paint(printing = false) {
  const chosen = STATE.get("theme") || (DARK.matches ? "dark" : "light");
  document.documentElement.dataset.theme = printing ? "light" : chosen;
  for (const view of views) view.draw();
}

/** Whether the page stays as it was loaded: it is told to, or somebody types, has a list open, or looks at a record. */
function isStill() {
  return STATE.get("refresh") === "off" || isTyping(document.activeElement) || document.querySelector(OPEN_SELECT + "dialog[open]") !== null;
}

/** A field keeps the focus long after somebody wrote in it; half a date would be lost. */
function isTyping(one) {
  return one.matches("input[type=text], input[type=date]") && (one.validity.badInput || Date.now() - touched < PAUSE);
}

/** The number of an order that is written and perhaps not asked for yet. */
function orderKey() {
  const input = document.getElementById("order-key");
  return input ? input.value : "";
}

/** What has the focus, as a selector that finds it in the page that is loaded again; empty for what has no name. */
function focused() {
  const one = document.activeElement;
  if (one.id) return "#" + CSS.escape(one.id);
  const tile = one.closest(".tile");
  if (!tile) return "";
  const name = ".tile[aria-labelledby=" + tile.getAttribute("aria-labelledby") + "] ";
  if (one.dataset.order) return name + "button[data-order=" + CSS.escape(one.dataset.order) + "]";
  return one.matches("summary") ? name + "summary" : "";
}

/** Load the page again when it is time, unless somebody is in the middle of something. */
function refresh() {
  if (isStill()) {
    tell("");
    setTimeout(refresh, 1000 * PAGE.every);
    return;
  }
  const open = [...document.querySelectorAll("details[open]")].map((one) => one.id);
  history.replaceState({ open, scroll: scrollY, focus: focused(), order: orderKey() }, "");
  location.reload();
}

function restore() {
  const kept = history.state;
  if (!kept) return;
  for (const id of kept.open || []) {
    const found = document.getElementById(id);
    if (found) found.open = true;
  }
  if (kept.order) document.getElementById("order-key").value = kept.order;
  const focus = kept.focus && document.querySelector(kept.focus);
  if (focus) focus.focus({ preventScroll: true });
  scrollTo(0, kept.scroll || 0);
}

document.getElementById("title").textContent = PAGE.title;
document.getElementById("description").textContent = PAGE.description;
document.getElementById("taken").textContent = "As of " + momentWords(PAGE.taken) + ", from the " + PAGE.on + "." + sinceWords();
document.getElementById("about").textContent = "Written by totelake. Charts by plotly.js " + Plotly.version + " (MIT licence). This page asks nobody for anything.";
for (const [title, address] of PAGE.beside) {
  const link = document.createElement("a");
  link.href = address;
  link.textContent = title;
  document.getElementById("beside").append(link, " ");
}
document.getElementById("tiles").append(...views.map((view) => view.node));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address holds the choices
  document.getElementById("tiles").focus();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-order]");
  if (button) tell(history_.show(button.dataset.order));
});
DARK.addEventListener("change", () => paint());
addEventListener("beforeprint", () => paint(true));
addEventListener("afterprint", () => paint());
for (const kind of ["input", "keydown", "pointerdown"]) controls.addEventListener(kind, () => { touched = Date.now(); });
buildControls();
paint();
fill();
if (STATE.get("order") && history_) tell(history_.show(STATE.get("order")));
restore();
if (PAGE.every) setTimeout(refresh, 1000 * PAGE.every);
document.documentElement.dataset.ready = "true";
