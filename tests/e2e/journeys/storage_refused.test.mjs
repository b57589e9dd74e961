// A phone whose browser refuses to store, or forgets with the window: it is said in words before a person can type.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Stage } from '../harness/stage.mjs';
import { App } from '../pages/app.mjs';

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
let server;

before(async () => {
  server = await stage.serve();
  await phone.start();
});

/** What a browser does that keeps no data: it throws at once, or the request fails. */
const REFUSALS = {
  'throws an exception': () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
  },
  'answers with an error': () => {
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (name, version) {
      const request = open.call(this, `${name}-refused`, version);
      request.addEventListener('upgradeneeded', (event) => {
        event.stopImmediatePropagation();
        request.transaction.abort();
      });
      return request;
    };
  },
};

for (const [how, refuse] of Object.entries(REFUSALS)) {
  test(`storage that ${how} is named in words before a person can type`, async () => {
    const page = await phone.context.newPage();
    await page.addInitScript(refuse);
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'Máy này chưa lưu được dữ liệu' }).waitFor();
    await page.getByText('Đừng nhập gì trước khi lỗi này hết.').waitFor();
    assert.equal(await page.locator('input, textarea').count(), 0, 'there is nothing to type into');
    await page.getByRole('button', { name: 'Thử lại' }).waitFor();
    await page.screenshot({ path: join(folder, 'refused.png') });
    await page.close();
  });
}

test('a window that looks private says so where a record is begun, and in the form', async () => {
  // As Safari's and Firefox' private windows do.
  await phone.context.addInitScript(() => {
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('', 'SecurityError'));
  });
  const app = new App(phone, server);
  await app.signIn('canbo.longkhanh');
  await app.open('/fill');
  const warning = phone.page.getByText('có vẻ là cửa sổ riêng tư').filter({ visible: true });
  await warning.waitFor();
  await app.begin('lk_kho_khan');
  await warning.waitFor();
  const interrupts = await warning.evaluate((text) => Boolean(text.closest('[role="alert"]')));
  assert.equal(interrupts, false, 'it stands there, and interrupts nothing');
});
