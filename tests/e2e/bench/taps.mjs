// Figures of one tap in a table of 200 questions and in a repeat of 200 rows, both in the middle of it all: from the tap to the frame
// that shows it; and the processor's time for that, of all that the page did and of its longest task. Prints JSON. Nothing here is an
// assertion: figures depend on the machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, PHONE } from '../harness/phone.mjs';
import { Server } from '../harness/server.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';
import { slow, spread, worked } from './many.mjs';

const ROWS = 200;
const TAPS = 40;
const THROTTLES = [1, 4];

const choices = [1, 2, 3, 4, 5].map((place) => `<item><label>Mức ${place}</label><value>c${place}</value></item>`).join('');
const numbers = Array.from({ length: ROWS }, (_, place) => place);
const xform = (instance, binds, body) => `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Bảng</h:title><model><instance><data id="bang" version="1">${instance}</data>
  </instance>${binds}</model></h:head><h:body><group ref="/data" appearance="field-list">${body}
  <input ref="/data/ghi_chu"><label>Có <output value="/data/tong"/> câu</label></input></group></h:body></h:html>`;
const FORMS = {
  table: xform(
    `<muc/>${numbers.map((place) => `<q${place}/>`).join('')}<tong/><ghi_chu/>`,
    `<bind nodeset="/data/tong" calculate="${numbers.filter((place) => place % 4 === 0).map((place) => `(/data/q${place} != '')`).join(' + ')}"/>`,
    `<select1 ref="/data/muc" appearance="label"><label>Mức</label>${choices}</select1>${numbers.map((place) =>
      `<select1 ref="/data/q${place}" appearance="list-nolabel"><label>Nội dung kiểm tra số ${place}</label>${choices}</select1>`).join('')}`),
  repeat: xform(
    `<so>${ROWS}</so><nguoi jr:template=""><ten/><co_mat/></nguoi><tong/><ghi_chu/>`,
    '<bind nodeset="/data/tong" calculate="count(/data/nguoi[co_mat != \'\'])"/>',
    `<group ref="/data/nguoi"><label>Người dự</label><repeat nodeset="/data/nguoi" jr:count="/data/so"><input ref="/data/nguoi/ten">
      <label>Họ tên</label></input><select1 ref="/data/nguoi/co_mat"><label>Có mặt</label>${choices}</select1></repeat></group>`),
};
// What is tapped, the n-th time.
const TAPPED = {
  table: (count) => document.querySelectorAll('.grid-row')[4 * count].querySelectorAll('input')[count % 5],
  repeat: (count) => document.querySelectorAll('.row-summary')[4 * count],
};

const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
const server = await Server.withPack(folder);
await server.start();
const phone = new Device('phone', folder, PHONE);
const app = new App(phone, server);
const figures = { unit: 'ms', taps: TAPS, rows: ROWS, to_paint: {}, busy: {}, longest_task: {} };
for (const throttle of THROTTLES) {
  const x = `x${throttle}`;
  [figures.to_paint[x], figures.busy[x], figures.longest_task[x]] = [{}, {}, {}];
  for (const [name, xml] of Object.entries(FORMS)) {
    await phone.start();
    await app.open('/forms/preview');
    const path = join(folder, `${name}.xml`);
    writeFileSync(path, xml);
    await phone.page.locator('input[type="file"]').first().setInputFiles(path);
    await new FormPage(phone.page).ready();
    await slow(phone, throttle);
    const { painted, busy, longest } = await taps(TAPPED[name]);
    figures.to_paint[x][name] = spread(painted);
    figures.busy[x][name] = spread(busy);
    figures.longest_task[x][name] = spread(longest);
    await phone.close();
  }
}
await server.stop();
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(figures, null, 2));

async function taps(tapped) {
  const [painted, busy, longest] = [[], [], []];
  for (let count = 0; count < TAPS; count += 1) {
    const frames = (frames) => phone.page.evaluate(async (frames) => {
      for (let frame = 0; frame < frames; frame += 1) await new Promise(requestAnimationFrame);
    }, frames);
    const element = await phone.page.evaluateHandle(tapped, count);
    await element.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await frames(5);
    const tap = await worked(phone, () => element.evaluate(async (element) => {
      const tapped = performance.now();
      element.click();
      // The message after a frame's callbacks comes when that frame was painted.
      await new Promise((resolve) => requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = resolve;
        port2.postMessage(0);
      }));
      return performance.now() - tapped;
    }));
    painted.push(tap.result);
    busy.push(tap.busy);
    longest.push(tap.longest);
  }
  return { painted, busy, longest };
}
