// Puts operations on a device's disk as its app would have: sealed, under the key of the one person who uses it without a PIN.
// For benches: filling ten thousand records by hand takes a day.

/** The device that the person's operations are of, 16 bytes. */
export async function deviceOf(page) {
  return Buffer.from(await page.evaluate(`(${inPage})().then(({ device }) => [...device])`));
}

/** Adds operations: `{ seq, bytes }` each, without a gap behind those that are there. The app must not run meanwhile. */
export async function fill(page, operations) {
  for (let from = 0; from < operations.length; from += 1_000) {
    const rows = operations.slice(from, from + 1_000).map(({ seq, bytes }) => [seq, bytes.toString('base64')]);
    await page.evaluate(`(${inPage})().then(({ add }) => add(${JSON.stringify(rows)}))`);
  }
}

async function inPage() {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const row = async (name, store, key) => {
    const database = await asked(indexedDB.open(name));
    const rows = database.transaction(store).objectStore(store);
    const found = key === undefined ? [await asked(rows.getAllKeys()), await asked(rows.getAll())] : await asked(rows.get(key));
    database.close();
    return found;
  };
  const text = (words) => new TextEncoder().encode(words);
  const how = (nonce, place) => ({ name: 'AES-GCM', iv: nonce, additionalData: place });
  const open = async (key, place, sealed) =>
    new Uint8Array(await crypto.subtle.decrypt(how(sealed.subarray(1, 13), place), key, sealed.subarray(13)));
  const seal = async (key, place, value) => {
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    return new Uint8Array([1, ...nonce, ...new Uint8Array(await crypto.subtle.encrypt(how(nonce, place), key, value))]);
  };
  // The two strings of bytes that a person's row begins with: who it is, and their key.
  const bytesAt = (cbor, at) => {
    const short = cbor[at] & 31;
    const [from, length] = short < 24 ? [at + 1, short] : short === 24 ? [at + 2, cbor[at + 1]] : [at + 3, cbor[at + 1] * 256 + cbor[at + 2]];
    return [cbor.subarray(from, from + length), from + length];
  };
  const phoneKey = await row('sotay', 'phone', 'key');
  const [[id], [person]] = await row('sotay', 'people');
  const [label, end] = bytesAt(person, 2);
  const [wrap] = bytesAt(person, end + 1);
  const who = await open(phoneKey, text(`label ${id}`), label);
  const secret = await open(phoneKey, text(`wrap ${id}`), wrap);
  const key = await crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt']);
  const head = (kind, length) => (length < 24 ? [kind | length]
    : length < 256 ? [kind | 24, length]
      : length < 65_536 ? [kind | 25, length >> 8, length & 255]
        : [kind | 26, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255]);
  const add = async (rows) => {
    const sealed = await Promise.all(rows.map(async ([seq, base64]) => {
      const operation = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const place = new Uint8Array([...text('outbox'), 0, 1, 0, 0, 0, 0, seq >>> 24, (seq >> 16) & 255, (seq >> 8) & 255, seq & 255]);
      return [seq, await seal(key, place, new Uint8Array([0xa1, 0, ...head(0x40, operation.length), ...operation]))];
    }));
    const last = rows.at(-1)[0];
    const lastPlace = new Uint8Array([...text('meta'), 0, 2, ...text('last_seq')]);
    const lastSeq = await seal(key, lastPlace, new Uint8Array(head(0, last)));
    const database = await asked(indexedDB.open(`sotay.${id}`));
    const writing = database.transaction(['outbox', 'meta'], 'readwrite', { durability: 'strict' });
    for (const [seq, value] of sealed) writing.objectStore('outbox').put(value, seq);
    writing.objectStore('meta').put(lastSeq, 'last_seq');
    await new Promise((resolve, reject) => {
      writing.oncomplete = resolve;
      writing.onabort = () => reject(writing.error);
    });
    database.close();
  };
  return { device: who.slice(-16), add };
}
