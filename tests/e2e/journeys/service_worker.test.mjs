// What the service worker may keep and answer: the files of one version, each with its own bytes, and nothing else.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Release } from '../harness/release.mjs';
import { speaker } from '../harness/server.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const OFFER = 'Có bản mới của ứng dụng.';

const stage = new Stage();
const { folder } = stage;
const deployed = join(folder, 'deployed');
const phone = stage.device('officer');
let first;
let second;
let third;
let server;
let app;
/** What is open last. */
let tab;

before(async () => {
  first = new Release('first', folder);
  second = new Release('second', folder);
  third = new Release('third', folder);
  mkdirSync(deployed);
  first.deploy(deployed);
  server = await stage.server();
  server.app = deployed;
  await server.start();
  app = await stage.start(phone, 'canbo.longkhanh');
  await app.allSent();
  // From here on the worker is in charge of the page.
  await app.open('/');
  await app.readyForOffline();
});

/** Every cache with the path, kind and SHA-256 of each answer in it. */
function caches() {
  return phone.page.evaluate(async () => {
    const found = {};
    for (const name of await window.caches.keys()) {
      const cache = await window.caches.open(name);
      found[name] = {};
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.arrayBuffer()));
        const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
        found[name][new URL(request.url).pathname] = `${request.method} ${answer.type} ${answer.status} ${hash}`;
      }
    }
    return found;
  });
}

/** What the caches hold when they hold these versions and nothing else. */
function only(...releases) {
  const whole = ({ kept }) => Object.fromEntries(Object.entries(kept).map(([path, hash]) => [path, `GET basic 200 ${hash}`]));
  return releases.map(whole);
}

/** The page's own request, as status and SHA-256 of the answer; the error's name when there is none. */
function ask(method, path, options = {}) {
  return phone.page.evaluate(async ([method, path, options]) => {
    try {
      const answer = await fetch(path, { method, ...options });
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.arrayBuffer()));
      return [answer.status, Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')];
    } catch (error) {
      return [error.name];
    }
  }, [method, path, options]);
}

/** The new worker takes over, and the old page stays. */
function takeOver() {
  return phone.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const changed = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
    registration.waiting.postMessage('take-over');
    await changed;
  });
}

test('the phone keeps one version, whole, and not what only the system asks for', async () => {
  assert.deepEqual(Object.values(await caches()), only(first));
  assert.ok(first.codes.length > 0, 'and what reads codes, unasked: this browser reads none');
  assert.ok(!('/icons/icon-512.png' in first.kept));
  assert.equal((await ask('GET', '/icons/icon-512.png'))[0], 200, 'it is there for whoever is online');
});

test('answers of the API, errors and answers of other sites are never kept', async () => {
  const other = createServer((_, answer) => answer.end('of another site'));
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  assert.equal((await ask('GET', '/api/v1/pack', { headers: speaker('canbo.longkhanh') }))[0], 200);
  await ask('GET', '/healthz');
  assert.equal((await ask('GET', '/no-such-file.js'))[0], 404);
  await ask('GET', `http://127.0.0.1:${other.address().port}/`, { mode: 'no-cors' });
  await server.stop();
  await ask('GET', '/also-not-there.js');
  await server.start();
  other.closeAllConnections();
  other.close();
  assert.deepEqual(Object.values(await caches()), only(first));
});

test('only GET is answered from the phone', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
    const [status] = await ask(method, '/index.html');
    assert.equal(status, method === 'HEAD' ? 200 : 405, `${method} reaches the server`);
  }
  await server.stop();
  assert.deepEqual(await ask('GET', '/index.html'), [200, first.hashes['/index.html']]);
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
    assert.deepEqual(await ask(method, '/index.html'), ['TypeError'], `${method} is not answered without a server`);
  }
});

test('the server comes back with a new version: it is offered in the open form, without a reload', async () => {
  const form = await app.begin('lk_kho_khan');
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.saved();
  second.deploy(deployed);
  await server.start();
  await phone.page.locator('.standing-line').click();
  await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await phone.page.getByText(OFFER).waitFor();
  assert.equal(await form.question('tom_tat').locator('input, textarea').first().inputValue(), 'Thiếu kinh phí tập huấn');
  const held = Object.values(await caches());
  assert.equal(held.length, 2);
  for (const version of only(first, second)) assert.ok(held.some((other) => JSON.stringify(sorted(other)) === JSON.stringify(sorted(version))));
});

test('a page of the old version never gets a byte of the new one under a name of its own', async () => {
  const own = Object.keys(first.kept).filter((path) => path !== '/index.html');
  for (const path of own) assert.deepEqual(await ask('GET', path), [200, first.hashes[path]]);
  await takeOver();
  for (const path of own) {
    const [status, hash] = await ask('GET', path);
    const isCode = /\.(js|wasm|css)$/.test(path);
    assert.ok(status === 404 || hash === first.hashes[path] || !isCode, `${path} is the old version's or nobody's`);
  }
  await server.stop();
  await phone.page.reload();
  const form = await new FormPage(phone.page).ready();
  assert.equal(await phone.page.locator('meta[name="app-version"]').getAttribute('content'), 'second');
  assert.equal(await form.question('tom_tat').locator('input, textarea').first().inputValue(), 'Thiếu kinh phí tập huấn');
  await phone.close();
  await phone.start();
  await app.open('/');
  await new FormPage(phone.page).ready();
  await until('the old version is gone', async () => Object.keys(await caches()).length === 1);
  assert.deepEqual(Object.values(await caches()), only(second));
});

test('what only a desk needs comes when somebody opens it, stays, and comes along with the next version', async () => {
  const asked = () => phone.page.getByText('Phần này của ứng dụng chưa có trên máy.');
  const tried = () => phone.page.getByRole('heading', { name: 'Chạy thử mẫu phiếu' });
  await app.open('/forms/preview');
  await asked().waitFor();
  await server.start();
  await phone.page.getByRole('button', { name: 'Thử lại' }).click();
  await tried().waitFor();
  const whole = ({ listed }) => Object.fromEntries(Object.entries(listed).map(([path, hash]) => [path, `GET basic 200 ${hash}`]));
  await until('the part is kept', async () => isDeepStrictEqual(Object.values(await caches()), [whole(second)]));
  await server.stop();
  await phone.page.reload();
  await tried().waitFor();
  third.deploy(deployed);
  await server.start();
  await phone.page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await until('the next version is whole', async () => {
    return Object.values(await caches()).some((held) => isDeepStrictEqual(sorted(held), sorted(whole(third))));
  });
});

test('a window that is opened does not take the files away from one that an older version still runs in', async () => {
  const { page, context } = phone;
  const versionOf = (window, name) => window.locator(`meta[name="app-version"][content="${name}"]`).waitFor({ state: 'attached' });
  const left = await context.newPage();
  await left.goto(server.url);
  await versionOf(left, 'second');
  await until('the next version waits', () => page.evaluate(async () => Boolean((await navigator.serviceWorker.ready).waiting)));
  await takeOver();
  await page.goto('about:blank');
  const opened = await context.newPage();
  await opened.goto(server.url);
  await versionOf(opened, 'third');
  await opened.locator('.form-view, .today').first().waitFor();
  const held = () => opened.evaluate(() => caches.keys());
  assert.equal((await held()).length, 2, 'both versions are here');
  await left.close();
  await opened.reload();
  await until('the older version is gone', async () => (await held()).length === 1);
  tab = opened;
});

test('of the versions that nobody takes only the newest stays beside the one in charge', async () => {
  const held = () => tab.evaluate(() => caches.keys());
  for (const [name, count] of [['fourth', 2], ['fifth', 3]]) {
    new Release(name, folder).deploy(deployed);
    await tab.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await until('it waits', () => tab.evaluate(async (count) =>
      (await caches.keys()).length === count && !(await navigator.serviceWorker.ready).installing, count));
  }
  await tab.reload();
  await until('the one between is gone', async () => (await held()).length === 2);
  await tab.getByText(OFFER).waitFor();
});

test('what the browser threw away is kept again when it is asked for, the page itself too', async () => {
  third.deploy(deployed);
  await tab.evaluate(async () => Promise.all((await caches.keys()).map((name) => caches.delete(name))));
  const opens = async () => {
    await tab.reload();
    await tab.locator('.form-view, .today').first().waitFor();
  };
  await opens();
  await until('the page is here', () => tab.evaluate(async () => Boolean(await caches.match('/index.html'))));
  await server.stop();
  await opens();
});

function sorted(entries) {
  return Object.fromEntries(Object.entries(entries).sort());
}
