(() => {
"use strict";
const every = Number(document.body.dataset.every);
const said = document.getElementById("said");
const words = said.textContent;

function open() {
  const wanted = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = wanted && wanted.closest("details");
  if (details) {
    details.open = true;
    details.scrollIntoView();
    details.querySelector("summary").focus();
  }
}

function remember() {
  const opened = [...document.querySelectorAll("details[open]")].map((one) => one.id);
  history.replaceState({ opened, top: scrollY }, "");
}

function recall() {
  for (const id of (history.state && history.state.opened) || []) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
  if (history.state) scrollTo(0, history.state.top);
}

function tick() {
  const age = Math.round((Date.now() - Date.parse(document.body.dataset.at)) / 1000);
  if (age > 3 * every) said.textContent = `${words} It is not written any more: this is ${age} s old.`;
}

addEventListener("hashchange", open);
if (history.state) recall(); else open();
if (every) {
  setInterval(tick, 1000);
  setTimeout(() => {
    remember();
    location.reload();
  }, every * 1000);
}
})();
