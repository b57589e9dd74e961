// Figures of the lock with many records on the phone: a cold start offline without a PIN, from the last digit of a PIN to
// the first screen, and the saving of an answer. Prints JSON. Nothing here is an assertion: figures depend on the machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { Device, PHONE } from '../harness/phone.mjs';
import { Server } from '../harness/server.mjs';
import { rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';

const RUNS = Number(process.env.RUNS ?? 5);
const RECORDS = Number(process.env.RECORDS ?? 10_000);
const THROTTLES = [1, 4];
const FORM = 'lk_kt_phuong_xa';
const PIN = '274913';

const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
const server = await Server.withPack(folder);
await server.start();
const phone = new Device('phone', folder, PHONE);
await phone.start();
const app = new App(phone, server);
await app.signIn('canbo.longkhanh');
await app.readyForOffline();
const form = await app.begin(FORM);
await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
await form.next();
for (const name of ['a1', 'a2', 'a3']) await form.choose(name, 'dat', 'Đạt');
await form.saved();
await phone.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
await phone.page.locator('.record-row').first().waitFor();
await until('the form is left', async () => !(await rowsOf(phone.page, 'place')).some(([key]) => key === 'filling'));
await app.allSent();
await phone.close();
await server.stop();
multiply(join(folder, 'sotay.sqlite'));
await server.start();
await phone.start();
await app.open('/records');
const pulling = performance.now();
await until('all records came', () =>
  phone.page.evaluate(async (least) => {
    const asked = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith('sotay.'));
    const database = await asked(indexedDB.open(name));
    const count = await asked(database.transaction('base').objectStore('base').count());
    database.close();
    return count >= least;
  }, RECORDS), 600_000);
await until('their summaries are kept', async () =>
  (await rowsOf(phone.page, 'summaries')).filter(([key]) => typeof key === 'number').length > RECORDS / 256, 120_000);
const pulled_ms = performance.now() - pulling;
await phone.close();
await server.stop();

const figures = { unit: 'ms', runs: RUNS, records: RECORDS, pulled_ms: Number(pulled_ms.toFixed(0)), cold_start: {}, unlock: {}, unlock_to_lists: {}, longest_task: {} };
for (const throttle of THROTTLES) figures.cold_start[`x${throttle}`] = spread(await repeat(() => coldStart(throttle)));
await setPin();
for (const throttle of THROTTLES) {
  const runs = await repeat(() => unlock(throttle));
  figures.unlock[`x${throttle}`] = spread(runs.map(({ all }) => all));
  figures.longest_task[`x${throttle}`] = spread(runs.map(({ longest }) => longest));
  figures.unlock_to_lists[`x${throttle}`] = spread(runs.map(({ lists }) => lists));
}
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(figures, null, 2));

/** Makes many records of the one that was sent: the same answers under other ids. */
function multiply(path) {
  execFileSync('python3', ['-c', `
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
id, rv, unit, form, author, received, changed, body = database.execute('SELECT id, rv, unit, form, author, received_ms, changed_ms, body FROM record').fetchone()
(rv,) = database.execute('SELECT rv FROM server').fetchone()
for count in range(1, int(sys.argv[2])):
    other = id[:8] + os.urandom(8)
    rv += 1
    database.execute('INSERT INTO record (id, rv, unit, form, author, received_ms, changed_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        (other, rv, unit, form, author, received, changed + count * 1000, body.replace(id, other)))
database.execute('UPDATE server SET rv = ?', (rv,))
database.commit()
`, path, String(RECORDS)]);
}

async function repeat(measure) {
  const values = [];
  for (let run = 0; run < RUNS; run += 1) values.push(await measure());
  return values;
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => Number(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1));
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

async function slow(throttle) {
  const session = await phone.context.newCDPSession(phone.page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: throttle });
}

/** Notes when an element is first painted, as `window[name]`. */
async function note(name, selector) {
  await phone.page.addInitScript(({ name, selector }) => {
    const look = () => {
      if (document.querySelector(selector)) requestAnimationFrame(() => { window[name] = performance.now(); });
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { name, selector });
}

async function coldStart(throttle) {
  await phone.start();
  await slow(throttle);
  await note('usableAt', '.today h1');
  await app.open('/');
  const usable = await until('the app is usable', () => phone.page.evaluate(() => window.usableAt));
  await phone.close();
  return usable;
}

async function setPin() {
  await phone.start();
  await app.open('/more');
  await phone.page.getByRole('button', { name: 'Đặt mã PIN' }).click();
  for (const _ of [1, 2]) for (const digit of PIN) await phone.page.locator(`[data-digit="${digit}"]`).click();
  await phone.page.getByText('chỉ mở được bằng mã PIN').waitFor();
  await phone.close();
}

/** From the last digit to the greeting painted, and to the last record's place in the lists; and the longest that the page was busy. */
async function unlock(throttle) {
  await phone.start();
  await slow(throttle);
  await note('usableAt', '.today h1');
  await note('listedAt', '[data-records="whole"]');
  await app.open('/');
  await phone.page.locator('.pin-pad').waitFor();
  for (const digit of PIN.slice(0, -1)) await phone.page.locator(`[data-digit="${digit}"]`).click();
  await phone.page.evaluate((digit) => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest = Math.max(window.longest ?? 0, entry.duration);
    }).observe({ type: 'longtask' });
    const key = document.querySelector(`[data-digit="${digit}"]`);
    window.pressedAt = performance.now();
    key.click();
  }, PIN.at(-1));
  const usable = await until('the app is usable', () => phone.page.evaluate(() => window.usableAt));
  const listed = await until('the lists are whole', () => phone.page.evaluate(() => window.listedAt));
  const [pressed, longest] = await phone.page.evaluate(() => [window.pressedAt, window.longest ?? 0]);
  await phone.close();
  return { all: usable - pressed, lists: listed - pressed, longest };
}
