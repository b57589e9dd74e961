// Two officers count different parts of one record, out of each other's sight: each phone works out a total without the other's part.
// Nobody is asked which total is right. The coordinator has it worked out again; so does whoever submits the form again.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { Desk } from '../harness/desk.mjs';
import { DESK } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { workbook } from '../harness/workbook.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_tong';
const SHEETS = {
  survey: [
    ['type', 'name', 'label', 'appearance', 'readonly', 'calculation'],
    ['begin_group', 'dem', 'Đếm', 'field-list', '', ''],
    ['text', 'ap', 'Ấp', '', '', ''],
    ['integer', 'nam', 'Số nam', '', '', ''],
    ['integer', 'nu', 'Số nữ', '', '', ''],
    ['integer', 'tong', 'Tổng số', '', 'yes', 'coalesce(${nam}, 0) + coalesce(${nu}, 0)'],
    ['end_group', '', '', '', '', ''],
  ],
  settings: [['form_id', 'form_title', 'version'], [FORM, 'Đếm người', '1']],
};

const stage = new Stage();
const [hoa, minh, lan] = [stage.device('hoa'), stage.device('minh'), stage.device('lan', DESK)];
const apps = {};
let server;

before(async () => {
  const pack = join(stage.folder, 'pack');
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  workbook(join(pack, 'forms/tong.xlsx'), SHEETS);
  appendFileSync(join(pack, 'tables/forms.csv'), `tong,${FORM},1,Đếm người,Đếm người,inspection,Cán bộ,,,,2,,0,0\n`);
  server = await stage.serve(pack);
  for (const [device, name] of [[hoa, 'canbo.longkhanh'], [minh, 'canbo2.longkhanh'], [lan, 'dieuphoi']]) {
    await device.start();
    apps[device.name] = new App(device, server);
    await apps[device.name].signIn(name);
    await apps[device.name].readyForOffline();
  }
});

const shows = (device, record) => apps[device.name].open(`/records/${record}`);

async function send(device) {
  await apps[device.name].open('/');
  await device.page.locator('.standing-line').click();
  await device.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await apps[device.name].allSent();
}

async function count(device, record, question, number) {
  await apps[device.name].open(`/records/${record}/edit`);
  const form = await new FormPage(device.page).ready();
  await form.type(question, number);
  await form.saved();
  await device.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
}

/** A record in which two totals met. */
async function met(hamlet) {
  const form = await apps.hoa.begin(FORM);
  await form.type('ap', hamlet);
  await form.saved();
  const [, record] = hoa.page.url().match(/records\/([0-9a-f-]+)\/edit/);
  await send(hoa);
  await shows(minh, record);
  await minh.page.getByText(hamlet).first().waitFor();
  await server.stop();
  await count(hoa, record, 'nam', '80');
  await count(minh, record, 'nu', '70');
  await server.start();
  await send(hoa);
  await send(minh);
  await shows(lan, record);
  await lan.page.getByText('Hai máy tính ra kết quả khác nhau.').waitFor();
  return record;
}

async function total(hamlet) {
  const rows = await (await Desk.signIn(server)).rows(FORM);
  const row = rows.find((row) => Object.values(row).includes(hamlet));
  return Number(Object.entries(row).find(([label]) => label.includes('Tổng số'))[1]);
}

test('totals that met are worked out again where the coordinator presses', async () => {
  await met('Ấp Một');
  assert.equal(await lan.page.locator('[data-conflict]').count(), 0, 'nothing to choose');
  assert.deepEqual(await faults(lan, 'two results'), []);
  await lan.screenshot('two-results');
  await lan.page.getByRole('button', { name: 'Tính lại từ các câu trả lời' }).click();
  await lan.page.getByText('Đã tính lại.').waitFor();
  await lan.page.locator('.conflicts').waitFor({ state: 'detached' });
  await apps.lan.allSent();
  await until('the total is that of both', async () => (await total('Ấp Một')) === 150);
});

test('an officer who submits the form again settles them too, with nothing to press', async () => {
  const record = await met('Ấp Hai');
  await send(hoa);
  await shows(hoa, record);
  await hoa.page.locator('.conflicts').waitFor();
  assert.equal(await hoa.page.locator('.conflicts').getByRole('button').count(), 0);
  await apps.hoa.open(`/records/${record}/edit`);
  const form = await new FormPage(hoa.page).ready();
  await form.next();
  await hoa.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await hoa.page.waitForURL(/\/records\/[^/]+$/);
  await apps.hoa.allSent();
  await until('the total is that of both', async () => (await total('Ấp Hai')) === 150);
  await shows(hoa, record);
  await hoa.page.locator('.record-head').waitFor();
  await hoa.page.locator('.conflicts').waitFor({ state: 'detached' });
});
