// Work that the server keeps and could not apply: its author is told why, and the coordinator settles it at the desk.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { DESK } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';

const FORM = 'lk_kho_khan';
const WHY = 'Không thuộc địa bàn của phường';

const stage = new Stage();
const officer = stage.device('officer');
const coordinator = stage.device('coordinator', DESK);
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = new App(officer, server);
});

/** Writes a report on the officer's phone and goes back to Today. */
async function report(words) {
  const form = await app.begin(FORM);
  await form.type('tom_tat', words);
  await form.saved();
  await officer.page.locator('.form-head button').first().click();
  await officer.page.locator('.today').waitFor();
}

test('an account is disabled while its phone is offline: what it sends is kept, and the phone says why', async () => {
  await officer.start();
  await app.signIn('canbo2.longkhanh');
  await app.readyForOffline();
  await server.stop();
  await report('Thiếu kinh phí tập huấn');
  await report('Gửi nhầm, không phải của phường');
  await server.command('user', 'disable', 'canbo2.longkhanh');
  await server.start();
  await app.allSent();
  await app.open('/records');
  const rows = officer.page.locator('.record-row');
  await until('both records say that they wait', async () =>
    (await rows.filter({ hasText: 'Chờ xử lý' }).count()) === 2);
  await rows.first().click();
  await officer.page.getByText('Đang chờ người điều phối xử lý: tài khoản của người nhập đã bị khóa').waitFor();
});

test('the coordinator sees the count, looks at each, applies one and sets the other aside with a reason', async () => {
  await coordinator.start();
  const desk = new App(coordinator, server);
  await desk.signIn('dieuphoi');
  const { page } = coordinator;
  await page.locator('.tab-count').getByText('2', { exact: true }).waitFor();
  await page.locator('.desk-tab[href="/repair"]').click();
  const cases = page.locator('.case');
  await until('both cases are listed', async () => (await cases.count()) === 2);
  for (const card of await cases.all()) {
    assert.match(await card.innerText(), /Trần Văn Minh tạo hồ sơ[^]*Tài khoản của người nhập đã bị khóa[^]*Phường Long Khánh[^]*Chrome/);
    await card.locator('.changes summary').click();
  }
  const right = cases.filter({ hasText: 'Thiếu kinh phí tập huấn' });
  const wrong = cases.filter({ hasText: 'Gửi nhầm' });
  await right.waitFor();
  await wrong.waitFor();
  await coordinator.screenshot('repair-desk');
  assert.deepEqual(await faults(coordinator, 'repair desk'), []);

  await right.getByRole('button', { name: 'Ghi vào hồ sơ', exact: true }).click();
  await right.waitFor({ state: 'detached' });
  await wrong.getByRole('button', { name: 'Không ghi vào hồ sơ' }).click();
  const sheet = page.getByRole('dialog').filter({ visible: true });
  const words = sheet.locator('textarea');
  const send = sheet.getByRole('button', { name: 'Không ghi vào hồ sơ' });
  await send.click();
  await sheet.getByText('Hãy ghi lý do: người gửi cần biết.').waitFor();
  assert.ok(await words.evaluate((area) => area === document.activeElement && area.ariaInvalid === 'true'));
  await words.fill(WHY);
  // What comes meanwhile changes the list behind the sheet, and nothing in it.
  await report('Gửi nhầm lần nữa');
  await report('Gửi nhầm lần ba');
  await until('they are listed', async () => (await cases.count()) === 3);
  assert.equal(await words.inputValue(), WHY);
  assert.ok(await sheet.evaluate((dialog) => dialog.matches(':modal') && dialog.contains(document.activeElement)));
  // The line breaks: the words stay, to be sent once more.
  await page.route('**/set-aside', (route) => route.abort());
  await send.click();
  await sheet.getByText('cần mạng để xem và xử lý').waitFor();
  await coordinator.screenshot('repair-set-aside-no-network');
  assert.deepEqual(await faults(coordinator, 'setting aside without a network'), []);
  assert.equal(await words.inputValue(), WHY);
  await page.unroute('**/set-aside');
  await send.click();
  await sheet.waitFor({ state: 'hidden' });
  await until('the others are left', async () => (await cases.count()) === 2);
  // What was settled is settled, also when what is left cannot be asked for.
  for (const left of [1, 0]) {
    await page.route('**/quarantine?state=waiting', (route) => route.abort());
    await cases.first().getByRole('button', { name: 'Không ghi vào hồ sơ' }).click();
    await words.fill('Trùng');
    await send.click();
    await page.locator('.toast').getByText('Đã lưu lại, không ghi vào hồ sơ', { exact: true }).waitFor();
    await page.unroute('**/quarantine?state=waiting');
    await desk.open('/repair');
    await until('it is gone', async () => (await cases.count()) === left);
  }
  await page.getByText('Không có việc nào chờ xử lý.').waitFor();
  await page.locator('.tab-count').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Xem việc đã xử lý' }).click();
  await page.getByText(`Đã lưu lại, không ghi vào hồ sơ: ${WHY} · Võ Thị Lan`).waitFor();
  await page.getByText('Đã ghi vào hồ sơ · Võ Thị Lan').waitFor();
});

test('a session that ended is told where it is met, and what was typed goes through once it is new', async () => {
  const { page } = coordinator;
  await report('Gửi nhầm lần tư');
  await app.allSent();
  await new App(coordinator, server).open('/repair');
  const cases = page.locator('.case');
  await until('it is listed', async () => (await cases.count()) === 1);
  await cases.getByRole('button', { name: 'Không ghi vào hồ sơ' }).click();
  const sheet = page.getByRole('dialog').filter({ visible: true });
  await sheet.locator('textarea').fill(WHY);
  const cookies = await coordinator.context.cookies();
  await coordinator.context.clearCookies();
  await sheet.getByRole('button', { name: 'Không ghi vào hồ sơ' }).click();
  await sheet.getByText('Phiên đăng nhập đã hết').waitFor();
  assert.equal(await sheet.getByRole('link', { name: 'Đăng nhập lại' }).getAttribute('target'), '_blank');
  await coordinator.screenshot('repair-set-aside-signed-out');
  // As signing in beside it does.
  await coordinator.context.addCookies(cookies);
  await sheet.getByRole('button', { name: 'Không ghi vào hồ sơ' }).click();
  await page.getByText('Không có việc nào chờ xử lý.').waitFor();
});

test('what was applied is a record like any other; what was set aside is none', async () => {
  const { page } = coordinator;
  await page.locator('.tab[href="/records"]').click();
  const rows = page.locator('.record-row');
  await until('the record is there', async () => (await rows.count()) === 1);
  await rows.first().click();
  await page.locator('.answers').getByText('Thiếu kinh phí tập huấn').waitFor();
});

test('more work than one answer of the server holds is counted as more, and the oldest of it is reached', async () => {
  const { page } = coordinator;
  const waiting = (id) => ({
    id, reason: 'out_of_scope', obstacle: null, device_name: 'Chrome', sender_name: 'Trần Văn Minh', author_name: null, received_ms: 5,
    record: null, record_exists: false, unit: null, form_id: null, form_hash: null, action: null, fields: [], settled: null,
  });
  await page.route('**/api/v1/quarantine?*', (route) => {
    const before = Number(new URL(route.request().url()).searchParams.get('before') ?? 202);
    const ids = Array.from({ length: Math.min(200, before - 1) }, (_, at) => before - 1 - at);
    return route.fulfill({ json: ids.map(waiting) });
  });
  await new App(coordinator, server).open('/repair');
  const count = page.locator('.tab-count');
  await until('there are more', async () => (await count.innerText()) === '200+');
  await page.getByRole('button', { name: 'Cũ hơn' }).click();
  await page.locator('[data-case="1"]').waitFor();
  await until('that is all', async () => (await count.innerText()) === '201');
  assert.equal(await page.getByRole('button', { name: 'Cũ hơn' }).count(), 0);
  await page.unroute('**/api/v1/quarantine?*');
});
