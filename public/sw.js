// Keeps the app itself on the device, so that it opens without a network. Answers and records are not its business: it
// never touches anything but GET, and never the API.
//
// A version is a list of files with the SHA-256 of each. It is installed whole or not at all, into a cache of its own,
// and waits until the page says that the person agreed: no page ever sees a mixture of two versions.

// Filled in when the app is built: path -> SHA-256 of the file's bytes, and which of these files only those at a desk
// need: they are kept from the first time that somebody here needs them; which only browsers need that read no codes.
const MANIFEST = /*@precache*/{version:"dev",files:{},desk:[],codes:[]}/*@end*/;

const PREFIX = "sotay-";
const CACHE = PREFIX + MANIFEST.version;
const SHELL = "/index.html";
const IS_BUILT = MANIFEST.version !== "dev";

self.addEventListener("install", (event) => {
  if (IS_BUILT) event.waitUntil(install());
});

// The page of a first visit may stay open for weeks: from now on it finds its files here, and the next version waits for it.
self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("message", (event) => {
  if (event.data === "take-over") self.skipWaiting();
  // Said by the version in charge to the one that waits: nobody reads those between the two.
  if (event.data?.inCharge) event.waitUntil(dropOthers([CACHE, event.data.inCharge]));
  // Said by a page that has started: while it is being opened, or loaded anew, it is no window yet, and another may be of an older
  // version.
  if (event.data === "started") event.waitUntil(dropOldVersions());
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (!IS_BUILT || request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/api/") || url.pathname === "/healthz") return;
  if (request.mode === "navigate") {
    event.respondWith(fetched(SHELL, request));
  } else if (url.pathname in MANIFEST.files) {
    event.respondWith(fetched(url.pathname, request));
  } else {
    event.respondWith(fromOlderVersion(request));
  }
});

// What a line that broke left behind is gone on with: whatever stands in the cache was checked before it was put there.
// A version that is not whole is read by nobody, and goes with the old ones.
async function install() {
  const [cache, atDesk] = await Promise.all([caches.open(CACHE), isAtDesk()]);
  const unwanted = [...(atDesk ? [] : MANIFEST.desk), ...("BarcodeDetector" in self ? MANIFEST.codes : [])];
  const wanted = Object.keys(MANIFEST.files).filter((path) => !unwanted.includes(path));
  await Promise.all(wanted.map((path) => fetchInto(cache, path)));
}

// Whether a version before has kept a file of the desk: then this one's come along, so that they are here offline too.
async function isAtDesk() {
  const kinds = MANIFEST.desk.map(kindOf);
  const older = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  for (const name of older) {
    const kept = await (await caches.open(name)).keys();
    if (kept.some((request) => kinds.includes(kindOf(new URL(request.url).pathname)))) return true;
  }
  return false;
}

// What a file is, whatever its version: its name without the hash.
const kindOf = (path) => path.replace(/-[0-9a-f]{16}/, "");

// The page has just fetched most of it: the browser still has these bytes, and gives them without the network. Only
// where they are not this version's does the network come first.
async function fetchInto(cache, path) {
  if (await cache.match(path)) return;
  const response = (await verified(path, "default")) ?? (await verified(path, "reload"));
  if (!response) throw new Error(`${path}: other bytes than this version's`);
  await cache.put(path, response);
}

async function verified(path, mode) {
  const response = await fetch(path, { cache: mode, credentials: "same-origin" });
  if (!response.ok || response.redirected) throw new Error(`${path}: status ${response.status}`);
  const bytes = await response.clone().arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return found === MANIFEST.files[path] ? response : undefined;
}

// A file of this version, kept when it had to be fetched: the browser may throw a cache away. What cannot be kept is given all the same.
async function fetched(path, request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  if (kept) return kept;
  try {
    await fetchInto(cache, path);
  } catch (error) {
    console.error(error);
  }
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
  // A worker that waits has filled its cache already, and knows which it is.
  const { waiting } = self.registration;
  if (waiting) waiting.postMessage({ inCharge: CACHE });
  else await dropOthers([CACHE]);
}

// One that is being installed is filling a cache that nobody knows.
async function dropOthers(kept) {
  const names = await caches.keys();
  if (self.registration.installing) return;
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && !kept.includes(name)).map((name) => caches.delete(name)));
}
