// Too many wrong PINs, where the organisation wants the phone emptied then: what is unsent is at the server first, and whatever
// is in no copy keeps everything on the phone.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { Desk } from '../harness/desk.mjs';
import { picture } from '../harness/picture.mjs';
import { PASSWORD, speaker } from '../harness/server.mjs';
import { Stage } from '../harness/stage.mjs';
import { rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';
const TROUBLE = 'lk_kho_khan';
const PIN = '274913';
const WRONG = ['111222', '333444', '555666', '777888', '999000'];
const HOA = 'Nguyễn Thị Hoa';
const MINH = 'Trần Văn Minh';

const stage = new Stage();
const { folder } = stage;
const photo = picture(join(folder, 'photo.png'), 1600, 1200);
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  const pack = join(folder, 'pack');
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  appendFileSync(join(pack, 'pack.toml'), '\n[lock]\nwipe_after = 5\n');
  server = await stage.serve(pack);
  app = await stage.start(phone);
});

async function press(pin) {
  await until('the pad takes keys', () => phone.page.locator('[data-digit="1"]').isEnabled());
  for (const digit of pin) await phone.page.locator(`[data-digit="${digit}"]`).click();
}

const banner = (text) => phone.page.locator('.banner').filter({ hasText: text });

/** A cold start whose clock can be moved on, so that nobody waits for the waits. */
async function coldStart(path = '/') {
  await phone.kill();
  await phone.start();
  await phone.page.clock.install();
  await app.open(path);
}

/** So many wrong PINs, after others before them, each after the wait before it: the third is the first that is followed by one. */
async function wrongPins(pins, before = 0) {
  for (const [at, pin] of pins.entries()) {
    await press(pin);
    if (before + at + 1 < 3) {
      await banner('Mã PIN không đúng').waitFor();
    } else {
      await banner('Thử lại sau').waitFor();
      await phone.page.clock.fastForward('01:05:00');
    }
  }
}

/** The people's databases on the phone. */
function stores() {
  return phone.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).filter((name) => /^sotay\.[0-9a-f]{32}$/.test(name)));
}

async function lockNow() {
  await app.open('/more');
  await press(PIN);
  await phone.page.getByRole('button', { name: 'Khóa ngay' }).click();
  await phone.page.locator('.unlock .pin-pad').waitFor();
}

test('two people share the phone; the one who has a PIN and the one who has none both have unsent work', async () => {
  const { page } = phone;
  await app.signIn('canbo2.longkhanh');
  await app.readyForOffline();
  await server.stop();
  const form = await app.begin(TROUBLE);
  await form.type('tom_tat', 'Việc của Minh');
  await form.saved();
  await app.open('/more');
  await page.getByRole('button', { name: 'Đổi người dùng' }).click();
  await page.locator('.people-here .list-row').filter({ hasText: MINH }).waitFor();
  await server.start();
  await app.enter('canbo.longkhanh');
  await app.readyForOffline();
  await until('the phone has the key', async () => (await rowsOf(page, 'meta')).filter(([key]) => key === 'organisation').length === 2);
  await app.open('/more');
  await page.getByRole('button', { name: 'Đặt mã PIN' }).click();
  await press(PIN);
  await press(PIN);
  await page.getByText('chỉ mở được bằng mã PIN').waitFor();
  assert.equal((await stores()).length, 2);
  // The browser puts its cookies on the disk when it is closed: the copy is brought in this session.
  await phone.close();
  await phone.start();
});

test('killed with an answer that is in no copy: wrong PINs only wait, and the right one finds it', async () => {
  await server.stop();
  await app.open(`/fill/${FORM}`);
  await press(PIN);
  const form = await new FormPage(phone.page).ready();
  await form.type('nguoi_lap', HOA);
  await form.saved();
  await coldStart();
  await wrongPins(WRONG.slice(0, 2));
  await banner('Sai 3 lần nữa').waitFor();
  await phone.screenshot('wipe-tries-left');
  assert.deepEqual(await faults(phone, 'wipe-tries-left'), []);
  await wrongPins(WRONG.slice(2), 2);
  await banner('nên không xóa gì').waitFor();
  await phone.screenshot('wipe-kept');
  await server.start();
  await wrongPins([PIN.split('').reverse().join('')], WRONG.length);
  await banner('nên không xóa gì').waitFor();
  await press(PIN);
  assert.equal(await (await new FormPage(phone.page).ready()).question('nguoi_lap').locator('input, textarea').first().inputValue(), HOA);
});

test('locked, and then wrong PINs without a network: nothing goes, a new start changes nothing, the right PIN still opens', async () => {
  await server.stop();
  const form = new FormPage(phone.page);
  await form.next();
  await form.choose('a1', 'chua_dat', 'Chưa đạt');
  await form.photograph('a1_anh', photo);
  await form.saved();
  await lockNow();
  await coldStart();
  await wrongPins(WRONG);
  await banner('Khi có mạng, phần chưa gửi sẽ lên máy chủ').waitFor();
  await phone.screenshot('wipe-not-brought');
  assert.deepEqual(await faults(phone, 'wipe-not-brought'), []);
  assert.equal((await stores()).length, 2);
  await coldStart();
  await banner('Khi có mạng, phần chưa gửi sẽ lên máy chủ').waitFor();
  // The clock of this start is the true one again: the wait has begun anew.
  await banner('Thử lại sau').waitFor();
  await phone.page.clock.fastForward('01:05:00');
  await press(PIN);
  await app.backInForm();
  await lockNow();
});

test('with a network the work is at the server, then the store is gone, and whoever shares the phone keeps theirs', async () => {
  await coldStart();
  const { page } = phone;
  await wrongPins(WRONG);
  await banner('Khi có mạng, phần chưa gửi sẽ lên máy chủ').waitFor();
  const before = await stores();
  await server.start();
  // The browser says that there is a network, as often as it takes: a try that was under way before it is let end.
  await until('the store is gone', async () => {
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    return page.getByText('Đã xóa dữ liệu khỏi máy này').isVisible();
  });
  await phone.screenshot('wiped');
  assert.deepEqual(await faults(phone, 'wiped'), []);
  const left = await stores();
  assert.equal(left.length, 1);
  assert.ok(before.includes(left[0]));
  const desk = await Desk.signIn(server);
  const rows = await desk.rows(FORM);
  assert.equal(rows.length, 1);
  assert.equal(rows[0]['Người lập'], HOA);
  assert.equal((await desk.quarantine()).length, 0);
  assert.equal((await desk.rows(TROUBLE)).length, 0, 'of the other one nothing was sent');
  assert.match(await server.command('audit', 'list'), /canbo\.longkhanh\s+bundle_import[^\n]*"files":1/);
});

test('sign-in starts anew: the work comes back from the server, and the other one goes on where they were', async () => {
  const { page } = phone;
  await page.getByRole('button', { name: 'Đăng nhập' }).click();
  await page.locator('input[name="name"]').waitFor();
  await page.locator('.people-here .list-row').filter({ hasText: MINH }).waitFor();
  assert.equal(await page.locator('.people-here .list-row').filter({ hasText: HOA }).count(), 0);
  await app.enter('canbo.longkhanh');
  await app.open('/records');
  await page.locator('.record-row').first().waitFor();
  await app.allSent();
  await app.open('/more');
  await page.getByRole('button', { name: 'Đổi người dùng' }).click();
  await page.locator('.people-here .list-row').filter({ hasText: MINH }).click();
  await page.locator('[data-unsent="1"]').first().waitFor({ state: 'attached' });
  await app.open('/sign-in');
  await app.enter('canbo2.longkhanh', PASSWORD);
  await app.allSent();
  assert.equal((await (await Desk.signIn(server)).rows(TROUBLE)).length, 1);
});

test('emptied without a network, the phone is signed out as soon as it has one', async () => {
  const status = () => phone.page.evaluate(
    async (headers) => (await fetch('/api/v1/session', { headers })).status,
    speaker('canbo2.longkhanh'),
  );
  await app.open('/more');
  await phone.page.getByRole('button', { name: 'Đặt mã PIN' }).click();
  await press(PIN);
  await press(PIN);
  await phone.page.getByText('chỉ mở được bằng mã PIN').waitFor();
  await lockNow();
  await phone.close();
  await phone.start();
  await app.open('/');
  assert.equal(await status(), 200);
  await server.stop();
  await coldStart();
  await wrongPins(WRONG.slice(0, -1));
  await press(WRONG.at(-1));
  await phone.page.getByText('Đã xóa dữ liệu khỏi máy này').waitFor();
  await server.start();
  await app.open('/');
  await until('the session is over', async () => (await status()) === 401);
});
