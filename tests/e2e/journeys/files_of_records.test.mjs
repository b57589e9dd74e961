// Files of a record on another device than the one that they were made on: sounds are heard, documents saved, pictures seen; and
// whatever comes late is not shown in place of what is newer.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { downloaded } from '../harness/downloads.mjs';
import { DESK } from '../harness/phone.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { workbook } from '../harness/workbook.mjs';
import { FormPage } from '../pages/form.mjs';

const CERTIFICATE = '%PDF-1.4 giấy chứng nhận';
const NOT_HERE = 'Ảnh chưa có trên máy này';
const BLOBS = '**/api/v1/blobs/**';

const stage = new Stage();
const { folder } = stage;
const officer = stage.device('officer');
const desk = stage.device('desk', DESK);
const pack = join(folder, 'pack');
let phone;
let far;
let record;

before(async () => {
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  workbook(join(pack, 'forms/ho_so.xlsx'), {
    survey: [
      ['type', 'name', 'label'],
      ['text', 'ten', 'Tên cơ sở'],
      ['file', 'giay', 'Giấy chứng nhận'],
      ['audio', 'loi_ke', 'Lời kể'],
      ['image', 'anh', 'Ảnh cơ sở'],
    ],
    settings: [['form_id', 'form_title', 'version'], ['lk_ho_so', 'Hồ sơ', '1']],
  });
  appendFileSync(join(pack, 'tables/forms.csv'), 'ho_so,lk_ho_so,1,Hồ sơ,Hồ sơ,inspection,Cán bộ,,,,1,,0,0\n');
  await stage.serve(pack);
  phone = await stage.start(officer, 'canbo.longkhanh');
  far = await stage.start(desk, 'canbo.longkhanh');
});

const file = (name, bytes) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
/** Half a second of silence. */
const silence = () => {
  const bytes = Buffer.alloc(44 + 4000, 128);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 4000, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE(8000, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(4000, 40);
  return bytes;
};
const answer = (path) => desk.page.locator(`.answer[data-path="${path}"]`);

test('a record with a document, a sound and a picture goes to the server', async () => {
  const form = await phone.begin('lk_ho_so');
  const goTo = async (name) => { while (!(await form.question(name).count())) await form.next(); };
  await form.type('ten', 'Cơ sở Hòa Bình');
  await goTo('giay');
  await form.question('giay').locator('input[type="file"]').setInputFiles(file('giay.pdf', CERTIFICATE));
  await form.question('giay').getByRole('button', { name: 'Lưu tệp về máy' }).waitFor();
  await goTo('loi_ke');
  await form.question('loi_ke').locator('input[type="file"]').setInputFiles(file('ke.wav', silence()));
  await form.question('loi_ke').getByRole('button', { name: 'Mở', exact: true }).waitFor();
  await goTo('anh');
  await form.photograph('anh', picture(join(folder, 'co_so.png'), 300, 200));
  await form.saved();
  [, record] = officer.page.url().match(/records\/([0-9a-f]{32})/);
  await phone.open('/');
  await phone.allSent();
});

test('elsewhere the sound is heard, the document saved, and a picture that did not come is there once there is a network', async () => {
  await far.open('/records');
  await desk.page.locator('a[href*="/records/"]').filter({ hasText: 'Hồ sơ' }).first().waitFor();
  await desk.page.route(BLOBS, (route) => route.abort());
  await far.open(`/records/${record}`);
  await answer('anh').getByText(NOT_HERE).waitFor();
  await answer('giay').getByRole('button', { name: 'Lưu tệp về máy' }).click();
  await answer('giay').getByText('Tệp chưa có trên máy này').waitFor();
  await desk.page.unroute(BLOBS);
  await desk.context.setOffline(true);
  await desk.context.setOffline(false);
  await answer('anh').locator('img').waitFor();
  const saved = await downloaded(desk, join(folder, 'saved'), () =>
    answer('giay').getByRole('button', { name: 'Lưu tệp về máy' }).click());
  assert.equal(readFileSync(saved, 'utf8'), CERTIFICATE);
  await answer('loi_ke').getByRole('button', { name: 'Mở', exact: true }).click();
  const audio = answer('loi_ke').locator('audio');
  await until('the sound can be heard', () => audio.evaluate((audio) => audio.readyState > 0 && !audio.error));
  await desk.screenshot('files-of-record');
  assert.deepEqual(await faults(desk, 'files of a record'), []);
});

test('a picture that comes after a newer one was taken is not shown in its place', async () => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  let asked = 0;
  await desk.page.route(BLOBS, async (route) => {
    asked += 1;
    await held;
    await route.continue();
  });
  await far.open(`/records/${record}/edit`);
  const form = await new FormPage(desk.page).ready();
  while (!(await form.question('anh').count())) await form.next();
  await until('the old one is asked for', () => asked > 0);
  const came = desk.page.waitForResponse(BLOBS);
  await form.question('anh').locator('input[type="file"]').first().setInputFiles(picture(join(folder, 'moi.png'), 120, 90));
  const image = form.question('anh').locator('img').first();
  const width = () => image.evaluate((image) => image.naturalWidth);
  await until('the new one is shown', async () => (await width()) === 120);
  release();
  await (await came).finished();
  await form.saved();
  assert.equal(await width(), 120);
});
