// The card without network: what was kept of it, drawn from this phone alone.
"use strict";

function kept() {
  try {
    return JSON.parse(localStorage.getItem("mereau-cards")) || {};
  } catch {
    return {};
  }
}

const place = document.getElementById("cards");
const empty = document.getElementById("no-cards");
const template = document.getElementById("card-template");
for (const card of Object.values(kept())) {
  const shown = template.content.cloneNode(true);
  for (const part of shown.querySelectorAll("[data-part]")) {
    const name = part.dataset.part;
    if (name === "qr" || name === "barcode") {
      const picture = new DOMParser().parseFromString(card[name], "text/html").querySelector("svg");
      if (picture) part.append(document.importNode(picture, true));
    } else {
      part.textContent = card[name];
    }
  }
  place.append(shown);
  empty.hidden = true;
}
window.addEventListener("online", () => location.reload());
