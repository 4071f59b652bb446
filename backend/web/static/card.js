// The member's card: kept on this phone for where there is no network, and gone on leaving.
"use strict";

// Nothing is kept but what the face of the card shows: per card its picture and the last balance.
const KEPT = "mereau-cards";
const OFFLINE = "mereau-offline";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) || {};
  } catch {
    return {};
  }
}

function forget() {
  localStorage.removeItem(KEPT);
  if ("caches" in window) caches.delete(OFFLINE);
}

const face = document.getElementById("face");
if (face) {
  const picture = (kind) => face.querySelector(`svg.${kind}`).outerHTML;
  localStorage.setItem(KEPT, JSON.stringify({
    ...kept(),
    [face.dataset.card]: {
      program: face.dataset.program,
      holder: face.dataset.holder,
      number: face.dataset.number,
      balance: face.dataset.balance,
      seen: face.dataset.seen,
      qr: picture("qr"),
      barcode: picture("barcode"),
    },
  }));
}

// Cards that are no longer this person's, or of somebody who is not signed in, are forgotten.
const held = document.body.querySelector("[data-cards]");
if (held) {
  const mine = held.dataset.cards.split(" ");
  const left = Object.entries(kept()).filter(([id]) => mine.includes(id));
  localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(left)));
}
if (document.body.querySelector("[data-forget]")) forget();
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-card-out]")) forget();
});

if (held && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("/card/sw.js", { scope: "/card" }).then(() => {
    // The page that is shown without network is kept in the language read last.
    if ("caches" in window) caches.open(OFFLINE).then((cache) => cache.add("/card/offline"));
  });
}
