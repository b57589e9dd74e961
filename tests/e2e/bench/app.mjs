// Figures of the built app in a real Chromium: cold start offline, opening each form, one answer, one save.
// Prints JSON. Nothing here is an assertion: figures depend on the machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, PHONE } from '../harness/phone.mjs';
import { Server, speaker } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { repeat, slow, spread } from './many.mjs';

const RUNS = Number(process.env.RUNS ?? 5);
const THROTTLES = [1, 4];
const INSPECTION = 'lk_kt_phuong_xa';

const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
const server = await Server.withPack(folder);
await server.start();
const phone = new Device('phone', folder, PHONE);
await phone.start();
const app = new App(phone, server);
await app.signIn('canbo.longkhanh');
await app.readyForOffline();
const forms = await phone.page.evaluate(async (headers) => (await (await fetch('/api/v1/pack', { headers })).json()).forms.map((form) => form.id), speaker('canbo.longkhanh'));
await phone.close();
await server.stop();

const figures = { unit: 'ms', runs: RUNS, cold_start_offline: {}, open_form: {}, answer_to_dom: {}, answer_to_paint: {}, answer_to_saved: {} };
// Cold starts first: once a form is open, the app would start in that form.
for (const throttle of THROTTLES) {
  figures.cold_start_offline[`x${throttle}`] = spread(await repeat(RUNS, () => coldStart(throttle)));
}
for (const throttle of THROTTLES) {
  const x = `x${throttle}`;
  await phone.start();
  await slow(phone, throttle);
  figures.open_form[x] = {};
  for (const form of forms) {
    figures.open_form[x][form] = spread(await repeat(RUNS, () => openForm(form)));
  }
  const { drawn, painted, saved } = await answers();
  figures.answer_to_dom[x] = spread(drawn);
  figures.answer_to_paint[x] = spread(painted);
  figures.answer_to_saved[x] = spread(saved);
  await phone.close();
}
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(figures, null, 2));

/** A new browser process on the same profile, no server: from navigation to the greeting painted. */
async function coldStart(throttle) {
  await phone.start();
  await slow(phone, throttle);
  await phone.page.addInitScript(() => {
    const look = () => {
      if (document.querySelector('.today h1')) requestAnimationFrame(() => { window.usableAt = performance.now(); });
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await app.open('/');
  const usable = await until('the app is usable', () => phone.page.evaluate(() => window.usableAt));
  await phone.close();
  return usable;
}

/** From the tap on a form's line to its first page painted. */
async function openForm(form) {
  await app.open('/fill');
  await phone.page.locator(`[data-form="${form}"]`).waitFor();
  return phone.page.evaluate(
    (id) =>
      new Promise((resolve) => {
        const start = performance.now();
        document.querySelector(`a[data-form="${id}"]`).click();
        const look = () => {
          if (document.querySelector('[data-form-ready]')) requestAnimationFrame(() => resolve(performance.now() - start));
          else requestAnimationFrame(look);
        };
        look();
      }),
    form,
  );
}

/** An item fails and passes by turns: until its reason is asked for or gone, until that is painted, and until it is on the disk. */
async function answers() {
  const form = await app.begin(INSPECTION);
  await form.next();
  return phone.page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    // A message sent from a frame's callback arrives once that frame is painted.
    const paint = () => new Promise((resolve) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = resolve;
        port2.postMessage(null);
      });
    });
    // A person's tap comes at any moment between two frames, never within a frame's callback.
    const moment = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const shown = (is) => new Promise((resolve) => {
      const look = () => is() && (observer.disconnect(), resolve());
      const observer = new MutationObserver(look);
      observer.observe(document.body, { childList: true, subtree: true });
      look();
    });
    const drawn = [];
    const painted = [];
    const saved = [];
    for (let turn = 0; turn < 100; turn += 1) {
      const value = turn % 2 ? 'dat' : 'chua_dat';
      const line = document.querySelector('.save-line');
      await moment(turn % 17);
      const start = performance.now();
      document.querySelector(`[data-q="a2"] input[value="${value}"]`).click();
      await shown(() => Boolean(document.querySelector('[data-q="a2_gc"]')) === (value !== 'dat'));
      drawn.push(performance.now() - start);
      await paint();
      painted.push(performance.now() - start);
      while (line.dataset.save !== 'saved') await frame();
      saved.push(performance.now() - start);
    }
    return { drawn, painted, saved };
  });
}
