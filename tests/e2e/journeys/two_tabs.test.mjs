// Two tabs of one phone: one store, one sender. Different records and the same record, filled at the same time.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { PHONE } from '../harness/phone.mjs';
import { Desk } from '../harness/desk.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';
const TITLE = 'Tóm tắt vướng mắc (một câu)';

const stage = new Stage();
const phone = stage.device('officer');
let server;
let left;
let right;

before(async () => {
  server = await stage.serve();
  left = await stage.start(phone, 'canbo.longkhanh');
  await left.allSent();
  const page = await phone.context.newPage();
  await page.setViewportSize(PHONE);
  right = new App({ page }, server);
  await server.stop();
});

const recordOf = (app) => app.page.url().match(/records\/([^/]+)\/edit/)[1];
const answer = (form, name) => form.question(name).locator('input, textarea').first().inputValue();

test('two records are filled in two tabs at the same time, and each keeps its answers', async () => {
  const forms = [await left.begin(FORM), await right.begin(FORM)];
  for (const [at, form] of forms.entries()) await form.type('tom_tat', `Phiếu ${at}`);
  await Promise.all(forms.map((form, at) => form.type('kien_nghi', `Kiến nghị ${at}`)));
  await Promise.all(forms.map((form) => form.saved()));
  assert.notEqual(recordOf(left), recordOf(right));
});

test('each tab lists what the other filled, without a reload', async () => {
  for (const app of [left, right]) {
    await app.page.getByRole('button', { name: 'Rời phiếu' }).or(app.page.locator('.form-head button').first()).first().click();
    await until('both records are listed', async () => (await app.page.locator('.record-row').count()) === 2);
  }
});

test('the same record is open in two tabs: different answers all stay', async () => {
  const path = `/records/${await idOf('Phiếu 0')}/edit`;
  await left.open(path);
  await right.open(path);
  const forms = [await new FormPage(left.page).ready(), await new FormPage(right.page).ready()];
  await forms[0].type('nguoi_lap', 'Nguyễn Thị Hoa');
  await forms[0].saved();
  await forms[1].type('mo_ta', 'Chưa được giao dự toán');
  await forms[1].saved();
  await left.page.reload();
  const again = await new FormPage(left.page).ready();
  assert.equal(await answer(again, 'nguoi_lap'), 'Nguyễn Thị Hoa');
  assert.equal(await answer(again, 'mo_ta'), 'Chưa được giao dự toán');
  assert.equal(await answer(again, 'kien_nghi'), 'Kiến nghị 0');
});

test('the tab that sends is stopped by the system: the other one sends, and the first goes on when it runs again', async () => {
  const stopped = await left.page.context().newCDPSession(left.page);
  await stopped.send('Debugger.enable');
  await stopped.send('Debugger.pause');
  // It stands still at the next thing that it does.
  const woken = left.page.evaluate(() => 0);
  await server.start();
  await right.page.reload();
  await right.allSent();
  await server.stop();
  await stopped.send('Debugger.disable');
  await woken;
  const form = await left.begin(FORM);
  await form.type('tom_tat', 'Phiếu sau');
  await form.saved();
});

test('the sending tab is closed: the other one sends everything, once', async () => {
  await left.page.close();
  await server.start();
  await right.page.locator('.standing-line').click();
  await right.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await right.allSent();
  const desk = await Desk.signIn(server);
  const rows = await desk.rows(FORM);
  assert.deepEqual(rows.map((row) => row[TITLE]).sort(), ['Phiếu 0', 'Phiếu 1', 'Phiếu sau']);
  const shared = rows.find((row) => row[TITLE] === 'Phiếu 0');
  assert.equal(shared['Người lập'], 'Nguyễn Thị Hoa');
  assert.equal(shared['Mô tả, nguyên nhân'], 'Chưa được giao dự toán');
  await right.open('/records');
  for (const name of ['Phiếu 0', 'Phiếu 1']) {
    const history = await desk.history(await idOf(name));
    assert.equal(history.filter((operation) => operation.action === 'create').length, 1, `${name} is created once`);
  }
});

test('whoever signs out in one tab is signed out in the other one, where nothing of them stays', async () => {
  const page = await phone.context.newPage();
  const form = await new App({ page }, server).begin(FORM);
  await form.type('tom_tat', 'Phiếu 2');
  await form.saved();
  const stores = () => page.evaluate(async () => (await indexedDB.databases()).map((database) => database.name));
  const before = await stores();
  await right.open('/more');
  await right.allSent();
  // The line is a bad one: the server's answer never comes, and nobody enters meanwhile what would be nowhere afterwards.
  let held = 0;
  await right.page.route('**/api/v1/session?*', (route) => {
    if (route.request().method() !== 'DELETE') return route.continue();
    held += 1;
  });
  const signOut = right.page.getByRole('button', { name: 'Đăng xuất' });
  // A slip of the finger signs nobody out.
  const asked = right.page.locator('dialog[open]');
  await signOut.click();
  await asked.getByText('cần mạng để đăng nhập lại').waitFor();
  await asked.getByRole('button', { name: 'Ở lại' }).click();
  await asked.waitFor({ state: 'detached' });
  await signOut.click();
  await asked.getByRole('button', { name: 'Đăng xuất' }).click();
  await page.locator('input[name="name"]').waitFor();
  assert.equal(await signOut.isVisible(), false);
  for (const tab of [right.page, page]) await tab.locator('input[name="name"]').waitFor();
  assert.ok(held > 0, 'the server was asked');
  assert.equal(new URL(page.url()).pathname, '/');
  assert.equal(await form.question('tom_tat').count(), 0);
  assert.ok((await stores()).length < before.length, `${before} -> ${await stores()}`);
});

/** A record's id by its name, from the list on screen. */
async function idOf(name) {
  const href = await right.page.locator('.record-row').filter({ hasText: name }).first().getAttribute('href');
  return href.match(/records\/([^/]+)/)[1];
}
