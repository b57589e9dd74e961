// Keeps the app itself on the device, so that it opens without a network. Answers and records are not its business: it
// never touches anything but GET, and never the API.
//
// A version is a list of files with the SHA-256 of each. It is installed whole or not at all, into a cache of its own,
// and waits until the page says that the person agreed: no page ever sees a mixture of two versions.

// Filled in when the app is built: path -> SHA-256 of the file's bytes.
const MANIFEST = /*@precache*/{version:"dev",files:{}}/*@end*/;

const PREFIX = "sotay-";
const CACHE = PREFIX + MANIFEST.version;
const SHELL = "/index.html";
const IS_BUILT = MANIFEST.version !== "dev";

self.addEventListener("install", (event) => {
  if (IS_BUILT) event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldVersions());
});

self.addEventListener("message", (event) => {
  if (event.data === "take-over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (!IS_BUILT || request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/api/") || url.pathname === "/healthz") return;
  if (request.mode === "navigate") {
    event.respondWith(fromCache(SHELL, request));
    event.waitUntil(dropOldVersions());
  } else if (url.pathname in MANIFEST.files) {
    event.respondWith(fromCache(url.pathname, request));
  } else {
    event.respondWith(fromOlderVersion(request));
  }
});

// What a line that broke left behind is gone on with: whatever stands in the cache was checked before it was put there.
// A version that is not whole is read by nobody, and goes with the old ones.
async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all(Object.entries(MANIFEST.files).map(([path, hash]) => fetchInto(cache, path, hash)));
}

async function fetchInto(cache, path, hash) {
  if (await cache.match(path)) return;
  const response = await fetch(path, { cache: "reload", credentials: "same-origin" });
  if (!response.ok || response.redirected) throw new Error(`${path}: status ${response.status}`);
  const bytes = await response.clone().arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== hash) throw new Error(`${path}: other bytes than this version's`);
  await cache.put(path, response);
}

// The browser may throw a cache away: then the network is the next best.
async function fromCache(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

// A page of the version before, still open in another tab, finds its own files as long as it is there. Names of files
// that differ between versions differ too, so this never answers with another version's bytes.
async function fromOlderVersion(request) {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}

async function dropOldVersions() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (windows.length > 1) return;
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // A worker that waits has filled its cache already: only the one in charge may clear, and not that one's.
  const waiting = self.registration.waiting ?? self.registration.installing;
  if (waiting) return;
  await Promise.all(old.map((name) => caches.delete(name)));
}
