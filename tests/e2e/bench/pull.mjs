// Figures of a first pull in Chromium: a new phone signs in where many records wait. Prints JSON. Nothing here is an
// assertion. With PEERS, the folder of the harness that measures others, the records are those that it gives them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DESK, Device } from '../harness/phone.mjs';
import { Line } from '../harness/line.mjs';
import { Server } from '../harness/server.mjs';
import { recordsHeld } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { Sender } from '../harness/wire.mjs';
import { App } from '../pages/app.mjs';
import { cpu, flat, makeRec, round } from './records.mjs';

const COUNTS = (process.env.RECORDS ?? '10000,100000').split(',').map(Number);
const RUNS = Number(process.env.RUNS ?? 1);
const FORM = 'lk_kho_khan';

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
  const { seconds, pull_seconds, bytes_down, connections, page_cpu_seconds } = runs[RUNS >> 1];
  figures.first_pull[count] = {
    seconds: round(seconds), records_per_second: Math.round(count / seconds),
    pull_seconds: round(pull_seconds), pull_records_per_second: Math.round(count / pull_seconds),
    bytes_per_record: Math.round(bytes_down / count), connections,
    page_cpu_ms_per_record: round((page_cpu_seconds / count) * 1000),
    loaded_by_protocol_records_per_second: Math.round(count / (push_ms / 1000)),
  };
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(figures, null, 2));

/** From the tap that signs in to the last record on the disk, and from the first request for records: others are measured from there. */
async function pull(folder, server, count, run) {
  const line = await Line.to(server);
  const phone = new Device(`pull-${count}-${run}`, folder, DESK);
  await phone.start();
  const app = new App(phone, line);
  await app.open('/');
  await phone.page.locator('input[name="name"]').waitFor();
  // Keeping the app on the device is no part of a pull.
  await phone.page.evaluate(async () => { await navigator.serviceWorker.ready; });
  let asked;
  phone.page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/v1/pull') asked ??= performance.now();
  });
  const before = line.down;
  const spent = await cpu(phone);
  const start = performance.now();
  await app.enter('canbo.longkhanh');
  // Seldom: looking reads the keys of all that came, on the page's own thread.
  await until('all records came', async () => (await recordsHeld(phone.page)) >= count, 1_200_000, 250);
  const end = performance.now();
  const [seconds, pull_seconds] = [start, asked].map((begun) => (end - begun) / 1000);
  const bytes_down = line.down - before;
  const page_cpu_seconds = await spent();
  await phone.kill();
  await line.close();
  return { seconds, pull_seconds, bytes_down, connections: line.connections, page_cpu_seconds };
}
