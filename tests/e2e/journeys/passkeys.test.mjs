// Passkeys at the desk: added with the password, let in by it alone, named, removed; and what is said when one does not let in.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Authenticator } from '../harness/authenticator.mjs';
import { faults } from '../harness/axe.mjs';
import { PASSWORD, speaker } from '../harness/server.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';

const stage = new Stage();
const desk = stage.device('desk', DESK);
const other = stage.device('other', DESK);
let server;
let app;
let authenticator;

const BY_PASSKEY = 'Đăng nhập bằng khóa truy cập';
const button = (name) => desk.page.getByRole('button', { name, exact: true });
const sheet = () => desk.page.locator('dialog[open]');
const section = () => desk.page.locator('details.passkeys');

before(async () => {
  server = await stage.server();
  const added = await server.command('user', 'add', 'quantri', '--role', 'administrator', '--unit', 'so_noi_vu_dong_nai');
  server.administrator = added.match(/password: (\S+)/)[1];
  await server.start();
  // A number has no passkeys, this name has.
  server.named = `http://localhost:${server.port}`;
  await desk.start();
});

/** A screenshot at both sizes and in both languages. */
async function shots(name) {
  const { page } = desk;
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    await desk.screenshot(`${name}-${size.width}`);
  }
}

async function english(name, show) {
  const { page } = desk;
  const choose = (language) => page.getByRole('radio', { name: language, exact: true }).check({ force: true });
  await choose('English');
  await show?.();
  await shots(`${name}-en`);
  await choose('Tiếng Việt');
}

async function signOut() {
  await app.open('/more');
  await app.allSent();
  await button('Đăng xuất').click();
  await sheet().getByRole('button', { name: 'Đăng xuất' }).click();
  await desk.page.locator('input[name="name"]').waitFor();
}

async function openOwn() {
  const { page } = desk;
  await app.open('/people');
  await page.getByRole('radio', { name: 'Các máy', exact: true }).check();
  await section().locator('summary').click();
}

test('at an address that is a number no passkey is offered, and by name one is', async () => {
  const { page } = desk;
  await page.goto(`${server.url}/sign-in`, { waitUntil: 'domcontentloaded' });
  await page.locator('input[name="name"]').waitFor();
  assert.equal(await button(BY_PASSKEY).count(), 0);
  app = new App(desk, { url: server.named });
  await app.open('/sign-in');
  await button(BY_PASSKEY).waitFor();
  authenticator = await Authenticator.in(desk);
  assert.deepEqual(await faults(desk, 'sign-in with passkey'), []);
  await shots('passkey-sign-in');
  await english('passkey-sign-in', () => page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor());
});

test('where there is none, words say so and the other ways stay', async () => {
  await button(BY_PASSKEY).click();
  await desk.page.getByText('ở đây không có khóa truy cập nào cho địa chỉ này').waitFor();
  assert.deepEqual(await faults(desk, 'no passkey here'), []);
  await shots('passkey-none');
});

test('a coordinator adds one with the password, and not without', async () => {
  const { page } = desk;
  await app.enter('dieuphoi');
  await openOwn();
  await section().getByText('Chưa có khóa nào.').waitFor();
  await section().getByLabel('Tên khóa').fill('Máy bàn');
  await section().getByLabel('Mật khẩu của bạn').fill('đoán mò');
  await section().getByRole('button', { name: 'Thêm khóa truy cập' }).click();
  await section().getByText('Mật khẩu hiện tại không đúng.').waitFor();
  assert.equal((await authenticator.keys()).length, 0);
  await section().getByLabel('Mật khẩu của bạn').fill(PASSWORD);
  await section().getByRole('button', { name: 'Thêm khóa truy cập' }).click();
  const card = section().locator('[data-passkey]');
  await card.getByText('Máy bàn').waitFor();
  await card.getByText('chưa dùng').waitFor();
  const [key] = await authenticator.keys();
  assert.deepEqual([key.rpId, key.isResidentCredential], ['localhost', true]);
  assert.equal(await section().locator('#passkey-password').inputValue(), '');
  assert.deepEqual(await faults(desk, 'own passkeys'), []);
  await section().scrollIntoViewIfNeeded();
  await shots('passkeys');

  await section().getByLabel('Tên khóa').fill('Lần nữa');
  await section().getByLabel('Mật khẩu của bạn').fill(PASSWORD);
  await section().getByRole('button', { name: 'Thêm khóa truy cập' }).click();
  await section().getByText('Máy hoặc khóa bảo mật này đã có khóa truy cập của bạn.').waitFor();
  assert.equal(await card.count(), 1);
});

test('it gets another name', async () => {
  const card = section().locator('[data-passkey]');
  await card.getByRole('button', { name: 'Đổi tên' }).click();
  const field = sheet().getByLabel('Tên khóa');
  assert.equal(await field.inputValue(), 'Máy bàn');
  await field.fill('  ');
  await sheet().getByRole('button', { name: 'Đổi tên' }).click();
  await sheet().getByText('Đặt tên cho khóa').waitFor();
  assert.deepEqual(await faults(desk, 'renaming a passkey'), []);
  await field.fill('Máy ở ủy ban');
  await sheet().getByRole('button', { name: 'Đổi tên' }).click();
  await card.getByText('Máy ở ủy ban').waitFor();
});

test('it shows once more who one is, in place of the password', async () => {
  const card = section().locator('[data-passkey]');
  await card.getByRole('button', { name: 'Xóa khóa' }).click();
  const confirm = sheet().getByRole('button', { name: 'Hoặc xác nhận bằng khóa truy cập' });
  await authenticator.knows(false);
  await confirm.click();
  await sheet().getByText('Chưa xác nhận: bạn đã hủy').waitFor();
  await authenticator.knows(true);
  await confirm.click();
  await sheet().getByText('Đã xác nhận bằng khóa truy cập.').waitFor();
  assert.deepEqual(await faults(desk, 'confirmed by passkey'), []);
  await shots('passkey-again');
  await sheet().getByRole('button', { name: 'Xóa khóa' }).click();
  await section().getByText('Chưa có khóa nào.').waitFor();
  await section().getByRole('button', { name: 'Hoặc xác nhận bằng khóa truy cập' }).click();
  await section().locator('.banner', { hasText: 'Chưa có khóa nào.' }).waitFor();

  await authenticator.forget();
  await section().getByLabel('Tên khóa').fill('Máy ở ủy ban');
  await section().getByLabel('Mật khẩu của bạn').fill(PASSWORD);
  await section().getByRole('button', { name: 'Thêm khóa truy cập' }).click();
  await card.getByText('Máy ở ủy ban').waitFor();
});

test('the same in English', async () => {
  const { page } = desk;
  await app.open('/more');
  await page.getByRole('radio', { name: 'English', exact: true }).check({ force: true });
  await app.open('/people');
  await page.getByRole('radio', { name: 'Devices', exact: true }).check();
  await section().locator('summary').click();
  await section().getByText('no false site can use it').waitFor();
  await section().scrollIntoViewIfNeeded();
  await shots('passkeys-en');
  await app.open('/more');
  await page.getByRole('radio', { name: 'Tiếng Việt', exact: true }).check({ force: true });
});

test('signed out, the passkey alone lets in, and the desk is as it is after the password', async () => {
  const { page } = desk;
  await signOut();
  await button(BY_PASSKEY).click();
  await page.getByRole('navigation').first().waitFor();
  await app.open('/more');
  await app.allSent();
  await page.locator('.desk-tab', { hasText: 'Người dùng' }).waitFor();
  const profile = await page.evaluate(async (headers) => (await fetch('/api/v1/session', { headers })).json(), speaker('dieuphoi'));
  assert.equal(profile.account, 'dieuphoi');
  await openOwn();
  await until('its use is told', async () => (await section().getByText('chưa dùng').count()) === 0);
  await page.getByText('Máy này').first().waitFor();
  await section().scrollIntoViewIfNeeded();
  await shots('passkey-used');
});

test('a cold start asks for nothing', async () => {
  const { page } = desk;
  await app.open('/');
  await page.getByRole('navigation').first().waitFor();
  assert.equal(await page.locator('.sign-in').count(), 0);
});

test('an authenticator that does not know the finger lets nobody in', async () => {
  await signOut();
  await authenticator.knows(false);
  await button(BY_PASSKEY).click();
  await desk.page.getByText('Chưa đăng nhập: bạn đã hủy, hết thời gian').waitFor();
  await authenticator.knows(true);
});

test('without a network the words are those of the network', async () => {
  await server.stop();
  await button(BY_PASSKEY).click();
  await desk.page.getByText('Không kết nối được với máy chủ.').waitFor();
  await server.start();
});

test('a key that counts back is refused, and the log tells of it', async () => {
  const { page } = desk;
  const count = await authenticator.countBack();
  assert.ok(count > 0);
  await button(BY_PASSKEY).click();
  await page.getByText('Máy chủ không nhận khóa này').waitFor();
  const log = await server.command('audit', 'list');
  assert.match(log, /passkey_refuse/);
});

test('the password still lets in; the passkey is removed with it, and refused from then on', async () => {
  const { page } = desk;
  await app.enter('dieuphoi');
  await openOwn();
  await section().locator('[data-passkey]').getByRole('button', { name: 'Xóa khóa' }).click();
  await sheet().getByLabel('Mật khẩu của bạn').fill('đoán mò');
  await sheet().getByRole('button', { name: 'Xóa khóa' }).click();
  await sheet().getByText('Mật khẩu hiện tại không đúng.').waitFor();
  assert.deepEqual(await faults(desk, 'removing a passkey'), []);
  await shots('passkey-remove');
  await sheet().getByLabel('Mật khẩu của bạn').fill(PASSWORD);
  await sheet().getByRole('button', { name: 'Xóa khóa' }).click();
  await section().getByText('Chưa có khóa nào.').waitFor();
  await signOut();
  await button(BY_PASSKEY).click();
  await page.getByText('Máy chủ không nhận khóa này').waitFor();
  assert.deepEqual(await faults(desk, 'passkey refused'), []);
  await shots('passkey-refused');
  await english('passkey-refused', () => page.getByText('The server does not take this passkey').waitFor());
});

test('an administrator sees how many somebody has, and removes them for a lost device', async () => {
  const { page } = desk;
  await authenticator.forget();
  await app.enter('dieuphoi');
  await openOwn();
  await section().getByLabel('Tên khóa').fill('Máy sẽ mất');
  await section().getByLabel('Mật khẩu của bạn').fill(PASSWORD);
  await section().getByRole('button', { name: 'Thêm khóa truy cập' }).click();
  await section().locator('[data-passkey]').waitFor();
  await signOut();
  await app.enter('quantri', server.administrator);
  await app.open('/people');
  const card = page.locator('[data-account="dieuphoi"]');
  await card.getByText('Khóa truy cập: 1').waitFor();
  assert.deepEqual(await faults(desk, 'people with passkeys'), []);
  await card.scrollIntoViewIfNeeded();
  await shots('people-passkeys');
  await card.getByRole('button', { name: 'Xóa các khóa truy cập' }).click();
  await shots('people-passkeys-remove');
  // A coordinator's: whoever removes them shows once more who they are.
  await sheet().getByLabel('Mật khẩu của bạn').fill(server.administrator);
  await sheet().getByRole('button', { name: 'Xóa các khóa truy cập' }).click();
  await until('they are gone', async () => (await card.getByText('Khóa truy cập: 1').count()) === 0);
  await page.getByRole('radio', { name: 'Nhật ký', exact: true }).check();
  const log = page.locator('.deeds');
  for (const deed of ['quantri xóa khóa truy cập: dieuphoi', 'dieuphoi thêm khóa truy cập', 'dieuphoi đăng nhập bằng khóa truy cập', 'Một người bị từ chối vì dùng khóa truy cập có bản sao: dieuphoi']) {
    await log.getByText(deed).first().waitFor();
  }
  await signOut();
  await button(BY_PASSKEY).click();
  await page.getByText('Máy chủ không nhận khóa này').waitFor();
});

test('who came in by a passkey sets a PIN, opens by that without a network, and a passkey does not pass it by', async () => {
  const { page } = desk;
  const press = async (pin) => {
    for (const digit of pin) await page.locator(`[data-digit="${digit}"]`).click();
  };
  const pin = '730915';
  await authenticator.forget();
  await app.enter('dieuphoi');
  await openOwn();
  await section().getByLabel('Tên khóa').fill('Máy bàn');
  await section().getByLabel('Mật khẩu của bạn').fill(PASSWORD);
  await section().getByRole('button', { name: 'Thêm khóa truy cập' }).click();
  await section().locator('[data-passkey]').waitFor();
  await signOut();
  await button(BY_PASSKEY).click();
  await page.getByRole('navigation').first().waitFor();
  await app.readyForOffline();
  await app.open('/more');
  await button('Đặt mã PIN').click();
  for (const _ of [1, 2]) await press(pin);
  await page.getByText('chỉ mở được bằng mã PIN').waitFor();
  await server.stop();
  await app.open('/');
  await press(pin);
  await page.getByRole('navigation').first().waitFor();
  await server.start();
  await app.open('/more');
  await button('Người khác').click();
  await page.locator('.people-here').waitFor();
  await button(BY_PASSKEY).click();
  await page.locator('.pin-pad').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
  await press(pin);
  await page.getByRole('navigation').first().waitFor();
});

test('where the operator wants one of everybody, a password and a code are not enough, and one is made at the door', async () => {
  await server.stop();
  server.settings = { SOTAY_PASSKEYS_MUST: 'coordinator' };
  await server.start();
  await other.start();
  const { page } = other;
  const there = new App(other, { url: server.named });
  await there.open('/sign-in');
  const keys = await Authenticator.in(other);
  await page.locator('input[name="name"]').fill('dieuphoi');
  await page.locator('input[type="password"]').fill(PASSWORD);
  await page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
  await page.getByText('chỉ đăng nhập bằng khóa truy cập, hoặc bằng mã').waitFor();
  const made = await server.command('user', 'code', 'dieuphoi');
  await page.locator('#code').fill(made.match(/code: (\S+)/)[1]);
  await page.getByRole('button', { name: 'Đăng nhập bằng mã' }).click();
  await page.getByText('Mã đúng. Tài khoản này chỉ đăng nhập bằng khóa truy cập').waitFor();
  assert.equal((await page.evaluate(async (headers) => (await fetch('/api/v1/session', { headers })).status, speaker('dieuphoi'))), 401);
  assert.deepEqual(await faults(other, 'a passkey to make'), []);
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    await page.locator('.make-passkey').scrollIntoViewIfNeeded();
    await other.screenshot(`passkey-make-${size.width}`);
  }
  const make = page.getByRole('button', { name: 'Tạo khóa và đăng nhập' });
  await keys.knows(false);
  await make.click();
  await page.getByText('Chưa thêm khóa: bạn đã hủy').waitFor();
  await keys.knows(true);
  await make.click();
  await page.getByRole('navigation').first().waitFor();
  const profile = await page.evaluate(async (headers) => (await fetch('/api/v1/session', { headers })).json(), speaker('dieuphoi'));
  assert.equal(profile.account, 'dieuphoi');
  assert.equal((await keys.keys()).length, 1);
});
