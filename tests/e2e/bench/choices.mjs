// Figures of a search in a very long list of choices, letter by letter: from the last letter to the frame that shows the one that is
// sought, and the processor's time for all letters, of all that the page did and of its longest task. Prints JSON. Nothing here is an
// assertion: figures depend on the machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, PHONE } from '../harness/phone.mjs';
import { Server } from '../harness/server.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';
import { repeat, slow, spread, worked } from './many.mjs';

const RUNS = Number(process.env.RUNS ?? 5);
const CHOICES = Number(process.env.CHOICES ?? 100_000);
const THROTTLES = [1, 4];
const SOUGHT = Math.floor(CHOICES / 2);

const XML = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>Nơi ở</h:title><model>
  <instance><data id="noi_o" version="1"><xa/></data></instance><instance id="xa" src="jr://file-csv/xa.csv"/>
  <bind nodeset="/data/xa" type="string"/></model></h:head><h:body><select1 ref="/data/xa"><label>Xã</label>
  <itemset nodeset="instance('xa')/root/item"><value ref="name"/><label ref="label"/></itemset></select1></h:body></h:html>`;
const towns = Array.from({ length: CHOICES }, (_, at) => `x${at},Xã số ${at}${at === SOUGHT ? ' Hàng Gòn' : ''}`);

const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
const files = Object.entries({ 'noi_o.xml': XML, 'xa.csv': ['name,label', ...towns].join('\n') }).map(([name, text]) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
});
const server = await Server.withPack(folder);
await server.start();
const phone = new Device('phone', folder, PHONE);
const app = new App(phone, server);
const figures = { unit: 'ms', runs: RUNS, choices: CHOICES };
for (const throttle of THROTTLES) {
  await phone.start();
  await app.open('/forms/preview');
  await phone.page.locator('input[type="file"]').first().setInputFiles(files);
  await new FormPage(phone.page).ready();
  await phone.page.locator('.choose-button').click();
  const search = phone.page.getByRole('dialog').filter({ visible: true }).locator('input[type="search"]');
  await phone.page.locator('.choice-row').first().waitFor();
  await slow(phone, throttle);
  const runs = await repeat(RUNS, async () => {
    const run = await worked(phone, () => search.evaluate(typed, 'hang gon'));
    await search.fill('');
    await phone.page.locator('.choice-row').nth(1).waitFor();
    return run;
  });
  figures[`x${throttle}`] = {
    found: spread(runs.map(({ result }) => result)),
    busy: spread(runs.map(({ busy }) => busy)),
    longest_task: spread(runs.map(({ longest }) => longest)),
  };
  await phone.close();
}
await server.stop();
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(figures, null, 2));

/** In the page: types as a quick hand does, and waits until one is left. */
async function typed(search, words) {
  let last = 0;
  for (let letters = 1; letters <= words.length; letters += 1) {
    await new Promise((resolve) => setTimeout(resolve, 120));
    search.value = words.slice(0, letters);
    search.dispatchEvent(new Event('input', { bubbles: true }));
    last = performance.now();
  }
  while (document.querySelectorAll('.choice-row').length !== 1) await new Promise(requestAnimationFrame);
  return performance.now() - last;
}
