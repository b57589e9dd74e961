// A server that has had too much of a person asks to wait: the phone says so in words, and does not ask again before.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';

const stage = new Stage();
const phone = stage.device('officer');
const asked = [];
let server;
let app;
let busy;

before(async () => {
  stage.later(close);
  server = await stage.serve();
  app = await stage.start(phone, 'canbo.longkhanh');
  await app.allSent();
});

/** Takes the server's port and answers everything as a server does whose budget for that person is used up. */
async function open() {
  const body = JSON.stringify({ error: { code: 'too_many_requests', message: 'go on in 150 s' } });
  busy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url.split('?')[0]}`);
    request.resume();
    request.on('end', () => response.writeHead(429, { 'Content-Type': 'application/json', 'Retry-After': '150' }).end(body));
  });
  await new Promise((resolve, reject) => busy.once('error', reject).listen(server.port, '127.0.0.1', resolve));
}

async function close() {
  if (!busy) return;
  const closed = new Promise((resolve) => busy.close(resolve));
  busy.closeAllConnections();
  busy = null;
  await closed;
}

const talks = () => asked.filter((line) => /push|pull/.test(line)).length;

test('the line says for how many minutes, and neither a tap nor another answer asks again', async () => {
  const form = await app.begin('lk_kho_khan');
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.saved();
  await server.stop();
  await open();
  const line = phone.page.locator('.standing-line');
  const sendNow = async () => {
    await line.click();
    await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
    await phone.page.keyboard.press('Escape');
  };
  await sendNow();
  await until('the phone has asked', () => talks() > 0);
  await line.filter({ hasText: 'Máy chủ yêu cầu chờ 3 phút' }).waitFor();
  const before = talks();
  await form.type('kien_nghi', 'Bố trí kinh phí');
  await form.saved();
  await sendNow();
  await line.filter({ hasText: 'chỉ có trên máy này · Máy chủ yêu cầu chờ 3 phút' }).waitFor();
  await phone.screenshot('asked-to-wait');
  assert.equal(talks(), before);
});

test('a server that is itself again gets all of it', async () => {
  await close();
  await server.start();
  await phone.close();
  await phone.start();
  await app.open('/');
  await app.allSent();
});
