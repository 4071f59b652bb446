// Answers below /card when there is no network: with the one page that shows what was kept.
"use strict";

const OFFLINE = "mereau-offline";
const SHELL = {{ shell | tojson }};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(OFFLINE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.open(OFFLINE).then(async (cache) => {
    for (const kept of await cache.keys()) {
      if (!SHELL.includes(new URL(kept.url).pathname)) await cache.delete(kept);
    }
    await self.clients.claim();
  }));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(async () => (await caches.match("/card/offline", { ignoreVary: true })) || Response.error()));
  } else if (SHELL.includes(url.pathname) && url.pathname !== "/card/offline") {
    event.respondWith(caches.match(event.request, { ignoreVary: true }).then((found) => found || fetch(event.request)));
  }
});
