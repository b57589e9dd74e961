// Large files wait for Wi-Fi where a person wants it so and the browser tells what the line goes by; answers and small photos do
// not. They go once there is Wi-Fi, or the one time that a person sends them all the same.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { DESK } from '../harness/phone.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { workbook } from '../harness/workbook.mjs';
import { App } from '../pages/app.mjs';

const LARGE = 1024 * 1024;

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
const desk = stage.device('desk', DESK);
const pack = join(folder, 'pack');
/** Chunks of files that went up. */
let chunks = 0;
let app;

before(async () => {
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  workbook(join(pack, 'forms/ghi_hinh.xlsx'), {
    survey: [
      ['type', 'name', 'label'],
      ['text', 'ten', 'Tên cơ sở'],
      ['image', 'anh', 'Ảnh cơ sở'],
      ['video', 'phim', 'Phim'],
    ],
    settings: [['form_id', 'form_title', 'version'], ['lk_ghi_hinh', 'Ghi hình', '1']],
  });
  appendFileSync(join(pack, 'tables/forms.csv'), 'ghi_hinh,lk_ghi_hinh,1,Ghi hình,Ghi hình,inspection,Cán bộ,,,,1,,0,0\n');
  const server = await stage.serve(pack);
  await phone.start();
  // A phone with Android tells what its line goes by; this one tells what the journey says, in each page that is opened.
  await phone.context.addInitScript(() => {
    const line = new EventTarget();
    line.type = sessionStorage.getItem('line') ?? 'cellular';
    Object.defineProperty(navigator, 'connection', { value: line, configurable: true });
    window.goBy = (type) => {
      sessionStorage.setItem('line', type);
      line.type = type;
      line.dispatchEvent(new Event('change'));
    };
  });
  app = new App(phone, server);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  phone.page.on('request', (request) => {
    if (request.method() === 'PUT' && request.url().includes('/api/v1/blobs/')) chunks += 1;
  });
});

const choice = () => phone.page.locator('[data-large-files]');
const line = () => phone.page.locator('.standing-line');
const waits = () => line().getByText('1 tệp chỉ có trên máy này · 1 tệp lớn chờ Wi-Fi').waitFor();

/** A record with a small photo and a film of so many bytes; left, so that all that may go goes. */
async function film(name, size) {
  const path = join(folder, `${name}.webm`);
  writeFileSync(path, Buffer.alloc(size, name));
  const form = await app.begin('lk_ghi_hinh');
  const goTo = async (question) => { while (!(await form.question(question).count())) await form.next(); };
  await form.type('ten', name);
  await goTo('anh');
  await form.photograph('anh', picture(join(folder, `${name}.png`), 300 + name.length, 200));
  await goTo('phim');
  await form.question('phim').locator('input[type="file"]').last().setInputFiles(path);
  await form.question('phim').getByRole('button', { name: 'Mở', exact: true }).waitFor();
  await form.saved();
  await app.open('/');
}

test('where the browser does not tell what the line goes by, there is no such choice', async () => {
  const far = await stage.start(desk, 'canbo.longkhanh');
  await far.open('/more');
  await desk.page.locator('[data-storage-health] h3').waitFor();
  assert.equal(await desk.page.locator('[data-large-files]').count(), 0);
});

test('a large film waits for Wi-Fi, and the line on top says so, while answers and the photo are sent', async () => {
  await app.open('/more');
  await choice().getByRole('checkbox', { name: 'Tệp lớn: chỉ gửi qua Wi-Fi' }).check();
  await film('dài', LARGE + 1);
  await waits();
  assert.equal(chunks, 1, 'the photo went, the film did not');
  await app.open('/more');
  await choice().getByText('1 tệp lớn chờ Wi-Fi').waitFor();
  assert.ok(await choice().getByRole('checkbox').isChecked(), 'the choice is kept');
  await choice().scrollIntoViewIfNeeded();
  await phone.screenshot('by-wifi');
  assert.deepEqual(await faults(phone, 'large files wait'), []);
});

test('a film that is not large goes at once', async () => {
  await film('ngắn', LARGE);
  await waits();
  assert.ok(chunks >= 1 + 1 + 4, 'its chunks went up');
});

test('whoever sends it all the same sends it this once', async () => {
  await line().click();
  const sheet = phone.page.getByRole('dialog').filter({ visible: true });
  await sheet.getByText('1 tệp lớn chờ Wi-Fi').waitFor();
  await sheet.getByRole('button', { name: 'Gửi ngay' }).click();
  await app.allSent();
  await film('nữa', 2 * LARGE);
  await waits();
});

test('it goes by itself once the line is Wi-Fi', async () => {
  await phone.page.evaluate(() => window.goBy('wifi'));
  await app.allSent();
});
