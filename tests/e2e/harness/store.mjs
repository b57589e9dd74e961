// What lies on a device's disk, as any program of the app's origin finds it.

/** The rows of a store in the people's databases: `[key, length of the sealed value]` each. */
export function rowsOf(page, store) {
  return page.evaluate(async (store) => {
    const asked = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      if (!name.startsWith('sotay.')) continue;
      const database = await asked(indexedDB.open(name));
      if (database.objectStoreNames.contains(store)) {
        const rows = database.transaction(store).objectStore(store);
        const [keys, values] = await Promise.all([asked(rows.getAllKeys()), asked(rows.getAll())]);
        keys.forEach((key, at) => found.push([key, values[at].length]));
      }
      database.close();
    }
    return found;
  }, store);
}

/** How many rows a store of the people's databases has. */
export function countOf(page, store) {
  return page.evaluate(async (store) => {
    const asked = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    let count = 0;
    for (const { name } of await indexedDB.databases()) {
      if (!name.startsWith('sotay.')) continue;
      const database = await asked(indexedDB.open(name));
      if (database.objectStoreNames.contains(store)) count += await asked(database.transaction(store).objectStore(store).count());
      database.close();
    }
    return count;
  }, store);
}

/** Takes all rows out of a store of the people's databases. */
export function emptied(page, store) {
  return page.evaluate(async (store) => {
    const asked = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const { name } of await indexedDB.databases()) {
      if (!name.startsWith('sotay.')) continue;
      const database = await asked(indexedDB.open(name));
      if (database.objectStoreNames.contains(store)) {
        await asked(database.transaction(store, 'readwrite').objectStore(store).clear());
      }
      database.close();
    }
  }, store);
}

/** How many records of the server lie in the people's databases: by themselves, or many in a pack, whose key is their ids. */
export function recordsHeld(page) {
  return page.evaluate(async () => {
    const asked = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    let count = 0;
    for (const { name } of await indexedDB.databases()) {
      if (!name.startsWith('sotay.')) continue;
      const database = await asked(indexedDB.open(name));
      for (const store of ['base', 'packs'].filter((store) => database.objectStoreNames.contains(store))) {
        const keys = await asked(database.transaction(store).objectStore(store).getAllKeys());
        for (const key of keys) count += (key.byteLength ?? 0) / 16;
      }
      database.close();
    }
    return count;
  });
}

/** Which of these texts lie readable in any database, in UTF-8 or UTF-16; and how many bytes were looked through. */
export function readable(page, texts) {
  return page.evaluate(async (texts) => {
    const asked = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const wide = (text, swap) => Uint8Array.from([...text].flatMap((letter) => {
      const unit = letter.charCodeAt(0);
      const pair = [unit & 255, unit >> 8];
      return swap ? pair.reverse() : pair;
    }));
    const latin = new TextDecoder('latin1');
    const needles = texts.flatMap((text) =>
      [new TextEncoder().encode(text), wide(text, false), wide(text, true)].map((bytes) => [text, latin.decode(bytes)]));
    const found = new Set();
    let size = 0;
    const look = (value) => {
      if (Array.isArray(value)) return value.forEach(look);
      const bytes = value instanceof Uint8Array ? value : new TextEncoder().encode(typeof value === 'string' ? value : '');
      size += bytes.length;
      const hay = latin.decode(bytes);
      for (const [text, needle] of needles) if (hay.includes(needle)) found.add(text);
    };
    for (const { name } of await indexedDB.databases()) {
      look(name);
      const database = await asked(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const rows = database.transaction(store).objectStore(store);
        const [keys, values] = await Promise.all([asked(rows.getAllKeys()), asked(rows.getAll())]);
        keys.forEach(look);
        values.forEach(look);
      }
      database.close();
    }
    for (const at of Object.keys(localStorage)) look(localStorage.getItem(at));
    return { found: [...found], size };
  }, texts);
}
