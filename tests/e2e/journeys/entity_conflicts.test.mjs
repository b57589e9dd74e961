// Two phones without a network change the same household: both changes are in the list, and the coordinator looks at how they
// met and settles it at the desk.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { workbook } from '../harness/workbook.mjs';
import { App } from '../pages/app.mjs';

const REGISTER = {
  survey: [
    ['type', 'name', 'label', 'save_to', 'appearance'],
    ['begin_group', 'ho', 'Hộ dân', '', 'field-list'],
    ['text', 'ten', 'Chủ hộ', 'chu_ho', ''],
    ['text', 'xa', 'Xã', 'xa', ''],
    ['end_group', '', '', '', ''],
  ],
  entities: [['list_name', 'label'], ['ho_dan', 'concat("Hộ ", ${ten})']],
  settings: [['form_id', 'form_title', 'version'], ['lk_dang_ky', 'Đăng ký hộ', '1']],
};
const CHANGE = {
  survey: [
    ['type', 'name', 'label', 'save_to', 'appearance'],
    ['begin_group', 'sua', 'Sửa hộ', '', 'field-list'],
    ['select_one_from_file ho_dan.csv', 'ho', 'Hộ nào', '', ''],
    ['text', 'xa', 'Xã', 'xa', ''],
    ['end_group', '', '', '', ''],
  ],
  entities: [['list_name', 'entity_id'], ['ho_dan', '${ho}']],
  settings: [['form_id', 'form_title', 'version'], ['lk_sua_ho', 'Sửa hộ', '1']],
};

const stage = new Stage();
const { folder } = stage;
const phones = [stage.device('hoa'), stage.device('minh')];
const coordinator = stage.device('coordinator', DESK);
let server;
let apps;

before(async () => {
  const pack = join(folder, 'pack');
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  for (const [file, id, title, sheets] of [['dang_ky', 'lk_dang_ky', 'Đăng ký hộ', REGISTER], ['sua_ho', 'lk_sua_ho', 'Sửa hộ', CHANGE]]) {
    workbook(join(pack, 'forms', `${file}.xlsx`), sheets);
    appendFileSync(join(pack, 'tables/forms.csv'), `${file},${id},1,${title},${title},inspection,Cán bộ,,,,2,,0,0\n`);
  }
  server = await stage.serve(pack);
  apps = phones.map((phone) => new App(phone, server));
  for (const [at, account] of ['canbo.longkhanh', 'canbo2.longkhanh'].entries()) {
    await phones[at].start();
    await apps[at].signIn(account);
    await apps[at].readyForOffline();
  }
});

async function submit(phone, form) {
  await form.next();
  await phone.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await phone.page.waitForURL(/\/records\/[^/]+$/);
}

const optionOf = (form, label) =>
  form.question('ho').locator('label.choice').filter({ hasText: label }).locator('input').getAttribute('value');

test('two phones without a network change the same household', async () => {
  const made = await apps[0].begin('lk_dang_ky');
  await made.type('ten', 'Lan');
  await made.type('xa', 'Bảo Quang');
  await submit(phones[0], made);
  await apps[0].allSent();
  await apps[1].open('/records');
  await phones[1].page.locator('.record-row').first().waitFor();
  // The list comes right behind the record, and a form that is open keeps the list it was opened with.
  await until('the list has come', async () => {
    const offered = await apps[1].begin('lk_sua_ho');
    const household = offered.question('ho').locator('label.choice');
    return household.first().waitFor({ timeout: 2_000 }).then(() => true, () => false);
  });
  for (const phone of phones) await phone.context.setOffline(true);
  for (const [at, town] of [[0, 'Xuân Lập'], [1, 'Bàu Sen']]) {
    const form = await apps[at].begin('lk_sua_ho');
    await form.choose('ho', await optionOf(form, 'Hộ Lan'), 'Hộ Lan');
    await form.type('xa', town);
    await submit(phones[at], form);
  }
  for (const [at, phone] of phones.entries()) {
    await phone.context.setOffline(false);
    await apps[at].open('/');
    await apps[at].allSent();
  }
});

test('the coordinator sees the count, each version with its author, and settles it', async () => {
  await coordinator.start();
  await new App(coordinator, server).signIn('dieuphoi');
  const { page } = coordinator;
  const tab = page.locator('.desk-tab', { hasText: 'Xử lý' });
  await tab.locator('.tab-count').getByText('1').waitFor();
  await tab.click();
  const card = page.locator('[data-entity]');
  await card.getByRole('heading', { name: 'Hộ Lan' }).waitFor();
  await card.getByText('Cùng một chi tiết được sửa hai lần').waitFor();
  const versions = card.locator('.entity-versions > li');
  assert.equal(await versions.count(), 3);
  const told = await versions.allInnerTexts();
  assert.match(told[2], /Bản 3, sửa từ bản 1/, told.join('\n'));
  assert.deepEqual([told[1], told[2]].map((text) => text.match(/Xuân Lập|Bàu Sen/)[0]).sort(), ['Bàu Sen', 'Xuân Lập']);
  // By the words of the form's question, not by the name of the property.
  await card.locator('dt').getByText('Chủ hộ', { exact: true }).first().waitFor();
  await coordinator.screenshot('entity-conflict');
  assert.deepEqual(await faults(coordinator, 'entity conflict'), []);
  await page.setViewportSize(PHONE);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.width);
  await coordinator.screenshot('entity-conflict-phone');
  await page.setViewportSize(DESK);
  await card.getByRole('button', { name: 'Đã xem, giữ như hiện tại' }).click();
  await page.getByText('Đã xác nhận').waitFor();
  await until('nothing is left', async () => (await card.count()) === 0);
  await page.getByText('Không có việc nào chờ xử lý.').waitFor();
  assert.equal(await tab.locator('.tab-count').count(), 0);
});

test('a change of what is not in the list is told at the desk, with its record', async () => {
  const [phone] = phones;
  const list = '**/api/v1/entities/ho_dan/waiting';
  const { page } = coordinator;
  await apps[0].open('/records');
  await phone.page.locator('.record-row').first().waitFor();
  const record = (await phone.page.locator('.record-row').first().getAttribute('href')).match(/[0-9a-f-]{32,36}/)[0];
  // The record that registers it is still on a phone that has no line: as the server tells it then.
  await page.route(/\/api\/v1\/entities$/, (route) => route.fulfill({ json: [{ dataset: 'ho_dan', entities: 1, conflicts: 0, waiting: 1 }] }));
  await page.route(list, (route) =>
    route.fulfill({ json: [{ id: 'khac', record, title: 'Hộ Mai', form: 'lk_sua_ho', unit: '', author: 'canbo.longkhanh' }] }));
  await page.reload();
  const card = page.locator('[data-waits]');
  await card.getByRole('heading', { name: 'Sửa hộ · Hộ Mai' }).waitFor();
  assert.equal(await page.getByText('Không có việc nào chờ xử lý.').count(), 0);
  assert.deepEqual(await faults(coordinator, 'a change that waits'), []);
  await card.getByRole('link', { name: 'Xem hồ sơ' }).click();
  await page.waitForURL(/\/records\/[^/]+$/);
});
