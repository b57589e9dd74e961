// A phone that fills up in the middle of a form: it is said in words at once, what was typed stays and is saved when there
// is room, and nothing that was saved is lost.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Desk } from '../harness/desk.mjs';
import { picture } from '../harness/picture.mjs';
import { fillUp, quota } from '../harness/quota.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';
const UNSAVED = 'Chữ này chưa có chỗ để lưu';

const stage = new Stage();
const { folder } = stage;
const photo = picture(join(folder, 'photo.png'), 800, 600);
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone);
});

test('a phone that fills up in the middle of a form says NOT saved, of an answer and of a photo', async () => {
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await app.allSent();
  await server.stop();
  const form = await app.begin(FORM);
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.next();
  await form.choose('a1', 'chua_dat', 'Chưa đạt');
  await form.saved();

  await fillUp(phone, server.url);
  await form.question('a1_gc').locator('input, textarea').first().fill(UNSAVED);
  await phone.page.locator('.save-line[data-save="failed"]').waitFor();
  await phone.page.getByText('CHƯA lưu được. Máy đã đầy.').first().waitFor();
  const pictured = form.question('a1_anh');
  const notKept = pictured.getByText('CHƯA lưu được. Máy đã đầy.');
  await pictured.locator('input[type="file"]').first().setInputFiles(photo);
  await notKept.waitFor();
  // Whoever does not want it any more says so, and takes another one.
  await pictured.getByRole('button', { name: 'Bỏ, không lưu tệp này' }).click();
  await notKept.waitFor({ state: 'detached' });
  await pictured.locator('input[type="file"]').first().setInputFiles(photo);
  await notKept.waitFor();
  await phone.screenshot('full');
});

test('what could not be saved stays on the screen, from page to page, and is saved by itself once there is room', async () => {
  const form = new FormPage(phone.page);
  const heading = await form.heading();
  await form.next();
  await phone.page.locator('.form-foot').getByRole('button', { name: 'Trước' }).click();
  await until('the page is back', async () => (await form.heading()) === heading);
  assert.equal(await note(form), UNSAVED);
  await phone.page.locator('.save-line[data-save="failed"]').waitFor();
  // Nobody signs twice for want of room: the sheet stays open, with the ink on it, until it is kept; and so is the photo.
  await form.goTo('Kết luận và ký xác nhận');
  await until('the page is there', async () => (await form.heading()).includes('Kết luận và ký xác nhận'));
  const pad = await form.draw('ky_doan');
  const ink = () => pad.evaluate((canvas) => canvas.toDataURL());
  const drawn = await ink();
  const keep = phone.page.getByRole('button', { name: 'Dùng chữ ký này' });
  await keep.click();
  await phone.page.getByRole('dialog').getByText('CHƯA lưu được. Máy đã đầy.').waitFor();
  assert.equal(await ink(), drawn);
  await quota(phone, server.url);
  await form.saved();
  await form.question('ky_doan').locator('img').first().waitFor();
  await form.goTo(heading);
  await form.question('a1_anh').locator('img').first().waitFor();
  await form.saved();
  assert.equal(await phone.page.getByText('CHƯA lưu được').count(), 0, 'the warning is gone');
});

test('killed then: every answer is there, and filling goes on', async () => {
  await phone.kill();
  await phone.start();
  await app.open('/');
  const form = await new FormPage(phone.page).ready();
  await form.goTo('A. Chỉ đạo');
  assert.ok(await form.question('a1').locator('input[value="chua_dat"]').isChecked());
  assert.equal(await note(form), UNSAVED);
  await form.question('a1_anh').locator('img').first().waitFor();
  await server.start();
  await phone.page.locator('.standing-line').click();
  await phone.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await app.allSent();
  const [row] = await (await Desk.signIn(server)).rows(FORM);
  assert.equal(row['Người lập'], 'Nguyễn Thị Hoa');
});

function note(form) {
  return form.question('a1_gc').locator('input, textarea').first().inputValue();
}
