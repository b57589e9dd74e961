// Figures of a first pull in Chromium: a new phone signs in where many records wait. Prints JSON. Nothing here is an
// assertion. With PEERS, the folder of the harness that measures others, the records are those that it gives them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DESK, Device } from '../harness/phone.mjs';
import { Line } from '../harness/line.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';
import { Sender } from '../harness/wire.mjs';
import { App } from '../pages/app.mjs';

const COUNTS = (process.env.RECORDS ?? '10000,100000').split(',').map(Number);
const RUNS = Number(process.env.RUNS ?? 1);
const FORM = 'lk_kho_khan';

const { makeRec } = process.env.PEERS
  ? await import(pathToFileURL(resolve(process.env.PEERS, 'store/rec.js')))
  : { makeRec: own };
const figures = { runs: RUNS, first_pull: {} };
for (const count of COUNTS) {
  const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
  const server = await Server.withPack(folder);
  await server.start();
  const sender = await Sender.signIn(server, 'canbo.longkhanh');
  const form = await sender.form(FORM);
  const sent = performance.now();
  for (let from = 0; from < count; from += 5_000) {
    await sender.send(form, Array.from({ length: Math.min(5_000, count - from) }, (_, at) => flat(makeRec(from + at))));
  }
  const push_ms = performance.now() - sent;
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await pull(folder, server, count, run));
  runs.sort((a, b) => a.seconds - b.seconds);
  const { seconds, bytes_down, connections } = runs[RUNS >> 1];
  figures.first_pull[count] = {
    seconds: round(seconds), records_per_second: Math.round(count / seconds),
    bytes_per_record: Math.round(bytes_down / count), connections,
    loaded_by_protocol_records_per_second: Math.round(count / (push_ms / 1000)),
  };
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(figures, null, 2));

/** From the tap that signs in to the last record on the disk. */
async function pull(folder, server, count, run) {
  const line = await Line.to(server);
  const phone = new Device(`pull-${count}-${run}`, folder, DESK);
  await phone.start();
  const app = new App(phone, line);
  await app.open('/');
  await phone.page.locator('input[name="name"]').waitFor();
  const before = line.down;
  const start = performance.now();
  await app.enter('canbo.longkhanh');
  await until('all records came', () =>
    phone.page.evaluate(async (least) => {
      const asked = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const own = (await indexedDB.databases()).find(({ name }) => /^sotay\.[0-9a-f]{32}$/.test(name));
      if (!own) return false;
      const database = await asked(indexedDB.open(own.name));
      const count = database.objectStoreNames.contains('base')
        ? await asked(database.transaction('base').objectStore('base').count()) : 0;
      database.close();
      return count >= least;
    }, count), 1_200_000);
  const seconds = (performance.now() - start) / 1000;
  const bytes_down = line.down - before;
  await phone.kill();
  await line.close();
  return { seconds, bytes_down, connections: line.connections };
}

/** A record's fields as texts; lists as a form's many choices. */
function flat(record) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) =>
    [name.replace(/^_/, 'r'), Array.isArray(value) ? value.join(' ') : String(value)]));
}

/** Forty answers of an inspection. */
function own(at) {
  return Object.fromEntries(Array.from({ length: 40 }, (_, field) =>
    [`f${field}`, field % 4 ? String((at * 7919 + field * 104_729) % 100_000) : `Phường ${at % 15}, mục ${field}: đã kiểm tra, không có gì bất thường`]));
}

function round(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
