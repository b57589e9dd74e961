// The browser is killed within a moment of what the person did, and started cold without a server: the person is known,
// and stands where they were.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../harness/stage.mjs';
import { rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';

const stage = new Stage();
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone);
});

/** As the system does when it needs the memory, and as the person does afterwards, by the app's icon. */
async function killAndOpen() {
  await phone.kill();
  await phone.start();
  await app.open('/');
}

/** The question that has the focus, by its name. */
function focused() {
  return phone.page.evaluate(() => document.activeElement?.closest('[data-q]')?.dataset.q);
}

test('killed as soon as the sign-in is done: the app opens without a network for the same person', async () => {
  await app.open('/');
  await until('the app itself is on the phone', () =>
    phone.page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.active)),
  );
  await app.signIn('canbo.longkhanh');
  const greeting = await phone.page.locator('h1').innerText();
  await server.stop();
  await killAndOpen();
  await phone.page.getByRole('navigation').first().waitFor();
  assert.equal(await phone.page.locator('h1').innerText(), greeting);
  // The session's cookie is the browser's matter: it may have been killed before the disk had it. Then one signs in anew.
  await server.start();
  await app.open('/sign-in');
  await app.enter('canbo.longkhanh');
  await app.open('/');
  await app.readyForOffline();
  await server.stop();
});

test('killed as soon as one answer is saved: a cold start stands at the very question', async () => {
  const form = await app.begin(FORM);
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.saved();
  await killAndOpen();
  const again = await new FormPage(phone.page).ready();
  assert.equal(await again.question('nguoi_lap').locator('input, textarea').first().inputValue(), 'Nguyễn Thị Hoa');
  await until('the question has the focus', async () => (await focused()) === 'nguoi_lap');
});

test('killed on another page of the form: a cold start shows that page', async () => {
  const form = new FormPage(phone.page);
  await form.next();
  const heading = await form.heading();
  await form.choose('a1', 'dat', 'Đạt');
  await form.saved();
  await killAndOpen();
  const again = await new FormPage(phone.page).ready();
  assert.equal(await again.heading(), heading);
  assert.ok(await again.question('a1').locator('input[value="dat"]').isChecked());
});

test('a form that was left is left: a kill on Today comes back to Today', async () => {
  await phone.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  await phone.page.locator('.record-row').first().waitFor();
  await until('the phone knows that the form was left', async () => (await onScreen()) === null);
  await killAndOpen();
  await phone.page.getByRole('heading', { name: /^Xin chào/ }).waitFor();
  assert.equal(await phone.page.locator('[data-form-ready]').count(), 0);
});

test('killed in a new form before the first answer: it is begun again, and no record is left of the first try', async () => {
  await app.begin(FORM);
  await until('the phone knows that the form is on screen', async () => (await onScreen()) !== null);
  await killAndOpen();
  const form = await new FormPage(phone.page).ready();
  assert.equal(await phone.page.locator('.form-view').getAttribute('data-form'), FORM);
  await form.type('nguoi_lap', 'Trần Văn Bình');
  await form.saved();
  await phone.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  await until('two records are listed', async () => (await phone.page.locator('main .record-row').count()) === 2);
});

/** The row on the phone's disk that says which form is on screen; `null` for none. */
async function onScreen() {
  return (await rowsOf(phone.page, 'place')).find(([key]) => key === 'filling') ?? null;
}
