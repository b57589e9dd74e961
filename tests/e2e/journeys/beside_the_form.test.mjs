// A form with files beside it: a picture in a label, pictures to choose from, a sound, and lists of thousands of rows. They come
// after the forms, are gone on with where the line broke, and are all there when there is no network. A record whose photo
// never came from ODK Collect says so, until it comes.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { workbook } from '../harness/workbook.mjs';

const HAMLETS = 30_000;
const SHEETS = {
  survey: [
    ['type', 'name', 'label', 'appearance', 'media::image', 'media::audio', 'calculation', 'choice_filter'],
    ['begin_group', 'noi', 'Nơi kiểm tra', 'field-list', '', '', '', ''],
    ['note', 'xem', 'Bảng hướng dẫn', '', 'bang.png', 'doc.wav', '', ''],
    ['select_one cay', 'cay', 'Cây gì', '', '', '', '', ''],
    ['select_one cay', 'cay_gon', 'Cây gì, gọn', 'minimal', '', '', '', ''],
    ['select_multiple cay', 'cac_cay', 'Các cây, gọn', 'minimal', '', '', '', ''],
    ['select_one_from_file ap.csv', 'ap', 'Ấp nào', 'minimal autocomplete', '', '', '', 'xa = "bq"'],
    ['calculate', 'nguoi', '', '', '', '', "pulldata('dan_so', 'nguoi', 'name', ${ap})", ''],
    ['note', 'noi_nguoi', 'Ấp có ${nguoi} người', '', '', '', '', ''],
    ['end_group', '', '', '', '', '', '', ''],
  ],
  choices: [
    ['list_name', 'name', 'label', 'media::image', 'media::audio', 'media::big-image'],
    ['cay', 'xoai', '**Xoài**', 'xoai.png', 'doc.wav', 'bang.png'],
    ['cay', 'buoi', 'Bưởi', 'buoi.png', '', ''],
  ],
  settings: [['form_id', 'form_title', 'version'], ['lk_ap', 'Kiểm tra ấp', '1']],
};
const PHOTO = {
  survey: [
    ['type', 'name', 'label'],
    ['image', 'anh', 'Ảnh hiện trường'],
    ['text', 'ghi', 'Ghi chú'],
  ],
  settings: [['form_id', 'form_title', 'version'], ['lk_anh', 'Ảnh', '1']],
};

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
const asked = [];
let server;
let app;

before(async () => {
  const pack = join(folder, 'pack');
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  for (const [file, id, title, sheets] of [['ap', 'lk_ap', 'Kiểm tra ấp', SHEETS], ['anh', 'lk_anh', 'Ảnh', PHOTO]]) {
    workbook(join(pack, 'forms', `${file}.xlsx`), sheets);
    appendFileSync(join(pack, 'tables/forms.csv'), `${file},${id},1,${title},${title},inspection,Cán bộ,,,,2,,0,0\n`);
  }
  const beside = join(pack, 'forms/ap-media');
  mkdirSync(beside);
  const hamlets = Array.from({ length: HAMLETS }, (_, at) => `a${at},Ấp số ${at} xã Bảo Quang,${at % 2 ? 'bq' : 'bv'}`);
  writeFileSync(join(beside, 'ap.csv'), ['name,label,xa', ...hamlets, ''].join('\n'));
  const people = Array.from({ length: HAMLETS }, (_, at) => `a${at},${1000 + at}`);
  writeFileSync(join(beside, 'dan_so.csv'), ['name,nguoi', ...people, ''].join('\n'));
  // One as high as a picture may stand.
  ['bang', 'xoai', 'buoi'].forEach((name, at) => picture(join(beside, `${name}.png`), 48, name === 'xoai' ? 400 : 32 + at));
  writeFileSync(join(beside, 'doc.wav'), sound());
  server = await stage.serve(pack);
  app = await stage.start(phone);
});

/** A tenth of a second of silence. */
function sound() {
  const [rate, count] = [8_000, 800];
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + count, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(count, 40);
  return Buffer.concat([head, Buffer.alloc(count, 128)]);
}

const row = () => phone.page.locator('[data-form="lk_ap"]').filter({ hasText: 'Kiểm tra ấp' });

test('as long as a list is not whole here, the phone does not say that it may go offline, and names what is missing', async () => {
  await phone.page.route('**/api/v1/form-files/**', (route) => {
    const [hash, piece] = route.request().url().split('/').slice(-2);
    asked.push(`${hash}/${piece}`);
    return Number(piece) > 0 ? route.abort() : route.continue();
  });
  await app.signIn('canbo.longkhanh');
  await phone.page.locator('[data-files-missing="2"]').waitFor();
  assert.equal(await phone.page.locator('[data-forms-held]').count(), 0);
  await app.open('/fill');
  assert.match(await row().innerText(), /Còn thiếu 2 tệp/);
  const form = await app.begin('lk_ap');
  const told = phone.page.locator('.form-page .banner');
  assert.match(await told.innerText(), /Máy này chưa có: ap\.csv, dan_so\.csv/);
  await form.choose('cay', 'xoai', 'Xoài');
  await form.saved();
  await phone.screenshot('beside-missing');
  await phone.page.locator('.form-head button').first().click();
  await phone.page.getByRole('link', { name: 'Hôm nay' }).first().click();
  await phone.page.locator('[data-files-missing="2"]').waitFor();
});

test('the next talk with the server goes on with the pieces that are missing', async () => {
  const before = new Set(asked);
  asked.length = 0;
  await phone.page.unroute('**/api/v1/form-files/**');
  phone.page.on('request', (request) => {
    const found = request.url().match(/form-files\/([0-9a-f]+\/\d+)/);
    if (found) asked.push(found[1]);
  });
  await phone.context.setOffline(true);
  await phone.context.setOffline(false);
  await app.readyForOffline();
  assert.ok(asked.length >= 2, `pieces that were missing: ${asked.length}`);
  const first = [...before].filter((piece) => piece.endsWith('/0'));
  assert.ok(first.length >= 5, `what came at first: ${first.length}`);
  assert.deepEqual(asked.filter((piece) => first.includes(piece)), [], 'what is here is not asked for again');
  // The form that was left half filled is whole now, with what was entered.
  await phone.page.locator('a[href*="/records/"]').filter({ hasText: 'Kiểm tra ấp' }).first().click();
  const form = await app.backInForm();
  assert.equal(await phone.page.locator('.form-page .banner').count(), 0);
  await form.question('cay').locator('input[value="xoai"]:checked').waitFor({ state: 'attached' });
  await app.open('/fill');
  assert.doesNotMatch(await row().innerText(), /Còn thiếu/);
});

async function filled(hamlet) {
  const form = await app.begin('lk_ap');
  assert.equal(await phone.page.locator('.form-page .banner').count(), 0);
  const shown = (image) => until('the picture is drawn', () => image.evaluate((image) => image.naturalWidth === 48));
  await shown(form.question('xem').locator('.label-media img').first());
  const audio = form.question('xem').locator('audio');
  await audio.evaluate((audio) => new Promise((resolve, reject) => {
    audio.addEventListener('loadedmetadata', resolve);
    audio.addEventListener('error', () => reject(new Error('the sound cannot be played')));
    audio.load();
  }));
  const choices = form.question('cay').locator('img.choice-picture');
  assert.equal(await choices.count(), 2);
  await shown(choices.first());
  // A choice is heard and seen in full without being chosen.
  const chosen = () => form.question('cay').locator('input:checked').count();
  const before = await chosen();
  assert.equal(await form.question('cay').getByLabel('Xoài', { exact: true }).and(phone.page.locator('audio')).count(), 1);
  await form.question('cay').getByRole('button', { name: 'Xem ảnh lớn: Xoài' }).click();
  const large = phone.page.getByRole('dialog').filter({ visible: true });
  await shown(large.locator('img'));
  await large.getByRole('button', { name: 'Đóng' }).click();
  assert.equal(await chosen(), before);
  await form.choose('cay', 'buoi', 'Bưởi');
  await form.choose('ap', `a${hamlet}`, `Ấp số ${hamlet} xã Bảo Quang`);
  await until('the other list is looked up', async () =>
    (await form.question('noi_nguoi').innerText()).includes(`Ấp có ${1000 + hamlet} người`));
  await form.saved();
  return form;
}

/** In a sheet the pictures of choices stand whole beside their words, which have no marks where they are told. */
async function chosenInSheets(form) {
  for (const name of ['cay_gon', 'cac_cay']) {
    await form.question(name).locator('.choose-button').click();
    const sheet = phone.page.getByRole('dialog').filter({ visible: true });
    const pictures = sheet.locator('.choice img.choice-picture');
    await until('both are drawn', () => pictures.evaluateAll((all) =>
      all.length === 2 && all.every((image) => image.naturalWidth === 48)));
    const cut = await pictures.evaluateAll((all) => all.filter((image) => {
      const [inner, outer] = [image, image.closest('.choice')].map((element) => element.getBoundingClientRect());
      return inner.top < outer.top || inner.bottom > outer.bottom;
    }).length);
    assert.equal(cut, 0, name);
    await phone.screenshot(`beside-sheet-${name}`);
    await sheet.locator('.choice').filter({ hasText: 'Xoài' }).click();
    if (name === 'cac_cay') await sheet.getByRole('button', { name: 'Xong' }).click();
    await until('it is told', async () => (await form.question(name).locator('.choose-button').innerText()).trim() === 'Xoài');
  }
}

test('without a network the pictures show, the sound plays and the lists are searched', async () => {
  await phone.context.setOffline(true);
  const form = await filled(29_999);
  assert.deepEqual(await faults(phone, 'a form with files beside it'), []);
  await phone.screenshot('beside-the-form');
  await chosenInSheets(form);
  await form.next();
  await phone.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await phone.page.waitForURL(/\/records\/[^/]+$/);
  await phone.page.locator('.answer').filter({ hasText: 'Ấp số 29999 xã Bảo Quang' }).waitFor();
});

test('a phone that was switched off and on without a network has them still', async () => {
  await phone.close();
  await phone.start();
  await phone.context.setOffline(true);
  await filled(17);
});

test('a record of ODK Collect whose photo never came says so, and takes the photo when it comes', async () => {
  const told = await server.command('user', 'token', 'canbo.longkhanh');
  const path = told.match(/\/openrosa\/[0-9a-f]+/)[0];
  const list = await (await fetch(`${server.url}${path}/formList?formID=lk_anh`)).text();
  const xform = await (await fetch(list.match(/<downloadUrl>([^<]+)</)[1])).text();
  assert.equal(list.includes(`md5:${createHash('md5').update(xform).digest('hex')}`), true);
  const manifests = await (await fetch(`${server.url}${path}/formList?formID=lk_ap`)).text();
  const manifest = await (await fetch(manifests.match(/<manifestUrl>([^<]+)</)[1])).text();
  assert.equal((manifest.match(/<mediaFile>/g) ?? []).length, 6);
  const xml = `<data id="lk_anh" version="1" xmlns:orx="http://openrosa.org/xforms"><anh>hien_truong.png</anh><ghi>Chưa có ảnh</ghi>
    <orx:meta><orx:instanceID>uuid:0192e6f1-0000-7000-8000-0000000000f1</orx:instanceID></orx:meta></data>`;
  const send = async (files) => {
    const body = new FormData();
    body.append('xml_submission_file', new Blob([xml], { type: 'text/xml' }), 'submission.xml');
    for (const [name, bytes] of files) body.append(name, new Blob([bytes], { type: 'image/png' }), name);
    const answer = await fetch(`${server.url}${path}/submission?deviceID=collect%3Aq1`, { method: 'POST', body });
    assert.equal(answer.status, 201);
    return answer.text();
  };
  assert.match(await send([]), /chưa nhận được các tệp: hien_truong\.png/);
  await phone.context.setOffline(false);
  await app.open('/records');
  const record = phone.page.locator('a[href*="/records/0192e6f1"]').first();
  await record.waitFor();
  await record.click();
  await phone.page.locator('.banner').filter({ hasText: 'Hồ sơ chưa đủ: thiếu 1 tệp' }).waitFor();
  assert.match(await phone.page.locator('.answer-missing').innerText(), /Thiếu tệp hien_truong\.png/);
  await phone.screenshot('beside-incomplete');
  assert.doesNotMatch(await send([['hien_truong.png', readFileSync(picture(join(folder, 'photo.png'), 640, 480))]]), /did not come/);
  await app.open('/records');
  await phone.page.locator('a[href*="/records/0192e6f1"]').first().click();
  await phone.page.locator('.answer img').first().waitFor();
  assert.equal(await phone.page.locator('.answer-missing').count(), 0);
});

test('a form that was withdrawn is offered no more, and its records keep its title', async () => {
  const pack = join(folder, 'pack');
  const table = join(pack, 'tables/forms.csv');
  const [head, ...rows] = readFileSync(table, 'utf8').trimEnd().split(/\r?\n/);
  const marked = rows.map((row) => `${row},${row.startsWith('ap,') ? '1' : ''}`);
  writeFileSync(table, [`${head},withdrawn`, ...marked, ''].join('\n'));
  await server.command('pack', 'load', pack);
  await phone.context.setOffline(true);
  await phone.context.setOffline(false);
  await app.open('/fill');
  await phone.page.locator('[data-form="lk_anh"]').waitFor();
  await until('the form is offered no more', async () => (await row().count()) === 0);
  // By the address one would go on in the form that one was killed in.
  await phone.page.getByRole('link', { name: 'Hôm nay' }).first().click();
  await phone.page.locator('.today .page-head').waitFor();
  assert.equal(await phone.page.locator('a[href="/fill/lk_ap"]').count(), 0, 'though this person filled it most');
  await app.open('/records');
  await phone.page.locator('a[href*="/records/"]').filter({ hasText: 'Kiểm tra ấp' }).first().waitFor();
});
