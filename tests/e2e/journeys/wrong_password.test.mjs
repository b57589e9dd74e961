// Signing in that fails, and a session that the server ended: the same words for every wrong sign-in, and no work lost.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { PASSWORD } from '../harness/server.mjs';
import { Desk } from '../harness/desk.mjs';
import { Stage } from '../harness/stage.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';

const stage = new Stage();
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone);
});

async function tryIn(name, password) {
  const { page } = phone;
  await app.open('/');
  await page.locator('input[name="name"]').fill(name);
  await page.locator('input[type="password"]').fill(password);
  await page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
  const banner = page.locator('.sign-in-form .banner');
  await banner.waitFor();
  return banner.innerText();
}

test('a wrong password and an unknown name get the same words', async () => {
  const wrong = await tryIn('canbo.longkhanh', 'khong-phai');
  assert.match(wrong, /Tên hoặc mật khẩu không đúng/);
  assert.equal(await tryIn('khong.co.ai', PASSWORD), wrong);
});

test('a password may be pasted, and its manager finds the fields', async () => {
  await app.open('/');
  for (const [selector, what] of [['input[name="name"]', 'username'], ['input[type="password"]', 'current-password']]) {
    const field = phone.page.locator(selector);
    assert.equal(await field.getAttribute('autocomplete'), what);
    const passed = await field.evaluate((element) => [
      new ClipboardEvent('paste', { bubbles: true, cancelable: true }),
      new KeyboardEvent('keydown', { key: 'v', ctrlKey: true, bubbles: true, cancelable: true }),
    ].map((event) => element.dispatchEvent(event)));
    assert.deepEqual(passed, [true, true], 'nobody stops it');
  }
});

const signedOut = () => phone.page.locator('.standing-line').filter({ hasText: 'Cần đăng nhập lại để gửi' });

test('nothing entered is asked for without asking the server', async () => {
  assert.match(await tryIn('', ''), /Nhập tên đăng nhập và mật khẩu/);
});

test('the server ends the session while a form is filled: the app asks to sign in, and filling goes on', async () => {
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  const form = await app.begin(FORM);
  const [id] = (await server.command('session', 'list')).match(/^\s*\d+/m);
  await server.command('session', 'revoke', id.trim());
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.saved();
  const { page } = phone;
  // It is sent by itself, which tells the phone.
  await signedOut().waitFor();
  // The line above tells it: no room is taken from the questions.
  assert.equal(await page.locator('.entry-main .banner').count(), 0);
  assert.ok((await page.locator('.form-scroll').boundingBox()).height >= 340);
  await form.type('kien_nghi', 'Bố trí kinh phí');
  await form.saved();
  await phone.screenshot('session-ended');
});

test('a cold start shows the work, not a sign-in', async () => {
  await phone.close();
  await phone.start();
  await app.open('/');
  const form = await new FormPage(phone.page).ready();
  assert.equal(await form.question('kien_nghi').locator('input, textarea').first().inputValue(), 'Bố trí kinh phí');
});

test('another person gets a store of their own: the unsent work stays, and they see nothing of it', async () => {
  const { page } = phone;
  await signedOut().click();
  await page.getByRole('button', { name: 'Đăng nhập lại', exact: true }).click();
  await page.locator('input[name="name"]').fill('canbo2.longkhanh');
  await page.locator('input[type="password"]').fill(PASSWORD);
  await page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
  await page.locator('.sign-in').waitFor({ state: 'detached' });
  await page.getByRole('navigation').first().waitFor();
  await app.open('/more');
  await page.getByText('Trần Văn Minh').first().waitFor();
  await app.allSent();
  await app.open('/records');
  await page.getByRole('navigation').first().waitFor();
  assert.equal(await page.locator('main .record-row').count(), 0);
  assert.ok(!(await page.content()).includes('Bố trí kinh phí'));
});

test('the first person is chosen by their name, without a network, and finds their work', async () => {
  const { page } = phone;
  await server.stop();
  await app.open('/more');
  await page.getByRole('button', { name: 'Đổi người dùng' }).click();
  await page.locator('.people-here .list-row').filter({ hasText: 'Nguyễn Thị Hoa' }).click();
  await page.locator('[data-unsent="1"]').first().waitFor({ state: 'attached' });
  await server.start();
});

test('what is theirs goes out in their name only: they sign in again, and the app is theirs as before', async () => {
  const { page } = phone;
  await app.open('/records');
  await page.getByText('Phiên đăng nhập đã hết. Bạn vẫn làm việc được; đăng nhập lại để gửi.').waitFor();
  await page.getByRole('link', { name: 'Đăng nhập lại' }).click();
  await page.locator('input[name="name"]').fill('canbo.longkhanh');
  await page.locator('input[type="password"]').fill(PASSWORD);
  await page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
  await page.locator('.record-row').first().waitFor();
  assert.equal(new URL(page.url()).pathname, '/records', 'where they were');
  await app.allSent();
});

test('what was filled meanwhile is among the records, once', async () => {
  const rows = await (await Desk.signIn(server)).rows(FORM);
  assert.deepEqual(rows.map((row) => row['Kiến nghị, đề xuất']), ['Bố trí kinh phí']);
});
