// The desk says that a phone is lost: when it hears of that it locks, and is emptied of what the server has where the organisation
// wants that. What is not sent stays on it, and its person gets to it.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { Desk } from '../harness/desk.mjs';
import { PASSWORD } from '../harness/server.mjs';
import { Stage } from '../harness/stage.mjs';
import { rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';
const PIN = '274913';

const stage = new Stage();
const { folder } = stage;
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

const lost = () => phone.page.locator('.banner').filter({ hasText: 'Máy này đã được báo mất' });

async function press(pin) {
  await until('the pad takes keys', () => phone.page.locator('[data-digit="1"]').isEnabled());
  for (const digit of pin) await phone.page.locator(`[data-digit="${digit}"]`).click();
}

/** While the phone is out of reach its session is ended, as of a lost one; then it is in reach again. */
async function reportLost(meanwhile = async () => {}) {
  await phone.context.setOffline(true);
  await meanwhile();
  const [, id] = (await server.command('session', 'list')).match(/^\s*(\d+)\s+canbo\.longkhanh/m);
  await server.command('session', 'revoke', id, '--lost');
  await phone.context.setOffline(false);
}

async function write(text, pin) {
  await app.open(`/fill/${FORM}`);
  if (pin) await press(pin);
  const form = await new FormPage(phone.page).ready();
  await form.type('tom_tat', text);
  await form.saved();
}

/** Back where one was: that may be a form, which has no navigation. */
async function signInAgain() {
  await phone.page.locator('input[name="name"]').fill('canbo.longkhanh');
  await phone.page.locator('input[type="password"]').fill(PASSWORD);
  await phone.page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
  await app.allSent();
}

async function setPin() {
  await until('the phone has the key', async () => (await rowsOf(phone.page, 'meta')).some(([key]) => key === 'organisation'));
  await app.open('/more');
  await phone.page.getByRole('button', { name: 'Đặt mã PIN' }).click();
  await press(PIN);
  await press(PIN);
  await phone.page.getByText('chỉ mở được bằng mã PIN').waitFor();
}

/** The people's databases on the phone. */
const stores = () =>
  phone.page.evaluate(async () => (await indexedDB.databases()).filter(({ name }) => /^sotay\.[0-9a-f]{32}$/.test(name)).length);

test('a lost phone without a PIN locks, keeps what is not sent, and opens to its person alone', async () => {
  const { page } = phone;
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await app.allSent();
  await reportLost(() => write('Ghi trước khi mất máy'));
  await lost().filter({ hasText: 'đăng nhập lại để gửi tiếp' }).waitFor();
  assert.equal(await page.locator('.pin-pad').count(), 0);
  await phone.screenshot('lost');
  assert.deepEqual(await faults(phone, 'lost'), []);
  await app.open('/records');
  await lost().waitFor();
  assert.equal(await page.locator('.record-row').count(), 0);
  await page.getByRole('button', { name: 'Đăng nhập' }).click();
  await signInAgain();
  const rows = await (await Desk.signIn(server)).rows(FORM);
  assert.deepEqual(rows.map((row) => row['Tóm tắt vướng mắc (một câu)']), ['Ghi trước khi mất máy']);
});

test('with a PIN and something unsent it stays closed, and the right PIN opens it', async () => {
  const { page } = phone;
  await setPin();
  await reportLost(() => write('Chưa gửi', PIN));
  await lost().waitFor();
  await page.locator('.pin-pad').waitFor();
  assert.equal(await stores(), 1);
  await phone.screenshot('lost-pin');
  assert.deepEqual(await faults(phone, 'lost-pin'), []);
  await press(PIN);
  const form = await new FormPage(page).ready();
  assert.equal(await form.question('tom_tat').locator('input, textarea').first().inputValue(), 'Chưa gửi');
  await page.locator('.standing-line').filter({ hasText: 'Cần đăng nhập lại để gửi' }).click();
  await page.getByRole('button', { name: 'Đăng nhập lại', exact: true }).click();
  await signInAgain();
  assert.equal((await (await Desk.signIn(server)).rows(FORM)).length, 2);
});

test('with everything at the server nothing of the person is left on it', async () => {
  const { page } = phone;
  await reportLost();
  await page.getByText('Đã xóa dữ liệu khỏi máy này').waitFor();
  await page.getByText('Máy này đã được báo mất').waitFor();
  await phone.screenshot('lost-wiped');
  assert.equal(await stores(), 0);
});
