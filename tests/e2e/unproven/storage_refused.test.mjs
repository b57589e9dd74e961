// Not run by `cargo xtask test`: whether a small quota bites depends on the machine's disk. Run it by hand.

// A phone that does not store: refused altogether, or full. It is said in words, before or at once, and nothing that
// was saved is lost.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '../harness/server.mjs';
import { Device, PHONE } from '../harness/phone.mjs';
import { Desk } from '../harness/desk.mjs';
import { picture } from '../harness/picture.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';

const folder = mkdtempSync(join(tmpdir(), 'sotay-journey-'));
const photo = picture(join(folder, 'photo.png'), 800, 600);
const phone = new Device('officer', folder, PHONE);
let server;
let app;

before(async () => {
  server = await Server.withPack(folder);
  await server.start();
  app = new App(phone, server);
  await phone.start();
});

after(async () => {
  await phone.kill();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
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

test('a full phone says NOT saved, of an answer and of a photo', async () => {
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await app.allSent();
  await server.stop();
  const form = await app.begin(FORM);
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.next();
  await form.choose('a1', 'chua_dat', 'Chưa đạt');
  await form.saved();
  await phone.close();

  // The browser asks only now and then how much room there is; a new process asks at its first write.
  await phone.start();
  await quota(1);
  await app.open('/');
  const full = await new FormPage(phone.page).ready();
  await full.question('a1_gc').locator('input, textarea').first().fill('Chữ này không lưu được');
  await phone.page.locator('.save-line[data-save="failed"]').waitFor();
  await phone.page.getByText('CHƯA lưu được. Máy đã đầy.').first().waitFor();
  await full.question('a1_anh').locator('input[type="file"]').first().setInputFiles(photo);
  await full.question('a1_anh').getByText('CHƯA lưu được. Máy đã đầy.').waitFor();
  await phone.screenshot('full');
});

test('killed while it is full: every earlier answer is there, and with room again filling goes on', async () => {
  await phone.kill();
  await phone.start();
  await app.open('/');
  const form = await new FormPage(phone.page).ready();
  assert.ok(await form.question('a1').locator('input[value="chua_dat"]').isChecked());
  await form.type('a1_gc', 'Chưa ban hành kế hoạch năm');
  await form.photograph('a1_anh', photo);
  await form.saved();
  await server.start();
  await phone.page.locator('.standing-line').click();
  await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await app.allSent();
  const [row] = await (await Desk.signIn(server)).rows(FORM);
  assert.equal(row['Người lập'], 'Nguyễn Thị Hoa');
});

/** How many bytes the app may keep; all that the disk has when none is given. */
async function quota(bytes) {
  const session = await phone.context.newCDPSession(phone.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: server.url, ...(bytes && { quotaSize: bytes }) });
}
