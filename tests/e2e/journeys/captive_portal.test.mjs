// A network that answers for the server: each request gets a page of its own, with status 200, as a hotel's sign-in does.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Desk } from '../harness/desk.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';
const PAGE = '<!doctype html><title>Wi-Fi</title><form action="/login">Xin mời đăng nhập Wi-Fi</form>';

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
const asked = [];
let server;
let app;
let portal;
let record;

before(async () => {
  stage.later(close);
  server = await stage.serve();
  app = await stage.start(phone, 'canbo.longkhanh');
  await app.allSent();
});

/** Takes the server's port and answers everything with the portal's page. */
async function open() {
  portal = createServer((request, response) => {
    asked.push(`${request.method} ${request.url.split('?')[0]}`);
    request.resume();
    request.on('end', () => response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE));
  });
  await new Promise((resolve, reject) => portal.once('error', reject).listen(server.port, '127.0.0.1', resolve));
}

async function close() {
  if (!portal) return;
  const closed = new Promise((resolve) => portal.close(resolve));
  portal.closeAllConnections();
  portal = null;
  await closed;
}

test('behind a portal the app opens from the phone and a form is filled', async () => {
  await server.stop();
  await open();
  const form = await app.begin(FORM);
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.type('kien_nghi', 'Bố trí kinh phí');
  await form.question('tep').locator('input[type="file"]').first().setInputFiles(picture(join(folder, 'file.png'), 300, 200));
  await form.question('tep').locator('.stored-file').first().waitFor();
  await form.saved();
  record = phone.page.url().match(/records\/([^/]+)\/edit/)[1];
});

test('nothing is marked as sent, and the line on top says that there is no network', async () => {
  asked.length = 0;
  await phone.page.locator('.standing-line').click();
  await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await until('the phone has tried to send', () => asked.some((line) => line === 'POST /api/v1/push'));
  const line = phone.page.locator('.standing-line');
  await line.filter({ hasText: 'Không có mạng' }).waitFor();
  assert.match(await line.innerText(), /chỉ có trên máy này/);
  assert.equal(await line.getAttribute('data-unsent'), '2', 'the record and its file');
});

test('a cold start behind the portal shows the app, not the portal', async () => {
  await phone.close();
  await phone.start();
  await app.open('/');
  const form = await new FormPage(phone.page).ready();
  assert.equal(await form.question('tom_tat').locator('input, textarea').first().inputValue(), 'Thiếu kinh phí tập huấn');
  assert.equal(await phone.page.getByText('Wi-Fi').count(), 0);
});

test('a sign-in page of a network is not taken for an end of the session', async () => {
  assert.equal(await phone.page.getByText('Phiên đăng nhập đã hết').count(), 0);
});

test('the real server is back: all goes up, once', async () => {
  await close();
  await server.start();
  await phone.page.locator('.standing-line').click();
  await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await app.allSent();
  const desk = await Desk.signIn(server);
  const rows = await desk.rows(FORM);
  assert.deepEqual(rows.map((row) => row['Tóm tắt vướng mắc (một câu)']), ['Thiếu kinh phí tập huấn']);
  const history = await desk.history(record);
  assert.deepEqual(history.map((operation) => operation.action), ['create']);
});
