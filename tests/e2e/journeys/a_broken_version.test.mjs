// A version that fails on this phone: the next one is one press away, wherever the person is stopped.
import { before, test } from 'node:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Release } from '../harness/release.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';

const stage = new Stage();
const { folder } = stage;
const deployed = join(folder, 'deployed');
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  mkdirSync(deployed);
  new Release('first', folder).deploy(deployed);
  server = await stage.server();
  server.app = deployed;
  await server.start();
  app = await stage.start(phone, 'canbo.longkhanh');
  await app.allSent();
});

/** Puts a version on the server, and waits until it waits on the phone. */
async function deploy(name) {
  new Release(name, folder).deploy(deployed);
  await until('the next version waits', () => phone.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    await registration.update();
    return Boolean(registration.waiting);
  }));
}

const isIn = (name) => phone.page.locator(`meta[name="app-version"][content="${name}"]`).waitFor({ state: 'attached' });

test('a version that traps as it starts: opening again opens the next one', async () => {
  const { page } = phone;
  await phone.context.addInitScript(() => {
    for (const [prototype, name] of [[Document.prototype, 'createElement'], [Document.prototype, 'createTextNode'], [Node.prototype, 'cloneNode']]) {
      const original = prototype[name];
      prototype[name] = function (...args) {
        const version = document.querySelector('meta[name="app-version"]')?.content;
        if (version === 'first' && /wasm/.test(new Error().stack)) throw new TypeError('broken by the test');
        return original.apply(this, args);
      };
    }
  });
  await app.open('/');
  await page.locator('#failure').waitFor();
  await page.getByRole('button', { name: 'Mở lại' }).click();
  await page.locator('#failure').waitFor();
  await isIn('first');
  await deploy('second');
  await page.getByRole('button', { name: 'Mở lại' }).click();
  await isIn('second');
  await page.locator('.today').waitFor();
});

test('a version that cannot open the store: the next one is offered beside that', async () => {
  const { page } = phone;
  await phone.context.addInitScript(() => {
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (...args) {
      const version = document.querySelector('meta[name="app-version"]')?.content;
      if (version === 'second') throw new DOMException('denied', 'SecurityError');
      return open.apply(this, args);
    };
  });
  await app.open('/');
  await page.getByRole('heading', { name: 'Máy này chưa lưu được dữ liệu' }).waitFor();
  await deploy('third');
  await page.getByRole('button', { name: 'Dùng bản mới' }).click();
  await isIn('third');
  await page.locator('.today').waitFor();
});
