// Figures of a roster of many rows: the processor's time to open its page, and of a search in it, of all that the page did and of its
// longest task; and of the search from a letter to the frame that tells how many rows it finds. Prints JSON. Nothing here is an assertion: figures depend on the machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, PHONE } from '../harness/phone.mjs';
import { Server } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';
import { Sender } from '../harness/wire.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';
import { slow, spread, worked } from './many.mjs';

const RUNS = Number(process.env.RUNS ?? 5);
const ROWS = Number(process.env.ROWS ?? 500);
const THROTTLE = Number(process.env.THROTTLE ?? 4);
const WORDS = ['n', 'ng', 'ngu', 'nguy', ''];

const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
const server = await Server.withPack(folder);
await server.start();
const sender = await Sender.signIn(server, 'canbo.longkhanh');
const fields = { 'chung/ma_lop': 'BDG-1' };
const family = ['Nguyễn', 'Trần', 'Lê', 'Phạm'];
for (let row = 1; row <= ROWS; row += 1) {
  const at = `hoc_vien[${row}]`;
  Object.assign(fields, {
    [at]: row, [`${at}/hv_ten`]: `${family[row % 4]} Thị Đào ${row}`, [`${at}/hv_gt`]: 'nu', [`${at}/hv_nam_sinh`]: 1985,
    [`${at}/hv_don_vi`]: 'dn_p_long_khanh', [`${at}/hv_tt`]: 'co_mat',
  });
}
await sender.send(await sender.form('lk_lop_tap_huan'), [fields]);

const phone = new Device('phone', folder, PHONE);
const app = new App(phone, server);
await phone.start();
await app.signIn('canbo.longkhanh');
await app.readyForOffline();
await app.open('/records');
const row = phone.page.locator('.record-row').first();
await row.waitFor();
const id = (await row.getAttribute('href')).match(/records\/([0-9a-f-]+)/)[1];
await app.open(`/records/${id}/edit`);
const form = await new FormPage(phone.page).ready();
const roster = process.env.PAGE ?? 'học viên';
const opened = [];
for (let run = 0; run < RUNS; run += 1) {
  await form.goTo('Thông tin chung');
  await slow(phone, THROTTLE);
  opened.push(await worked(phone, async () => {
    await form.goTo(roster);
    await until('the roster is drawn', async () => (await phone.page.locator('.row-card').count()) === ROWS, 120_000);
  }));
  await slow(phone, 1);
}
await slow(phone, THROTTLE);
const figures = Object.fromEntries(WORDS.map((words) => [words || 'none', []]));
for (let run = 0; run < RUNS; run += 1) {
  for (const words of WORDS) {
    const { result, busy, longest } = await worked(phone, () => phone.page.evaluate(typed, words));
    figures[words || 'none'].push({ told: result, busy, longest_task: longest });
  }
}
console.log(JSON.stringify({
  unit: 'ms', runs: RUNS, rows: ROWS, throttle: THROTTLE,
  opening: { busy: spread(opened.map(({ busy }) => busy)), longest_task: spread(opened.map(({ longest }) => longest)) },
  ...Object.fromEntries(Object.entries(figures).map(([words, runs]) => [words, Object.fromEntries(
    ['told', 'busy', 'longest_task'].map((figure) => [figure, spread(runs.map((run) => run[figure]))]))])),
}, null, 2));
await phone.kill();
await server.stop();
rmSync(folder, { recursive: true, force: true });

/** In the page: types, and waits until the count has not changed for a while and nothing was done in between. */
async function typed(words) {
  const input = document.querySelector('[data-repeat] input[type="search"]');
  const count = () => document.querySelector('[data-repeat] .repeat-head .muted').textContent;
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
  const start = performance.now();
  let [told, before] = [0, count()];
  input.value = words;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  for (let quiet = 0; quiet < 60;) {
    await frame();
    if (count() === before) quiet += 1;
    else [before, told, quiet] = [count(), performance.now() - start, 0];
  }
  return told;
}
