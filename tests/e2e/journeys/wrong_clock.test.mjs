// A phone whose clock is days behind: its person is told, the desk reads when it was done by the server's clock, and once the clock is
// right nobody is told anything.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { DESK } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';
const DAY_MS = 24 * 3600 * 1000;
const WRONG = 'Đồng hồ của máy chậm 3 ngày so với máy chủ';

const stage = new Stage();
const phone = stage.device('clock-phone');
const desk = stage.device('clock-desk', DESK);
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone, 'canbo.longkhanh');
});

test('after it has talked with the server Today and the form say that the clock is wrong', async () => {
  const { page } = phone;
  assert.equal(await page.getByText(WRONG).count(), 0);
  await page.clock.install({ time: Date.now() - 3 * DAY_MS - 60_000 });
  const form = await app.begin(FORM);
  await form.type('tom_tat', 'Ghi khi đồng hồ sai');
  await form.saved();
  await page.locator('.form-head button').first().click();
  await app.allSent();
  await app.open('/');
  await page.locator('.today').getByText(WRONG).waitFor();
  assert.deepEqual(await faults(phone, 'a wrong clock'), []);
  await phone.screenshot('wrong-clock');
  await page.locator('.today .record-row').filter({ hasText: 'Ghi khi đồng hồ sai' }).first().click();
  await page.locator('.entry-main').getByText(WRONG).waitFor();
  const again = await new FormPage(page).ready();
  await again.type('tom_tat', 'Ghi thêm khi đồng hồ sai');
  await again.saved();
  await page.locator('.form-head button').first().click();
  await app.allSent();
});

test('the history tells by the server’s clock when it was done', async () => {
  await desk.start();
  const { page } = desk;
  const at = new App(desk, server);
  await at.signIn('dieuphoi');
  await at.open('/records');
  await page.locator('.record-row').filter({ hasText: 'Ghi thêm khi đồng hồ sai' }).click();
  await page.getByRole('button', { name: 'Xem lịch sử' }).click();
  const act = page.locator('.history-list > li').filter({ hasText: WRONG });
  await act.first().waitFor();
  assert.match(await act.first().innerText(), /(^|\s)\d\d:\d\d · máy chủ nhận (\S+ ){0,2}\d\d:\d\d · /m);
});

test('once the clock is right nobody is told', async () => {
  const { page } = phone;
  await page.clock.setSystemTime(Date.now());
  await app.open('/');
  await page.locator('.standing-line').click();
  await page.getByRole('button', { name: 'Gửi ngay' }).click();
  await app.allSent();
  await until('it is gone', async () => (await page.getByText(WRONG).count()) === 0);
});
