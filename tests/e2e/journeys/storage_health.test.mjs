// How safe the work on a phone is, told to the person: what a phone that is lost now would take along, what the server and its
// backups hold, and that the phone is almost full before it is. What a backup holds makes room; nothing else does.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { picture } from '../harness/picture.mjs';
import { quota } from '../harness/quota.mjs';
import { Stage } from '../harness/stage.mjs';
import { rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone, 'canbo.longkhanh');
  await app.allSent();
});

const health = () => phone.page.locator('[data-storage-health]');

async function more() {
  await app.open('/more');
  await health().locator('h3').waitFor();
}

const told = (text) => health().getByText(text).waitFor();

/** A record with an answer, and with a photo of its own if asked for; left, and not sent by anybody. */
async function fill(name, photo) {
  const form = await app.begin(FORM);
  await form.type('nguoi_lap', name);
  if (photo) {
    await form.next();
    await form.choose('a1', 'chua_dat', 'Chưa đạt');
    await form.photograph('a1_anh', picture(join(folder, `${photo}.png`), 640 + photo, 480));
  }
  await form.saved();
  // It is counted a moment after it was saved; until then everything seems to be sent.
  await phone.page.locator('[data-unsent]:not([data-unsent="0"])').first().waitFor({ state: 'attached' });
}

async function send() {
  await phone.page.locator('.standing-line').click();
  await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await phone.page.keyboard.press('Escape');
  await app.allSent();
}

async function backUp() {
  await server.command('backup', join(folder, 'backup'));
}

const speak = (language) => phone.page.locator(`input[name="app-language"][value="${language}"]`).check({ force: true });

const files = async () => (await rowsOf(phone.page, 'blobmeta')).length;

test('a phone that holds no work of its own says so, and how it is kept', async () => {
  await more();
  await told('Không mất gì: máy chủ có tất cả.');
  await told('chưa cài');
  // The browser takes its time to tell how much room there is.
  await until('the room is told', async () => /Còn được dùng\s+[\d.,]+ (MB|GB)/.test(await health().locator('dl').innerText()));
  await health().scrollIntoViewIfNeeded();
  await phone.screenshot('storage-health');
  assert.deepEqual(await faults(phone, 'storage health'), []);
});

test('what only this phone has is told with its hour, what the server has and no backup too', async () => {
  await server.stop();
  await fill('Nguyễn Thị Hoa', 1);
  await more();
  await told(/^Mất 1 hồ sơ và 1 tệp \([\d.,]+ KB\), làm từ .*\d\d:\d\d/);
  await health().locator('h3').scrollIntoViewIfNeeded();
  await phone.screenshot('storage-health-unsent');
  await server.start();
  await send();
  await told('Không mất gì: máy chủ có tất cả.');
  await told('1 hồ sơ máy chủ đã nhận, chưa có trong bản sao lưu; máy này còn giữ.');
  await backUp();
  await send();
  await told('Mọi dữ liệu máy chủ đã nhận đều có trong bản sao lưu.');
  await speak('en');
  await told('All that the server received is in a backup.');
  await phone.page.emulateMedia({ colorScheme: 'dark' });
  await health().locator('h3').scrollIntoViewIfNeeded();
  await phone.screenshot('storage-health-en-dark');
  await phone.page.emulateMedia({ colorScheme: 'light' });
  await speak('vi');
});

test('little room is said where a record is begun and where a photo is taken, while both still work', async () => {
  // The backup proves the photo only once later work is in one. Without a server it stays here until it was seen to be counted.
  await server.stop();
  await fill('Trần Văn Bình');
  await server.start();
  await send();
  await backUp();
  await more();
  await send();
  await told('Mọi dữ liệu máy chủ đã nhận đều có trong bản sao lưu.');
  await server.stop();
  await fill('Lê Thị Cúc', 2);
  assert.equal(await files(), 2);
  const { usage } = await phone.page.evaluate(() => navigator.storage.estimate());
  await quota(phone, server.url, usage + 20 * 1024 * 1024);
  await app.open('/fill');
  await phone.page.getByText('Máy sắp đầy: còn dưới 64 MB').waitFor();
  await phone.screenshot('low-space');
  assert.deepEqual(await faults(phone, 'low space'), []);
  await app.open('/');
  await new FormPage(phone.page).ready();
  await phone.page.getByText('Máy sắp đầy: còn dưới 64 MB').waitFor();
  await phone.screenshot('low-space-form');
});

test('then what a backup holds makes room by itself, and what only this phone has stays', async () => {
  await until('the photo that a backup holds is gone', async () => (await files()) === 1);
  const form = await new FormPage(phone.page).ready();
  await form.question('a1_anh').locator('img').first().waitFor();
  await server.start();
  await quota(phone, server.url);
  await send();
  // Whoever looks at the photo that was given away gets it from the server.
  await app.open('/records');
  await phone.page.locator('main .record-row').last().click();
  await phone.page.locator('.record .thumbnail img, .record img').first().waitFor();
});
