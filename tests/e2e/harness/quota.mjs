// How much the browser lets the app keep.
import { until } from './until.mjs';

// The limit lasts as long as the session that set it.
const limiting = new WeakMap();

/** How many bytes the app may keep, all that the disk has when none is given; in force when this returns. */
export async function quota(device, origin, bytes) {
  const { page, context } = device;
  if (!limiting.has(page)) limiting.set(page, await context.newCDPSession(page));
  const session = limiting.get(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin, ...(bytes && { quotaSize: bytes }) });
  await until('the browser has the limit', async () => {
    const space = await session.send('Storage.getUsageAndQuota', { origin });
    return space.overrideActive === Boolean(bytes) && (!bytes || space.quota === bytes);
  });
}

/** Nothing more may be kept, and the browser acts on it: it remembers for half a minute how much room there was. */
export async function fillUp(device, origin) {
  await quota(device, origin, 1);
  await until('the browser takes nothing more', async () => (await writeFiller(device.page)) === 'QuotaExceededError', 60_000);
}

/** What becomes of a write beside the app's own: the name of its error, `null` for none. */
function writeFiller(page) {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('filler', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('filler');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const writing = database.transaction('filler', 'readwrite');
          const end = (outcome) => {
            database.close();
            resolve(outcome);
          };
          writing.oncomplete = () => end(null);
          writing.onabort = () => end(writing.error.name);
          writing.objectStore('filler').put(new Uint8Array(1000), 1);
        };
      }),
  );
}
