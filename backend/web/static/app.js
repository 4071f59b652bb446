// What every page does: forms are sent once, failures are said, choices submit themselves.
"use strict";

// A form that is under way cannot be sent again until there is an answer.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sending === "yes") {
    event.preventDefault();
    return;
  }
  if (form.hasAttribute("hx-post") || form.method === "dialog") return;
  form.dataset.sending = "yes";
  form.setAttribute("aria-busy", "true");
});

// Coming back by the browser's button, the page may be the old one, with its forms still marked.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) {
    delete form.dataset.sending;
    form.removeAttribute("aria-busy");
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) navigator.clipboard.writeText(button.dataset.copy).then(() => button.classList.add("done"));
  const print = event.target.closest("[data-print]");
  if (print) window.print();
});

// HTMX: a form it sends is busy meanwhile; an answer that is an error is shown as what it says.
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.target.closest("form");
  if (!form) return;
  if (form.dataset.sending === "yes" && form.hasAttribute("data-once")) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "yes";
  form.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest("form");
  if (form) {
    delete form.dataset.sending;
    form.removeAttribute("aria-busy");
  }
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const status = event.detail.xhr.status;
  if (status >= 400) {
    event.detail.shouldSwap = Boolean(event.detail.xhr.getResponseHeader("HX-Retarget")) || status === 422 || status === 409;
    event.detail.isError = false;
  }
  document.getElementById("offline").hidden = true;
});
const unreachable = () => { document.getElementById("offline").hidden = false; };
document.addEventListener("htmx:sendError", unreachable);
document.addEventListener("htmx:timeout", unreachable);
window.addEventListener("online", () => { document.getElementById("offline").hidden = true; });

// What watches for news asks while it can be seen, and waits while a form is under way or the reader
// is leaving: news may load the page anew, which would end either. Leaving is over after a while,
// because a download begins like it and the page stays.
const LIVE_MS = 3000;
const LEAVING_MS = 10_000;
let leftAt = -LEAVING_MS;
const leave = () => { leftAt = performance.now(); };
window.addEventListener("beforeunload", leave);
// Phones' Safari does not say that a page is about to be left.
document.addEventListener("click", (event) => { if (event.target.closest("a[href]")) leave(); });
const busy = () =>
  document.hidden || document.querySelector("form[data-sending]") || performance.now() - leftAt < LEAVING_MS;
setInterval(() => {
  if (busy()) return;
  for (const watching of document.querySelectorAll("[data-live]")) htmx.trigger(watching, "tick");
}, LIVE_MS);
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.target.matches("[data-live]") && busy()) event.preventDefault();
});
