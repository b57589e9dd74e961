// A PIN: what is on the phone opens with it alone, at the very question; wrong ones wait; nobody's work shows to anybody else.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PASSWORD } from '../harness/server.mjs';
import { faults } from '../harness/axe.mjs';
import { Desk } from '../harness/desk.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { readable } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';
const PIN = '274913';
const NEW_PIN = '860417';
const NAME = 'Nguyễn Thị Hoa';
const ANSWER = 'Lập bởi Đặng Hường';

const stage = new Stage();
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone, 'canbo.longkhanh');
  await app.allSent();
});

/** Presses the pad's keys, as a thumb does. */
async function press(pin) {
  for (const digit of pin) await phone.page.locator(`[data-digit="${digit}"]`).click();
}

const pad = () => phone.page.locator('.pin-pad');
const said = (text) => phone.page.locator('.banner').filter({ hasText: text }).waitFor();
const answer = (form, name) => form.question(name).locator('input, textarea').first().inputValue();

/** The question that has the focus, by its name. */
function focused() {
  return phone.page.evaluate(() => document.activeElement?.closest('[data-q]')?.dataset.q);
}

async function killAndOpen(path = '/') {
  await phone.kill();
  await phone.start();
  await app.open(path);
}

/** Nothing of the person's work is on the page. */
async function nothingShows() {
  const text = await phone.page.content();
  for (const secret of [ANSWER, FORM]) assert.ok(!text.includes(secret), secret);
  assert.equal(await phone.page.locator('[data-q], .record-row').count(), 0);
}

test('a PIN is offered on Today, a press away from the pad; put away, it is offered no more', async () => {
  const { page } = phone;
  const offer = page.locator('[data-pin-offer]');
  await app.open('/');
  await offer.waitFor();
  assert.deepEqual(await faults(phone, 'pin-offer'), []);
  await phone.screenshot('pin-offer');
  await offer.getByRole('button', { name: 'Đặt mã PIN' }).click();
  await pad().waitFor();
  await page.getByRole('dialog').filter({ visible: true }).getByRole('button', { name: 'Đóng' }).click();
  await offer.getByRole('button', { name: 'Để sau' }).click();
  await offer.waitFor({ state: 'detached' });
  await app.open('/');
  await page.locator('[data-forms-held]').waitFor();
  assert.equal(await offer.count(), 0);
});

test('without a PIN the phone says so; one that anybody guesses is not taken', async () => {
  const { page } = phone;
  await app.open('/more');
  await page.getByText('Chưa đặt mã PIN').waitFor();
  await page.getByRole('button', { name: 'Đặt mã PIN' }).click();
  await press('123456');
  await said('quá dễ đoán');
  await press(PIN);
  await page.getByText('Nhập lại mã PIN mới').waitFor();
  await press(NEW_PIN);
  await said('không giống nhau');
  assert.deepEqual(await faults(phone, 'pin-settings'), []);
});

test('a PIN is set by keys alone', async () => {
  const { page } = phone;
  for (const _ of [1, 2]) {
    await until('the pad has the focus', () => page.evaluate(() => document.activeElement?.id === 'pin'));
    await page.keyboard.type(PIN);
  }
  await page.getByText('chỉ mở được bằng mã PIN').waitFor();
  await until('the pad is gone, and the page has the focus', () => page.evaluate(() => document.activeElement?.id === 'content'));
  await phone.screenshot('pin-set');
});

test('killed while a form is filled without a network: a cold start shows the lock, and nothing of the work', async () => {
  await server.stop();
  await app.open(`/fill/${FORM}`);
  await press(PIN);
  const form = await new FormPage(phone.page).ready();
  await form.type('nguoi_lap', ANSWER);
  await form.saved();
  await killAndOpen();
  await pad().waitFor();
  assert.equal(await phone.page.locator('h1').innerText(), NAME);
  await nothingShows();
  assert.deepEqual(await faults(phone, 'lock'), []);
  await phone.screenshot('lock');
});

test('nothing of the work or of the person can be read on the disk', async () => {
  const { found, size } = await readable(phone.page, [ANSWER, NAME, 'canbo.longkhanh', 'dn_p_long_khanh', FORM, PIN]);
  assert.ok(size > 100_000, `${size} bytes were looked through`);
  assert.deepEqual(found, []);
});

test('nor does the server give it to whoever types its addresses on the locked phone', async () => {
  await server.start();
  const page = await phone.context.newPage();
  for (const path of ['pack', 'accounts', `records.xlsx?form=${FORM}`]) {
    const answer = await page.goto(`${server.url}/api/v1/${path}`);
    assert.equal(answer.status(), 401, path);
  }
  await page.close();
  await server.stop();
});

test('a wrong PIN does not open, the right one leads to the very question', async () => {
  await press(PIN.split('').reverse().join(''));
  await said('Mã PIN không đúng');
  await nothingShows();
  await press(PIN);
  const form = await new FormPage(phone.page).ready();
  assert.equal(await answer(form, 'nguoi_lap'), ANSWER);
  await until('the question has the focus', async () => (await focused()) === 'nguoi_lap');
});

test('three wrong PINs make the next one wait, and a new start does not shorten it', async () => {
  await killAndOpen();
  for (const wrong of ['111222', '333444', '555666']) {
    await pad().waitFor();
    await until('the pad takes keys', () => phone.page.locator('[data-digit="1"]').isEnabled());
    await press(wrong);
    await phone.page.locator('.banner').waitFor();
  }
  await said('Thử lại sau');
  const time = Date.now();
  assert.ok(await phone.page.locator('[data-digit="1"]').isDisabled());
  await phone.kill();
  await phone.start();
  // However long this machine took for that: the phone's clock goes on from there.
  await phone.page.clock.install({ time });
  await app.open('/');
  await said('Thử lại sau');
  assert.ok(await phone.page.locator('[data-digit="1"]').isDisabled());
  // The whole pad is in sight below what is said.
  const zero = await phone.page.locator('[data-digit="0"]').boundingBox();
  assert.ok(zero.y + zero.height <= phone.page.viewportSize().height, JSON.stringify(zero));
  // Whoever went elsewhere meanwhile stays there when it is over.
  await phone.page.getByRole('button', { name: 'Quên mã PIN?' }).focus();
  await phone.page.clock.fastForward(10_000);
  await until('the wait is over', () => phone.page.locator('[data-digit="1"]').isEnabled());
  assert.equal(await phone.page.evaluate(() => document.activeElement.innerText), 'Quên mã PIN?');
  await press('777888');
  await said('Thử lại sau');
  // The seconds run down in sight, and are told once.
  const banner = phone.page.locator('.banner');
  const seconds = await banner.innerText();
  await phone.page.evaluate(() => {
    window.told = [];
    const alert = document.querySelector('.unlock [role="alert"]');
    const tell = () => window.told.push(alert.textContent);
    new MutationObserver(tell).observe(alert, { subtree: true, childList: true, characterData: true });
  });
  await phone.page.clock.runFor(2_000);
  await until('they run down', async () => (await banner.innerText()) !== seconds);
  assert.deepEqual(await phone.page.evaluate(() => window.told), []);
  // Whoever has the phone sets its clock a day ahead: the wait is none the shorter.
  await phone.page.clock.setSystemTime(time + 24 * 3_600_000);
  await phone.page.clock.runFor(2_000);
  assert.ok(await phone.page.locator('[data-digit="1"]').isDisabled());
  await phone.page.clock.setSystemTime(time + 60_000);
  await phone.page.clock.fastForward(20_000);
  await until('the wait is over', () => phone.page.locator('[data-digit="1"]').isEnabled());
  await press(PIN);
  await new FormPage(phone.page).ready();
});

test('nobody touches the phone for the time that was chosen: it locks by itself, and what was typed is there after', async () => {
  const { page } = phone;
  const form = new FormPage(page);
  // Not left, so not saved by leaving: the lock itself stores it.
  await form.question('nguoi_lap').locator('input, textarea').first().fill(`${ANSWER} và tổ`);
  await page.clock.fastForward('04:30');
  assert.equal(await pad().count(), 0, 'not yet');
  await page.clock.fastForward('00:50');
  await pad().waitFor();
  await nothingShows();
  await press(PIN);
  assert.equal(await answer(await form.ready(), 'nguoi_lap'), `${ANSWER} và tổ`);
});

test('a touch puts it off', async () => {
  const { page } = phone;
  await page.clock.fastForward('04:30');
  await page.keyboard.press('Shift');
  await page.clock.fastForward('04:30');
  assert.equal(await pad().count(), 0);
  await page.clock.fastForward('00:50');
  await pad().waitFor();
  await press(PIN);
  await new FormPage(page).ready();
});

test('a PIN can be pasted, where its dots are', async () => {
  const { page } = phone;
  await page.clock.fastForward('05:20');
  await pad().waitFor();
  const [field, dots] = await Promise.all(['#pin', '.pin-dots'].map((part) => page.locator(part).boundingBox()));
  const covers = (from, length) => field[from] <= dots[from] && field[from] + field[length] >= dots[from] + dots[length];
  assert.ok(covers('x', 'width') && covers('y', 'height'), JSON.stringify([field, dots]));
  await page.locator('#pin').click();
  await page.keyboard.insertText(` ${PIN} `);
  await new FormPage(page).ready();
});

test('a photo that another app takes for longer than that is waited for, out of sight, and is there after', async () => {
  const { page } = phone;
  const form = await new FormPage(page).ready();
  await form.next();
  await form.choose('a1', 'chua_dat', 'Chưa đạt');
  const asked = page.waitForEvent('filechooser');
  await form.question('a1_anh').getByText('Thư viện').click();
  const gallery = await asked;
  await page.clock.fastForward('05:20');
  await page.locator('html[data-locking="on"]').waitFor({ state: 'attached' });
  assert.equal(await form.question('a1_anh').isVisible(), false);
  assert.equal(await pad().count(), 0, 'the page that the photo comes to is still there');
  await gallery.setFiles(picture(join(stage.folder, 'gallery.png'), 640, 480));
  await pad().waitFor();
  await nothingShows();
  await press(PIN);
  await form.ready();
  await form.question('a1_anh').locator('img').first().waitFor();
});

test('the clock is put back, and the app comes to the front: it locks all the same', async () => {
  const { page } = phone;
  const now = await page.evaluate(() => Date.now());
  await page.clock.setSystemTime(now - 10 * 60_000);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await pad().waitFor();
  await press(PIN);
  await new FormPage(page).ready();
});

test('locked on demand in one tab, the other one is locked too', async () => {
  const other = await phone.context.newPage();
  await other.goto(`${server.url}/records`);
  await other.locator('.pin-pad').waitFor();
  for (const digit of PIN) await other.locator(`[data-digit="${digit}"]`).click();
  await other.locator('.record-row').first().waitFor();
  await app.open('/more');
  await press(PIN);
  await phone.page.getByRole('button', { name: 'Khóa ngay' }).click();
  await pad().waitFor();
  await other.locator('.pin-pad').waitFor();
  assert.equal(await other.locator('.record-row').count(), 0);
  await other.close();
});

test('another PIN takes the place of the first', async () => {
  const { page } = phone;
  await press(PIN);
  await page.getByRole('button', { name: 'Đổi mã PIN' }).click();
  await press(PIN);
  for (const _ of [1, 2]) await press(NEW_PIN);
  await page.getByText('Đã đặt mã PIN').waitFor();
  await page.getByRole('button', { name: 'Khóa ngay' }).click();
  await pad().waitFor();
  await press(PIN);
  await said('Mã PIN không đúng');
  await press(NEW_PIN);
  await page.getByRole('button', { name: 'Khóa ngay' }).waitFor();
});

test('a second person on the same phone has a store of their own, and neither opens the other\'s', async () => {
  const { page } = phone;
  await server.start();
  await page.getByRole('button', { name: 'Khóa ngay' }).click();
  await pad().waitFor();
  await page.getByRole('button', { name: 'Người khác' }).click();
  await page.locator('.people-here .list-row').filter({ hasText: NAME }).waitFor();
  assert.deepEqual(await faults(phone, 'people-here'), []);
  await phone.screenshot('people-here');
  await app.enter('canbo2.longkhanh');
  await app.open('/records');
  await page.getByRole('navigation').first().waitFor();
  await app.allSent();
  await nothingShows();
  assert.deepEqual((await readable(page, [ANSWER, NAME, 'Trần Văn Minh'])).found, []);
});

test('the first person\'s work is sent by them, later', async () => {
  const { page } = phone;
  await app.open('/more');
  await page.getByRole('button', { name: 'Đổi người dùng' }).click();
  await page.locator('.people-here .list-row').filter({ hasText: NAME }).click();
  await press(NEW_PIN);
  await page.locator('[data-unsent]:not([data-unsent="0"])').first().waitFor({ state: 'attached' });
  await app.open('/sign-in');
  await page.locator('input[name="name"]').fill('canbo.longkhanh');
  await page.locator('input[type="password"]').fill(PASSWORD);
  await page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
  await press(NEW_PIN);
  await app.allSent();
});

test('the PIN is taken away, and the phone opens by itself again', async () => {
  const { page } = phone;
  await app.open('/more');
  await press(NEW_PIN);
  await page.getByRole('button', { name: 'Bỏ mã PIN' }).click();
  await press(NEW_PIN);
  await page.getByText('Chưa đặt mã PIN').waitFor();
  await killAndOpen('/more');
  await phone.page.getByText('Chưa đặt mã PIN').waitFor();
});

test('a tab that lists who uses the phone asks for a PIN that was set since in another one', async () => {
  const { page } = phone;
  const other = await phone.context.newPage();
  await other.goto(`${server.url}/more`);
  await other.getByRole('button', { name: 'Đổi người dùng' }).click();
  const listed = other.locator('.people-here .list-row').filter({ hasText: NAME });
  await listed.waitFor();
  await page.bringToFront();
  await page.getByRole('button', { name: 'Đặt mã PIN' }).click();
  for (const _ of [1, 2]) await press(PIN);
  await page.getByText('chỉ mở được bằng mã PIN').waitFor();
  await listed.click();
  await other.locator('.unlock .pin-pad').waitFor();
  await other.close();
});

test('a PIN that comes back to mind opens the notebook in use, which stays that when its person signs in again', async () => {
  const { page } = phone;
  await phone.context.clearCookies();
  // Nobody is in, since the other tab listed who uses the phone; and whoever comes in goes on in the form that they left.
  const itself = () => page.locator('.people-here .list-row').filter({ hasText: NAME });
  await app.open('/records');
  await itself().click();
  await pad().waitFor();
  await page.getByRole('button', { name: 'Quên mã PIN?' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Đăng nhập lại' }).click();
  await itself().click();
  await press(PIN);
  await new FormPage(page).ready();
  await page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  await page.getByRole('link', { name: 'Đăng nhập lại' }).first().click();
  await page.locator('input[name="name"]').fill('canbo.longkhanh');
  await page.locator('input[type="password"]').fill(PASSWORD);
  await page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
  await app.open('/more');
  await press(PIN);
  await page.getByRole('button', { name: 'Khóa ngay' }).click();
  await page.getByRole('button', { name: 'Người khác' }).click();
  await itself().waitFor();
  assert.equal(await page.locator('.people-here .list-row').filter({ hasText: 'dữ liệu cũ' }).count(), 0);
  await itself().click();
  await press(PIN);
  await page.getByRole('navigation').first().waitFor();
  await until('whoever was let in is on the page', () => page.evaluate(() => document.activeElement?.id === 'content'));
});

test('whoever forgot the PIN begins anew beside what it closes, and finds that again should it come back', async () => {
  const { page } = phone;
  await server.stop();
  await app.open('/fill/lk_kho_khan');
  await press(PIN);
  const form = await new FormPage(page).ready();
  await form.type('tom_tat', 'Chưa gửi khi quên mã PIN');
  await form.saved();
  await app.open('/more');
  await pad().waitFor();
  await server.start();
  await page.getByRole('button', { name: 'Quên mã PIN?' }).click();
  const sheet = page.locator('dialog[open]');
  await sheet.getByText('Đừng xóa dữ liệu trình duyệt').waitFor();
  assert.deepEqual(await faults(phone, 'forgot-pin'), []);
  await phone.screenshot('forgot-pin');
  await sheet.getByRole('button', { name: 'Đăng nhập lại' }).click();
  await app.enter('canbo.longkhanh');
  await app.open('/more');
  await page.getByText('Chưa đặt mã PIN').waitFor();
  const desk = await Desk.signIn(server);
  assert.equal((await desk.rows('lk_kho_khan')).length, 0, 'it is among the former data, closed');
  await page.getByRole('button', { name: 'Đổi người dùng' }).click();
  await page.locator('.people-here .list-row').filter({ hasText: 'dữ liệu cũ' }).click();
  await press(PIN);
  await until('it is at the server', async () => (await desk.rows('lk_kho_khan')).length === 1);
});
