// A form that lacks something at its end: a row that nobody wants filled is one thing to settle, a gap says at once what is wrong, and
// whoever was sent or comes back to a question stands at it.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';

const stage = new Stage();
const officer = stage.device('officer');
let phone;
let form;

before(async () => {
  await stage.serve();
  phone = await stage.start(officer, 'canbo.longkhanh');
});

test('an empty row is one thing to settle at the end of the form, removed there and brought back', async () => {
  const { page } = officer;
  form = await phone.begin('lk_kt_phuong_xa');
  await form.goTo('Phát hiện');
  await page.getByRole('button', { name: 'Nếu không có, bỏ mục này' }).waitFor();
  await officer.screenshot('row-of-none');
  await form.goTo('Xem lại');
  const blank = page.locator('.review-list > li').filter({ hasText: 'Phát hiện và yêu cầu khắc phục · 1' });
  const told = async () => Number((await page.locator('.review .banner').innerText()).match(/\d+/)[0]);
  assert.equal(await blank.count(), 1);
  const before = await told();
  await blank.scrollIntoViewIfNeeded();
  await officer.screenshot('review-empty-row');
  assert.deepEqual(await faults(officer, 'review with an empty row'), []);
  await blank.getByRole('button', { name: 'Bỏ mục trống này' }).press('Enter');
  await blank.waitFor({ state: 'detached' });
  await until('the focus that went with it is on what is next', () =>
    page.evaluate(() => document.activeElement.matches('.form-foot .button-primary')));
  assert.equal(await told(), before - 1);
  await page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await blank.waitFor();
  await blank.locator('.review-item').click();
  await form.type('ph_mo_ta', 'Chưa có kế hoạch năm');
  await form.goTo('Xem lại');
  // Somebody began it: what is missing in it is told one by one, and nothing offers to remove it.
  await until('its questions are told', async () => (await blank.count()) > 1);
  assert.equal(await blank.getByRole('button', { name: 'Bỏ mục trống này' }).count(), 0);
});

test('a gap that the end of the form leads to says at once what is wrong, and one press leads back', async () => {
  const { page } = officer;
  const gap = page.locator('.review-item').filter({ hasText: 'Mức độ' });
  assert.equal(await page.locator('.review').getByText('Vui lòng nhập nội dung này.').count(), 0, 'the heading says it of all');
  await gap.click();
  await form.question('ph_muc_do').locator('.question-problem').getByText('Vui lòng nhập nội dung này.').waitFor();
  await form.choose('ph_muc_do', 'trung_binh', 'Trung bình');
  await officer.screenshot('sent-by-review');
  await form.backToReview();
  await gap.waitFor({ state: 'detached' });
  // Whoever goes elsewhere goes on from there.
  await page.locator('.review-item').first().click();
  await form.goTo('B. Thông tin');
  await page.locator('.form-foot').getByRole('button', { name: 'Tiếp', exact: true }).waitFor();
});

test('whoever comes back to a question stands on the answer that was picked', async () => {
  await form.goTo('A. Chỉ đạo');
  await form.choose('a3', 'khong_ap_dung', 'Không áp dụng');
  await form.saved();
  await officer.kill();
  await officer.start();
  await phone.open('/');
  form = await phone.backInForm();
  await until('the focus is on the answer', () =>
    officer.page.evaluate(() => document.activeElement?.matches('input[type="radio"]:checked') ?? false));
});

test('the whole form as one page tells how much it lacks, and keeps the question that one is at', async () => {
  const { page } = officer;
  const isAt = (name) => page.evaluate((name) => Boolean(document.activeElement?.closest(`[data-q="${name}"]`)), name);
  await form.goTo('Tất cả trên một trang');
  await until('the question is there', () => isAt('a3'));
  await page.locator('.page-button').click();
  await page.locator('.page-link').first().getByText(/^Còn \d+ câu$/).waitFor();
  await page.locator('.page-link').filter({ hasText: 'Từng trang một' }).click();
  await until('the question is there again', () => isAt('a3'));
});
