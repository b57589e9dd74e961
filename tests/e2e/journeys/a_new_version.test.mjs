// A new version of the app while a form is open: offered, taken when the person says so, never mixed with the old one.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Desk } from '../harness/desk.mjs';
import { Release, sha256 } from '../harness/release.mjs';
import { Stage } from '../harness/stage.mjs';
import { until, within } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';
const OFFER = 'Có bản mới của ứng dụng.';

const stage = new Stage();
const { folder } = stage;
const deployed = join(folder, 'deployed');
const phone = stage.device('officer');
const loaded = [];
let first;
let second;
let server;
let app;

before(async () => {
  first = new Release('first', folder);
  second = new Release('second', folder);
  mkdirSync(deployed);
  first.deploy(deployed);
  server = await stage.server();
  server.app = deployed;
  await server.start();
  app = await stage.start(phone);
  listen();
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
});

/**
 * Notes the bytes of whatever the page loads to the end. What a page that is left was still loading never ends: its
 * bytes would be waited for in vain.
 */
function listen() {
  phone.page.on('requestfinished', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin !== server.url || pathname.startsWith('/api/') || pathname === '/sw.js') return;
    const path = request.isNavigationRequest() ? '/index.html' : pathname;
    const bytes = request.response().then((response) => response.body());
    loaded.push({ path, hash: within(`the bytes of ${path}`, bytes).then(sha256, () => null) });
  });
}

/** Each file of the app that the page loaded since the last call has the bytes of this version. */
async function everyFileIs(release) {
  const { hashes } = release;
  const found = new Set();
  for (const { path, hash } of loaded.splice(0)) {
    if ((await hash) === null) continue;
    assert.ok(path in hashes, `${path} is a file of the version ${release.name}`);
    assert.equal(await hash, hashes[path], `${path} has the bytes of the version ${release.name}`);
    found.add(path.split('.').pop());
  }
  for (const kind of ['html', 'css', 'js', 'wasm']) assert.ok(found.has(kind), `the page loaded its ${kind}`);
  assert.equal(await phone.page.locator('meta[name="app-version"]').getAttribute('content'), release.name);
}

/** What the browser does by itself at each start and once a day. `false` if the new version was refused. */
async function lookForUpdate() {
  await phone.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
  });
  const state = await until('the new version is installed or refused', () => phone.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    if (registration.installing) return null;
    return registration.waiting ? 'waits' : 'refused';
  }));
  return state === 'waits';
}

test('the app starts from the phone, whole, in its first version', async () => {
  await app.open('/');
  loaded.length = 0;
  await app.open('/');
  await app.readyForOffline();
  await everyFileIs(first);
  const form = await app.begin(FORM);
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.saved();
});

test('a version that is only half on the server is not offered, and the form stays', async () => {
  second.deploy(deployed, (file) => !/\.wasm$/.test(file));
  assert.equal(await lookForUpdate(), false);
  assert.equal(await phone.page.getByText(OFFER).count(), 0);
  loaded.length = 0;
  await phone.page.reload();
  const form = await new FormPage(phone.page).ready();
  assert.equal(await form.question('tom_tat').locator('input, textarea').first().inputValue(), 'Thiếu kinh phí tập huấn');
  await everyFileIs(first);
});

test('the whole new version is offered while the form is open, and not taken before the person agrees', async () => {
  second.deploy(deployed);
  // The reload may have looked for it already.
  await until('the new version waits', async () => (await lookForUpdate()) || phone.page.getByText(OFFER).count());
  await phone.page.getByText(OFFER).waitFor();
  await phone.screenshot('new-version');
  loaded.length = 0;
  await phone.page.reload();
  await new FormPage(phone.page).ready();
  await everyFileIs(first);
  await phone.page.getByText(OFFER).waitFor();
});

test('the person agrees in the middle of a word, and of a file that is being kept: the new version opens with the form and every answer', async () => {
  const form = new FormPage(phone.page);
  const address = phone.page.url();
  // The file is held up where it is read.
  const path = join(folder, 'tai_lieu.txt');
  writeFileSync(path, 'Tài liệu kèm theo');
  await phone.page.evaluate(() => {
    const read = Blob.prototype.arrayBuffer;
    const allowed = new Promise((allow) => { window.allow = allow; });
    Blob.prototype.arrayBuffer = async function held() {
      await allowed;
      return read.call(this);
    };
  });
  await form.question('tep').locator('input[type="file"]').setInputFiles(path);
  await form.question('tep').getByText('Đang lưu tệp').waitFor();
  loaded.length = 0;
  // Not left, not saved yet: the last keys are on the screen only.
  await form.question('kien_nghi').locator('textarea, input').first().pressSequentially('Bố trí kinh phí');
  const take = phone.page.getByRole('button', { name: 'Dùng bản mới' });
  await take.click();
  await until('it is pressed once', () => take.isDisabled());
  await phone.page.evaluate(() => window.allow());
  await phone.page.locator('meta[name="app-version"][content="second"]').waitFor({ state: 'attached' });
  await form.ready();
  await everyFileIs(second);
  assert.equal(phone.page.url().split('?')[0], address.split('?')[0]);
  const answer = (name) => form.question(name).locator('input, textarea').first().inputValue();
  assert.equal(await answer('tom_tat'), 'Thiếu kinh phí tập huấn');
  assert.equal(await answer('kien_nghi'), 'Bố trí kinh phí');
  await form.question('tep').locator('.stored-file').waitFor();
  assert.equal(await phone.page.getByText(OFFER).count(), 0);
});

test('the new version works offline from a cold start, and sends what the old one saved', async () => {
  await server.stop();
  await phone.close();
  await phone.start();
  listen();
  await app.open('/');
  await new FormPage(phone.page).ready();
  await everyFileIs(second);
  const caches = await phone.page.evaluate(() => caches.keys());
  assert.equal(caches.length, 1, `the old version is gone: ${caches}`);
  await server.start();
  await phone.page.locator('.standing-line').click();
  await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await app.allSent();
  const [row] = await (await Desk.signIn(server)).rows(FORM);
  assert.equal(row['Kiến nghị, đề xuất'], 'Bố trí kinh phí');
});
