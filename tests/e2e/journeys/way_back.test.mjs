// The browser's own Back inside a form: it leads to the page before, and only from the first page out.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { workbook } from '../harness/workbook.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';
const SHORT = {
  survey: [
    ['type', 'name', 'label', 'appearance'],
    ['begin_group', 'dau', 'Phần đầu', 'field-list'],
    ['text', 'ten', 'Tên', ''],
    ['end_group', '', '', ''],
    ['begin_group', 'cuoi', 'Phần cuối', 'field-list'],
    ['text', 'ghi', 'Ghi chú', ''],
    ['end_group', '', '', ''],
  ],
  settings: [['form_id', 'form_title', 'version'], ['lk_ngan', 'Phiếu ngắn', '1']],
};

const stage = new Stage();
const phone = stage.device('officer');
const headings = [];
let app;
let form;

before(async () => {
  const pack = join(stage.folder, 'pack');
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  workbook(join(pack, 'forms/ngan.xlsx'), SHORT);
  appendFileSync(join(pack, 'tables/forms.csv'), 'ngan,lk_ngan,1,Phiếu ngắn,Phiếu ngắn,inspection,Cán bộ,,,,2,,0,0\n');
  await stage.serve(pack);
  app = await stage.start(phone, 'canbo.longkhanh');
});

const pathname = () => new URL(phone.page.url()).pathname;

/** The browser goes where the form tells it to in its own time. */
const atStep = (step) => until(`the browser is at step ${step}`, () =>
  phone.page.evaluate((step) => (history.state ?? 0) === step, step));

async function goBackTo(heading) {
  await phone.page.goBack();
  await until(`Back leads to ${heading}`, async () => (await form.heading()) === heading);
}

test('Back leads from page to page, and from the first one out', async () => {
  const { page } = phone;
  await app.open('/fill');
  await page.locator(`[data-form="${FORM}"]`).first().click();
  form = await new FormPage(page).ready();
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.saved();
  headings.push(await form.heading());
  for (let at = 0; at < 2; at += 1) {
    await form.next();
    headings.push(await form.heading());
  }
  const record = pathname();
  await goBackTo(headings[1]);
  await goBackTo(headings[0]);
  assert.equal(pathname(), record);
  await page.goBack();
  await page.locator('[data-form-ready]').waitFor({ state: 'detached' });
  assert.equal(pathname(), '/fill');
  await page.goForward();
  await form.ready();
  assert.equal(await form.question('nguoi_lap').locator('input').inputValue(), 'Nguyễn Thị Hoa');
});

test('a page that was chosen from the list, and the review, have the page before behind them', async () => {
  await form.goTo('C. Kinh tế');
  await until('the page shows', async () => (await form.heading()).startsWith('C. '));
  await phone.page.goBack();
  await until('Back leads to the page before', async () => (await form.heading()).startsWith('B. '));
  await form.goTo('Xem lại');
  await phone.page.locator('.review-item').first().waitFor();
  await phone.page.goBack();
  await until('Back leads out of the review', async () => (await form.heading()).startsWith('B. '));
  // The form's own button goes the same way; the browser's Back has what it left.
  await phone.page.locator('.form-foot').getByRole('button', { name: 'Trước' }).click();
  await until('the button leads to the page before', async () => (await form.heading()) === headings[1]);
  await atStep(1);
  await goBackTo(headings[0]);
});

test('from what the review led to, Back leads to the review', async () => {
  await form.goTo('Xem lại');
  const item = phone.page.locator('.review-item').first();
  await item.click();
  await phone.page.locator('.question-problem').filter({ visible: true }).first().waitFor();
  await phone.page.goBack();
  await item.waitFor();
  await form.goTo(headings[0]);
  await until('the first page shows', async () => (await form.heading()) === headings[0]);
  await atStep(0);
});

test('Back by several steps from what the review led to goes on from the review', async () => {
  await form.goTo('C. Kinh tế');
  await until('the page shows', async () => (await form.heading()).startsWith('C. '));
  await form.goTo('Xem lại');
  const item = phone.page.locator('.review-item').first();
  await item.click();
  await phone.page.locator('.question-problem').filter({ visible: true }).first().waitFor();
  const gap = headings.indexOf(await form.heading());
  assert.ok(gap >= 0, 'what lacks is on one of the first pages');
  const before = Math.max(gap - 1, 0);
  // As by a long press on the browser's Back: to the review, to the page that was left for it, and to the one before.
  await phone.page.evaluate(() => history.go(-3));
  await atStep(before);
  await until('the page before shows', async () => (await form.heading()) === headings[before]);
  assert.equal(await item.count(), 0);
  await form.goTo(headings[0]);
  await until('the first page shows', async () => (await form.heading()) === headings[0]);
  await atStep(0);
});

test('after a kill Back leads through the form as before', async () => {
  await form.next();
  await form.next();
  await form.choose('b1', 'dat', 'Đạt');
  await form.saved();
  await phone.kill();
  await phone.start();
  await app.open('/');
  form = await app.backInForm();
  assert.equal(await form.heading(), headings[2]);
  await atStep(2);
  await goBackTo(headings[1]);
  await goBackTo(headings[0]);
});

test('the form is left in one press from any page, and nothing leads back into the midst of what was left behind', async () => {
  const { page } = phone;
  await form.next();
  await form.next();
  const steps = await page.evaluate(() => history.length);
  await page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  await page.locator('.today').waitFor();
  // Two steps of the form went, one to Today came.
  assert.equal(await page.evaluate(() => history.length), steps - 1);
  await page.goBack();
  form = await new FormPage(page).ready();
  await until('the form stands where it was left', async () => (await form.heading()) === headings[2]);
  await atStep(2);
  await goBackTo(headings[1]);
});

test('a sheet that is open is closed by Back, and the page stays', async () => {
  const { page } = phone;
  await atStep(1);
  await page.locator('.page-button').click();
  const sheet = page.getByRole('dialog').filter({ visible: true });
  await sheet.waitFor();
  // As a browser does that does not close sheets by itself.
  await page.evaluate(() => history.back());
  await until('the sheet is closed', async () => (await sheet.count()) === 0);
  await atStep(1);
  assert.equal(await form.heading(), headings[1]);
});

test('a new form that nobody answered yet has its own steps behind it after a reload, and before them what was there', async () => {
  const { page } = phone;
  await app.open('/fill');
  await page.locator('[data-form="lk_ngan"]').first().click();
  form = await new FormPage(page).ready();
  const first = await form.heading();
  await form.next();
  await until('the second page shows', async () => (await form.heading()) !== first);
  await atStep(1);
  await page.reload();
  form = await new FormPage(page).ready();
  if ((await form.heading()) !== first) await goBackTo(first);
  await page.goBack();
  await page.locator('[data-form-ready]').waitFor({ state: 'detached' });
  assert.equal(pathname(), '/fill', 'no other form is begun');
});

test('behind a record that was submitted is what was before its form', async () => {
  const { page } = phone;
  await app.open('/fill');
  await page.locator('[data-form="lk_ngan"]').first().click();
  form = await new FormPage(page).ready();
  await form.type('ten', 'Lê Văn Mới');
  await form.next();
  await form.type('ghi', 'Không');
  await form.next();
  await page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await page.waitForURL(/\/records\/[^/]+$/);
  await page.goBack();
  await until('Back leads to the forms', () => pathname() === '/fill');
});
