(() => {
"use strict";
const every = Number(document.body.dataset.every);
const said = document.getElementById("said");
const loaded = Date.now();
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

const reachable = () => [...document.querySelectorAll("main a, main summary, main [tabindex='0']")];

function remember() {
  const opened = [...document.querySelectorAll("details[open]")].map((one) => one.id);
  history.replaceState({ opened, focus: reachable().indexOf(document.activeElement), top: scrollY }, "");
}

function recall() {
  const kept = history.state;
  for (const id of kept.opened || []) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
  const focused = reachable()[kept.focus];
  if (focused) focused.focus({ preventScroll: true });
  scrollTo(0, kept.top);
}

function tick() {
  const age = Math.round((Date.now() - Date.parse(document.body.dataset.at)) / 1000);
  const took = Number(document.body.dataset.took);
  if (age > 3 * (every + took)) said.textContent = `${words} It is not written any more: this is ${age} s old.`;
  // what somebody is copying stays
  if (Date.now() - loaded > every * 1000 && String(getSelection()) === "") {
    remember();
    location.reload();
  }
}

addEventListener("hashchange", open);
if (history.state) recall(); else open();
if (every) setInterval(tick, 500);
})();
