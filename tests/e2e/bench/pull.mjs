// Figures of a first pull in Chromium: a new phone signs in where many records wait. Prints JSON. Nothing here is an
// assertion. With PEERS, the folder of the harness that measures others, the records are those that it gives them.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
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

const figures = { runs: RUNS, first_pull: {}, nothing_changed: null };
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
  figures.nothing_changed = runs[RUNS >> 1].nothing_changed;
  const { seconds, pull_seconds, bytes_down, pull_bytes, connections, page_cpu_seconds } = runs[RUNS >> 1];
  figures.first_pull[count] = {
    seconds: round(seconds), records_per_second: Math.round(count / seconds),
    pull_seconds: round(pull_seconds), pull_records_per_second: Math.round(count / pull_seconds),
    bytes_per_record: Math.round(bytes_down / count), pull_bytes_per_record: Math.round(pull_bytes / count), connections,
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
  let ended;
  const pulls = [];
  phone.page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname !== '/api/v1/pull') return;
    asked ??= performance.now();
    // Whoever waits for news has stored all that there was.
    if (searchParams.get('wait') !== '0') ended ??= performance.now();
    pulls.push(request);
  });
  const before = line.down;
  const spent = await cpu(phone);
  const start = performance.now();
  await app.enter('canbo.longkhanh');
  await until('all records came', () => ended !== undefined, 1_200_000, 20);
  const held = await recordsHeld(phone.page);
  if (held < count) throw new Error(`${held} records came of ${count}`);
  const [seconds, pull_seconds] = [start, asked].map((begun) => (ended - begun) / 1000);
  const bytes_down = line.down - before;
  const pull_bytes = await bytesOf(pulls);
  const page_cpu_seconds = await spent();
  const nothing_changed = await again(line, pulls.at(-1));
  await phone.kill();
  await line.close();
  return { nothing_changed, seconds, pull_seconds, bytes_down, pull_bytes, connections: line.connections, page_cpu_seconds };
}

/** What requests took of the line, both ways: what others send and fetch to replicate, without the pack that an app has. One that waits
 * for news is not answered yet. */
async function bytesOf(requests) {
  const answered = requests.filter((request) => request.existingResponse());
  const sizes = await Promise.all(answered.map((request) => request.sizes()));
  return sizes.flatMap(Object.values).reduce((sum, size) => sum + size, 0);
}

/** What a request takes that learns of nothing new: the browser's last one, with all that it says, once more over HTTP/2, which
 * browsers speak with any server behind TLS. The first one on a connection brings the headers, which a later one only names. */
async function again(line, request) {
  const { connection, host, ...headers } = await request.allHeaders();
  const { pathname, searchParams } = new URL(request.url());
  searchParams.set('wait', '0');
  const session = connect(line.url);
  const figures = [];
  for (let time = 0; time < 2; time += 1) {
    const [up, down] = [line.up, line.down];
    const stream = session.request({ ...headers, ':path': `${pathname}?${searchParams}` }, { endStream: true });
    await new Promise((resolve, reject) => stream.resume().once('end', resolve).once('error', reject));
    figures.push({ bytes_up: line.up - up, bytes_down: line.down - down });
  }
  session.close();
  return { first_on_a_connection: figures[0], later: figures[1] };
}
