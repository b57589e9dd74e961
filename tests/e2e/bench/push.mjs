// Figures of a push in Chromium: a phone that filled many records without a network finds one. Prints JSON. Nothing here is an
// assertion. With PEERS, the folder of the harness that measures others, the records are those that it gives them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PHONE, Device } from '../harness/phone.mjs';
import { Line } from '../harness/line.mjs';
import { Server } from '../harness/server.mjs';
import { deviceOf, fill } from '../harness/outbox.mjs';
import { Sender } from '../harness/wire.mjs';
import { App } from '../pages/app.mjs';
import { cpu, flat, makeRec, round } from './records.mjs';

const COUNT = Number(process.env.RECORDS ?? 10_000);
const RUNS = Number(process.env.RUNS ?? 1);
const FORM = 'lk_kho_khan';

const runs = [];
for (let run = 0; run < RUNS; run += 1) runs.push(await push());
runs.sort((a, b) => a.seconds - b.seconds);
const { seconds, bytes_up, page_cpu_seconds } = runs[RUNS >> 1];
console.log(JSON.stringify({ runs: RUNS, push: { [COUNT]: {
  seconds: round(seconds), records_per_second: Math.round(COUNT / seconds), bytes_per_record: Math.round(bytes_up / COUNT),
  page_cpu_ms_per_record: round((page_cpu_seconds / COUNT) * 1000),
} } }, null, 2));

/** From the start of the app where there is a network again to the server's word for the last record, on the disk. */
async function push() {
  const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
  const server = await Server.withPack(folder);
  await server.start();
  const line = await Line.to(server);
  const phone = new Device('push', folder, PHONE);
  await phone.start();
  const app = new App(phone, line);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await app.allSent();
  const sender = await Sender.signIn(server, 'canbo.longkhanh');
  const form = await sender.form(FORM);
  // As if the app had filled them: its page is left meanwhile, for it would send them at once.
  await phone.page.goto(`${line.url}/manifest.webmanifest`);
  sender.device = await deviceOf(phone.page);
  await fill(phone.page, sender.operations(form, Array.from({ length: COUNT }, (_, at) => flat(makeRec(1e6 + at)))));
  const before = line.up;
  const start = performance.now();
  await app.open('/');
  const spent = await cpu(phone);
  await phone.page.evaluate(sent, String(COUNT));
  const seconds = (performance.now() - start) / 1000;
  const bytes_up = line.up - before;
  const page_cpu_seconds = await spent();
  await phone.kill();
  await line.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  return { seconds, bytes_up, page_cpu_seconds };
}

/** Resolves when the page has said that so many wait, and then that none does: it is told by the page's own changes, for asking again and
 * again takes a tenth of its time. */
function sent(count) {
  return new Promise((resolve) => {
    let waited = false;
    const look = () => {
      const unsent = document.querySelector('[data-unsent]')?.dataset.unsent;
      waited ||= unsent === count;
      if (waited && unsent === '0') resolve(observer.disconnect());
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-unsent'] });
    look();
  });
}
