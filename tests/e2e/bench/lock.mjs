// Figures of the lock with many records on the phone: a cold start offline without a PIN, from the last digit of a PIN to
// the first screen, and the saving of an answer. Prints JSON. Nothing here is an assertion: figures depend on the machine.
import { rmSync } from 'node:fs';
import { recordsHeld } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { repeat, slow, spread, summariesKept, withMany } from './many.mjs';

const RUNS = Number(process.env.RUNS ?? 5);
const RECORDS = Number(process.env.RECORDS ?? 10_000);
const THROTTLES = [1, 4];
const PIN = '274913';

const { folder, server, phone, app } = await withMany(RECORDS);
await app.open('/records');
const pulling = performance.now();
await until('all records came', async () => (await recordsHeld(phone.page)) >= RECORDS, 600_000);
await summariesKept(phone, RECORDS);
const pulled_ms = performance.now() - pulling;
await phone.close();
await server.stop();

const figures = { unit: 'ms', runs: RUNS, records: RECORDS, pulled_ms: Number(pulled_ms.toFixed(0)), cold_start: {}, unlock: {}, unlock_to_lists: {}, longest_task: {} };
for (const throttle of THROTTLES) figures.cold_start[`x${throttle}`] = spread(await repeat(RUNS, () => coldStart(throttle)));
await setPin();
for (const throttle of THROTTLES) {
  const runs = await repeat(RUNS, () => unlock(throttle));
  figures.unlock[`x${throttle}`] = spread(runs.map(({ all }) => all));
  figures.longest_task[`x${throttle}`] = spread(runs.map(({ longest }) => longest));
  figures.unlock_to_lists[`x${throttle}`] = spread(runs.map(({ lists }) => lists));
}
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(figures, null, 2));

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
  await slow(phone, throttle);
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
  await slow(phone, throttle);
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
