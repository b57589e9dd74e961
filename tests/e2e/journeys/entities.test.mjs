// What one record registers, the next form offers: without a network on the same phone, after a sync on another. The
// log that a form asks for goes out with its record, and a form begins with what the last record said.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { Desk } from '../harness/desk.mjs';
import { Stage } from '../harness/stage.mjs';
import { workbook } from '../harness/workbook.mjs';
import { App } from '../pages/app.mjs';

const REGISTER = {
  survey: [
    ['type', 'name', 'label', 'save_to', 'parameters', 'default', 'appearance'],
    ['begin_group', 'ho', 'Hộ dân', '', '', '', 'field-list'],
    ['text', 'ten', 'Chủ hộ', 'chu_ho', '', '', ''],
    ['text', 'xa', 'Xã', 'xa', '', '${last-saved#xa}', ''],
    ['end_group', '', '', '', '', '', ''],
    ['audit', 'audit', '', '', 'track-changes=true', '', ''],
  ],
  entities: [['list_name', 'label'], ['ho_dan', 'concat("Hộ ", ${ten})']],
  settings: [['form_id', 'form_title', 'version'], ['lk_dang_ky', 'Đăng ký hộ', '1']],
};
const VISIT = {
  survey: [
    ['type', 'name', 'label', 'appearance'],
    ['begin_group', 'tham', 'Thăm hộ', 'field-list'],
    ['select_one_from_file ho_dan.csv', 'ho', 'Hộ nào', ''],
    ['text', 'noi', 'Ghi chú', ''],
    ['end_group', '', '', ''],
  ],
  settings: [['form_id', 'form_title', 'version'], ['lk_tham_ho', 'Thăm hộ', '1']],
};

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
const other = stage.device('colleague');
let server;
let app;
let record;

before(async () => {
  const pack = join(folder, 'pack');
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  for (const [file, id, title, sheets] of [['dang_ky', 'lk_dang_ky', 'Đăng ký hộ', REGISTER], ['tham_ho', 'lk_tham_ho', 'Thăm hộ', VISIT]]) {
    workbook(join(pack, 'forms', `${file}.xlsx`), sheets);
    appendFileSync(join(pack, 'tables/forms.csv'), `${file},${id},1,${title},${title},inspection,Cán bộ,,,,2,,0,0\n`);
  }
  server = await stage.serve(pack);
  app = await stage.start(phone, 'canbo.longkhanh');
});

async function register(name, town) {
  const form = await app.begin('lk_dang_ky');
  await form.type('ten', name);
  if (town) await form.type('xa', town);
  const begun = await form.question('xa').locator('input').inputValue();
  await form.next();
  await phone.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await phone.page.waitForURL(/\/records\/[^/]+$/);
  record = phone.page.url().match(/records\/([^/]+)$/)[1];
  return begun;
}

test('without a network, households that were registered are offered by the form that visits them', async () => {
  await phone.context.setOffline(true);
  await register('Lan', 'Bảo Quang');
  assert.equal(await register('Hoa', ''), 'Bảo Quang', 'the second begins with the town of the first');
  const form = await app.begin('lk_tham_ho');
  await form.question('ho').locator('label.choice').first().waitFor();
  assert.deepEqual((await form.question('ho').locator('label.choice').allInnerTexts()).sort(), ['Hộ Hoa', 'Hộ Lan']);
});

test('the log of each record goes up with it', async () => {
  await phone.context.setOffline(false);
  await app.open('/');
  await app.allSent();
  const desk = await Desk.signIn(server);
  const acts = await desk.history(record);
  const written = acts.flatMap((act) => act.fields).filter((field) => field.path === 'meta/audit');
  assert.deepEqual(written.map((field) => field.value), ['audit.csv']);
});

test("a colleague's phone offers them after its first sync, without a network too", async () => {
  await other.start();
  const theirs = new App(other, server);
  await theirs.signIn('canbo.longkhanh');
  await theirs.readyForOffline();
  await theirs.open('/records');
  await other.page.locator('.record-row').nth(1).waitFor();
  await other.context.setOffline(true);
  const form = await theirs.begin('lk_tham_ho');
  await form.choose('ho', await inputOf(form, 'Hộ Lan'), 'Hộ Lan');
  await form.saved();
});

/** What is stored for a choice. */
const inputOf = (form, label) =>
  form.question('ho').locator('label.choice').filter({ hasText: label }).locator('input').getAttribute('value');
