// A first visit, on a line or in a browser that does not give all of the app at once.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Release } from '../harness/release.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';

const OFFER = 'Có bản mới của ứng dụng.';

const stage = new Stage();
const { folder } = stage;
const deployed = join(folder, 'deployed');
const phone = stage.device('officer');
let first;
let server;
let app;

before(async () => {
  first = new Release('first', folder);
  mkdirSync(deployed);
  // The part that everything goes up with is not to be had: neither for the page nor for the worker that keeps the app.
  first.deploy(deployed, (file) => !/_split_forms\.wasm$/.test(file));
  server = await stage.server();
  server.app = deployed;
  await server.start();
  app = await stage.start(phone);
  await app.signIn('canbo.longkhanh');
});

test('a part that did not come once is asked for until it is here: the forms come and the phone syncs', async () => {
  await phone.page.locator('.today').waitFor();
  assert.equal(await phone.page.locator('[data-forms-held]').count(), 0);
  first.deploy(deployed);
  await phone.page.locator('[data-forms-held="true"]').first().waitFor({ state: 'attached' });
  await app.allSent();
});

test('the app is kept too, though not all of it was to be had when that was begun', async () => {
  await app.readyForOffline();
  await phone.page.getByText('dùng được khi không có mạng').first().waitFor();
});

test('a browser that cannot keep the app says so, and not that it is ready', async () => {
  const page = await phone.context.newPage();
  await page.addInitScript(() => delete Navigator.prototype.serviceWorker);
  await page.goto(server.url);
  await page.getByText('Trình duyệt này không giữ ứng dụng trên máy').waitFor();
  assert.equal(await page.locator('[data-forms-held]').count(), 0);
  await page.close();
});

test('the worker is in charge of the very page that it came with', async () => {
  await until('the page has a worker', () => phone.page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
});

test('a part that the server has only in the next version: that is looked for and offered, in the page of a first visit too', async () => {
  const { page } = phone;
  const bare = stage.device('bare');
  const unkept = await stage.start(bare);
  await bare.context.addInitScript(() => delete Navigator.prototype.serviceWorker);
  await unkept.signIn('canbo2.longkhanh');
  rmSync(deployed, { recursive: true });
  mkdirSync(deployed);
  new Release('second', folder).deploy(deployed);
  for (const { page } of [phone, bare]) {
    // As a tap on a link does: the page stays.
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = '/repair';
      document.body.append(link);
      link.click();
    });
    await page.getByText('Phần này của ứng dụng chưa có trên máy.').waitFor();
    await page.getByText(OFFER).waitFor();
  }
  await bare.page.getByRole('button', { name: 'Dùng bản mới' }).click();
  await bare.page.locator('meta[name="app-version"][content="second"]').waitFor({ state: 'attached' });
  await page.getByRole('link', { name: 'Khác' }).click();
  await page.getByText('Chưa đặt mã PIN').waitFor();
  await page.getByRole('button', { name: 'Dùng bản mới' }).click();
  await page.locator('meta[name="app-version"][content="second"]').waitFor({ state: 'attached' });
  await page.getByText('Chưa đặt mã PIN').waitFor();
});

test('a browser that does not know the newest units of height shows the questions all the same', async () => {
  const other = stage.device('older');
  const older = await stage.start(other);
  await other.context.addInitScript(() => delete Navigator.prototype.serviceWorker);
  await other.page.route('**/*.css', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/\d+dvh/g, '1nosuch') });
  });
  await older.signIn('canbo.baovinh');
  await older.begin('lk_kho_khan');
  const { height } = await other.page.locator('.form-scroll').boundingBox();
  assert.ok(height > 200, `${height} px are left for the questions`);
});

test('a network answers for the script that starts the app: there is a way to try again', async () => {
  const other = stage.device('another');
  await other.start();
  const { page } = other;
  const scripts = '**/boot-*.js';
  await page.route(scripts, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Wi-Fi</title>' }));
  await page.goto(server.url);
  const again = page.getByRole('link', { name: 'Mở lại' });
  assert.equal(await again.isVisible(), false, 'not at once');
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
  await again.waitFor();
  await page.unroute(scripts);
  await again.click();
  await page.locator('input[name="name"]').waitFor();
});
