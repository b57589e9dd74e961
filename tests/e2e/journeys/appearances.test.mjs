// Appearances and files that came with a form, driven as a person drives them: grids, pictures with regions, lines on
// the earth, recordings, drawings, long lists. What is entered is what would be submitted.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { downloaded } from '../harness/downloads.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const TOWNS = 100_000;
/** The one that is sought. There is a space in what is stored for it. */
const SOUGHT = 48_213;
/** Type, name, label, appearance, parameters, image, trigger, choice filter. */
const SURVEY = [
  ['start-geopoint', 'luc_mo', '', '', '', '', ''],
  ['begin_group', 've_sinh', 'Chấm điểm từng khâu', 'table-list', '', '', ''],
  ['select_one muc', 'k1', 'Vệ sinh bếp ăn', '', '', '', ''],
  ['select_one muc', 'k2', 'Nguồn nước và nơi rửa tay cho trẻ', '', '', '', ''],
  ['select_one muc', 'k3', 'Thu gom rác', '', '', '', ''],
  ['end_group', '', '', '', '', '', ''],
  ['begin_group', 'ai', 'Ai tham gia', 'field-list', '', '', ''],
  ['select_multiple muc', 'n1', 'Ban đầu', 'label', '', '', ''],
  ['select_multiple muc', 'n2', 'Buổi sáng', 'list-nolabel', '', '', ''],
  ['select_multiple muc', 'n3', 'Buổi chiều', 'list-nolabel', '', '', ''],
  ['end_group', '', '', '', '', '', ''],
  ['begin_group', 'hinh', 'Hình', 'field-list', '', '', ''],
  ['select_one khu', 'khu', 'Chọn khu trên sơ đồ', 'image-map', '', 'so_do.svg', ''],
  ['select_multiple khu', 'cac_khu', 'Các khu đã đi', 'image-map', '', 'so_do.svg', ''],
  ['select_one khu', 'khu_khac', 'Khu khác', 'image-map', '', 'so_do.svg', '', 'name != ${khu}'],
  ['select_one trai', 'trai', 'Loại trái cây', 'columns no-buttons', '', '', ''],
  ['end_group', '', '', '', '', '', ''],
  ['begin_group', 'dat', 'Đất', 'field-list', '', '', ''],
  ['geotrace', 'duong', 'Đường đi', '', '', '', ''],
  ['geoshape', 'thua', 'Thửa đất', '', '', '', ''],
  ['end_group', '', '', '', '', '', ''],
  ['begin_group', 'ghi', 'Ghi lại', 'field-list', '', '', ''],
  ['audio', 'tieng', 'Lời kể', '', '', '', ''],
  ['video', 'phim', 'Phim', '', '', '', ''],
  ['image', 'anh', 'Ảnh có đánh dấu', 'annotate', '', '', ''],
  ['image', 've', 'Vẽ sơ đồ', 'draw', '', '', ''],
  ['barcode', 'vach', 'Mã vạch', 'front', '', '', ''],
  ['end_group', '', '', '', '', '', ''],
  ['begin_group', 'so', 'Số', 'field-list', '', '', ''],
  ['range', 'sao', 'Mấy sao', 'rating', 'start=1 end=5 step=1', '', ''],
  ['range', 'chon', 'Chọn số', 'picker', 'start=0 end=2 step=0.5', '', ''],
  ['range', 'cao', 'Mực nước', 'vertical', 'start=0 end=10 step=1', '', ''],
  ['date', 'nam', 'Năm', 'year', '', '', ''],
  ['date', 'go', 'Ngày gõ tay', 'no-calendar', '', '', ''],
  ['date', 'lich', 'Ngày theo lịch Ba Tư', 'persian', '', '', ''],
  ['decimal', 'huong', 'Hướng', 'bearing', '', '', ''],
  ['end_group', '', '', '', '', '', ''],
  ['begin_group', 'noi', 'Nơi ở', 'field-list', '', '', ''],
  ['select_one_from_file xa.csv', 'xa', 'Xã', '', '', '', ''],
  ['select_one_external ap', 'ap', 'Ấp', '', '', '', ''],
  ['end_group', '', '', '', '', '', ''],
  ['select_one muc', 'nhanh', 'Chọn là sang trang', 'quick', '', '', ''],
  ['rank trai', 'hang', 'Xếp hạng', '', '', '', ''],
  ['background-geopoint', 'luc_chon', '', '', '', '', '${nhanh}'],
];
const CHOICES = [
  ['muc', 'tot', 'Tốt', ''], ['muc', 'dat', 'Đạt', ''], ['muc', 'kem', 'Kém', ''],
  ['khu', 'dong', 'Khu đông', ''], ['khu', 'tay', 'Khu tây', ''],
  ['trai', 'sau', 'Sầu riêng', 'sau.png'], ['trai', 'chom', 'Chôm chôm', 'chom.png'],
];
const FORM = [
  ['survey'],
  ['', 'type', 'name', 'label', 'appearance', 'parameters', 'media::image', 'trigger', 'choice_filter'],
  ...SURVEY.map((row) => ['', ...row, ...(row.length < 8 ? [''] : [])]),
  ['choices'],
  ['', 'list_name', 'name', 'label', 'media::image'],
  ...CHOICES.map((row) => ['', ...row]),
  ['external_choices'],
  ['', 'list_name', 'name', 'label'],
  ['', 'ap', 'a1', 'Ấp Một'],
  ['', 'ap', 'a2', 'Ấp Hai'],
];
/** Bars that say 8934567890120 (EAN-13), dark where there is a 1. */
const GOODS = '10100010110100001010001101110010000101011101101010100100011101001110010110011011011001110010101';
/** A square that says "Buổi 7 – Long Khánh". */
const SQUARES = ('1fc3967f 104ee541 175a135d 174b3a5d 1753035d 105e9541 1fd5557f 2ce00 95cc6b4 ea9237f 1e780181 c976c6a 19d9ef0c '
  + '171d3c75 8eeb60b f27d08c 1161938a 19908648 778aadd 48e3beb 19dac1f9 19f71d 1fcdeb59 10434d16 1757a7f3 1748983a 174b1e33 '
  + '105a089f 1fc1ab0e').split(' ').map((row) => Number.parseInt(row, 16).toString(2).padStart(29, '0'));
const MAP = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 80"><script>document.title = 'hỏng'</script>
  <rect id="dong" x="105" y="5" width="90" height="70" fill="#cfe8d8" onclick="document.title = 'hỏng'"/>
  <g id="tay" fill="#e6dcc4"><path d="M5 5H95V75H5z"/></g>
  <text x="150" y="45" text-anchor="middle" font-size="12">Đông</text></svg>`;

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
let server;
let app;
let form;

const file = (name, bytes) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const markdown = FORM.map((row) => `| ${row.map((cell) => cell.replaceAll('|', ' ')).join(' | ')} |`).join('\n');
const towns = () => {
  const rows = ['name,label'];
  for (let at = 1; at <= TOWNS; at += 1) rows.push(`${at === SOUGHT ? 'x ' : 'x'}${at},Xã số ${at}${at === SOUGHT ? ' Hàng Gòn' : ''}`);
  return rows.join('\n');
};
const inside = (name, selector) => form.question(name).locator(selector).first();

before(async () => {
  server = await stage.serve();
  await phone.start();
  await phone.context.grantPermissions(['geolocation', 'microphone', 'camera', 'accelerometer', 'gyroscope', 'magnetometer'], { origin: server.url });
  await phone.context.setGeolocation({ latitude: 10.9, longitude: 107.2, accuracy: 6 });
  // What a phone's browser has and a desk's has not: a reader of codes, and a compass.
  await phone.context.addInitScript(() => {
    window.BarcodeDetector = class { async detect() { return [{ rawValue: '8934567890123' }]; } };
    setInterval(() =>
      window.dispatchEvent(new DeviceOrientationEvent('deviceorientationabsolute', { alpha: 90, absolute: true })), 200);
  });
  app = new App(phone, server);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await app.open('/forms/preview');
  await phone.page.locator('input[type="file"]').first().setInputFiles([
    file('moi_kieu.md', markdown), file('xa.csv', towns()), file('so_do.svg', MAP),
    picture(join(folder, 'sau.png'), 120, 90), picture(join(folder, 'chom.png'), 90, 120),
  ]);
  form = await new FormPage(phone.page).ready();
});

/** Looks at a page in both sizes, and at what keeps a person out of it. */
async function looked(name) {
  await phone.screenshot(name);
  await phone.page.setViewportSize(DESK);
  await phone.screenshot(`${name}-desk`);
  await phone.page.setViewportSize(PHONE);
  assert.deepEqual(await faults(phone, name), []);
}

/** Goes to a page, wherever the test before left off. */
async function at(heading) {
  if ((await form.heading()) !== heading) await form.goTo(heading);
  await until(`the page ${heading} shows`, async () => (await form.heading()) === heading);
}

/** A cell of a grid by the names that a screen reader says. */
const cell = (name, choice) => form.question(name).locator(`input[value="${choice}"]`);

test('a grid is a table: each cell is named by its row and its column, and a tap answers one question', async () => {
  const table = phone.page.locator('.grid table').first();
  assert.deepEqual(await table.locator('thead th').allInnerTexts(), ['Tốt', 'Đạt', 'Kém']);
  assert.equal(await table.locator('tbody tr').count(), 3);
  await phone.page.getByRole('radio', { name: 'Vệ sinh bếp ăn Tốt' }).check();
  await form.question('k2').locator('label.grid-choice').nth(1).click();
  await cell('k3', 'kem').focus();
  await phone.page.keyboard.press('Space');
  for (const [name, value] of [['k1', 'tot'], ['k2', 'dat'], ['k3', 'kem']]) {
    assert.equal(await form.question(name).locator('input:checked').getAttribute('value'), value);
  }
  const box = await form.question('k1').locator('label.grid-choice').first().boundingBox();
  assert.ok(box.width >= 48 && box.height >= 48, `${box.width} x ${box.height}`);
  const isWhole = await phone.page.locator('.grid').first().evaluate((grid) => grid.scrollWidth <= grid.clientWidth);
  assert.ok(isWhole, 'three choices fit on a phone of 360 px');
  // What is not required can be taken away again.
  await form.question('k3').getByRole('button', { name: 'Bỏ chọn: Thu gom rác' }).click();
  assert.equal(await form.question('k3').locator('input:checked').count(), 0);
  await looked('grid');
});

test('a grid of questions with several answers', async () => {
  await at('Ai tham gia');
  await cell('n2', 'tot').check();
  await cell('n2', 'kem').check();
  await cell('n3', 'dat').check();
  await cell('n2', 'kem').uncheck();
  await looked('grid-many');
});

test('regions of a picture are its choices, and so is the list below it', async () => {
  await at('Hình');
  const region = (question, id) => form.question(question).locator(`.image-map [data-region="${id}"]`);
  await region('khu', 'tay').click();
  assert.ok(await inside('khu', 'input[value="tay"]').isChecked());
  await inside('khu', 'label.choice:has(input[value="dong"])').click();
  await form.question('khu').locator('.image-map .region-chosen[data-region="dong"]').waitFor();
  await region('cac_khu', 'dong').click();
  await region('cac_khu', 'tay').click();
  assert.equal(await form.question('cac_khu').locator('.region-chosen').count(), 2);
  // What the filter leaves out is no region.
  await region('khu_khac', 'dong').waitFor({ state: 'detached' });
  await region('khu_khac', 'tay').click();
  await inside('khu', 'label.choice:has(input[value="tay"])').click();
  await region('khu_khac', 'dong').waitFor();
  await region('khu_khac', 'tay').waitFor({ state: 'detached' });
  await inside('khu', 'label.choice:has(input[value="dong"])').click();
  // What was chosen comes back with its region.
  await form.question('khu_khac').locator('.image-map .region-chosen[data-region="tay"]').waitFor();
  assert.equal(await phone.page.locator('.image-map :is(script, [onclick])').count(), 0, 'nothing in a picture runs');
  const images = form.question('trai').locator('img.choice-picture');
  assert.equal(await images.count(), 2);
  await until('pictures of choices are drawn', () =>
    images.evaluateAll((all) => all.every((image) => image.complete && image.naturalWidth > 0)));
  await form.choose('trai', 'chom', 'Chôm chôm');
  await looked('image-map');
});

test('a line and an area are measured corner by corner, or typed', async () => {
  await at('Đất');
  const places = [[10.93, 107.24], [10.931, 107.24], [10.931, 107.242]];
  for (const name of ['duong', 'thua']) {
    for (const [at, [latitude, longitude]] of places.entries()) {
      await phone.context.setGeolocation({ latitude, longitude, accuracy: 5 });
      await form.question(name).getByRole('button', { name: 'Thêm điểm ở đây' }).click();
      await until(`corner ${at + 1} of ${name}`, async () =>
        (await form.question(name).locator('.trace-corners li').count()) === at + 1);
    }
  }
  await form.question('duong').getByRole('button', { name: 'Bỏ điểm cuối' }).click();
  await form.question('duong').getByText('2 điểm').waitFor();
  assert.match(await form.question('thua').locator('.trace p').innerText(), /^3 điểm, dài \d+ m$/);
  assert.equal(await form.question('thua').locator('svg.trace-sketch polygon').count(), 1);
  await form.question('thua').scrollIntoViewIfNeeded();
  await looked('trace');
  // While walking: what is near the last corner is not taken, what is a stride away is.
  await phone.page.evaluate(() => {
    window.awake = 0;
    navigator.wakeLock.request = async () => {
      window.awake += 1;
      return { release: async () => { window.awake -= 1; } };
    };
  });
  await form.question('duong').getByRole('button', { name: 'Đi và tự ghi' }).click();
  await until('the screen is kept on', () => phone.page.evaluate(() => window.awake === 1));
  // No place for a while, and then only where a mast of the network is, end no walk and are no corner.
  await phone.context.setGeolocation(null);
  await phone.context.setGeolocation({ latitude: 10.945, longitude: 107.24, accuracy: 800 });
  await phone.context.setGeolocation({ latitude: 10.935, longitude: 107.24, accuracy: 5 });
  await until('the walk adds a corner', async () => (await form.question('duong').locator('.trace-corners li').count()) >= 3);
  await form.question('duong').getByRole('button', { name: 'Dừng tự ghi' }).click();
  await until('the screen may go dark', () => phone.page.evaluate(() => window.awake === 0));
  // One that was forgotten ends by itself, and says so.
  await phone.page.evaluate(() => {
    const set = window.setTimeout;
    window.setTimeout = (then, after_ms, ...rest) => {
      if (after_ms !== 600_000) return set(then, after_ms, ...rest);
      window.forget = then;
      return 0;
    };
  });
  await form.question('duong').getByRole('button', { name: 'Đi và tự ghi' }).click();
  await until('the screen is kept on', () => phone.page.evaluate(() => window.awake === 1 && Boolean(window.forget)));
  await phone.page.evaluate(() => window.forget());
  await form.question('duong').getByText('nên máy ngừng ghi').waitFor();
  await form.question('duong').getByRole('button', { name: 'Đi và tự ghi' }).waitFor();
  await until('the screen may go dark', () => phone.page.evaluate(() => window.awake === 0));
  // What is typed goes on from what was measured.
  const corners = form.question('duong').locator('.trace-corners li');
  const measured = await corners.count();
  await form.question('duong').getByText('Gõ tọa độ').click();
  const typed = form.question('duong').locator('textarea');
  const text = await typed.inputValue();
  assert.equal(text.split(';').length, measured);
  assert.doesNotMatch(text, /10\.945/);
  await typed.fill(`${text};10.936 107.242 0 0`);
  await until('the typed corner joins them', async () => (await corners.count()) === measured + 1);
  // An area is typed as people write numbers, and need not be closed.
  await form.question('thua').getByText('Gõ tọa độ').click();
  const area = form.question('thua').locator('textarea');
  const before = await area.inputValue();
  await area.fill('abc');
  await area.blur();
  await form.question('thua').getByText('Cần ít nhất ba điểm').waitFor();
  await area.fill('10,93 107,24;10,931 107,24;10,931 107,242');
  await area.blur();
  await form.question('thua').getByText('Cần ít nhất ba điểm').waitFor({ state: 'detached' });
  assert.equal(await area.inputValue(), '10.93 107.24;10.931 107.24;10.931 107.242');
  assert.equal(before.split(';').length, 3);
});

test('sound, film, a photo that is drawn on, a drawing, a code that is scanned', async () => {
  await at('Ghi lại');
  // Two presses, while the microphone is still asked for, are one.
  await phone.page.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    const allowed = new Promise((allow) => { window.allow = allow; });
    window.opened = [];
    mediaDevices.getUserMedia = async (wanted) => {
      await allowed;
      window.wanted = wanted;
      const stream = await open(wanted);
      window.opened.push(stream);
      return stream;
    };
  });
  const record = form.question('tieng').getByRole('button', { name: 'Ghi âm', exact: true });
  await record.press('Enter');
  await record.press('Enter');
  await phone.page.evaluate(() => window.allow());
  await form.question('tieng').getByText('Đang ghi…').waitFor();
  const focused = (selector) => phone.page.evaluate((sought) => document.activeElement.matches(sought), selector);
  assert.ok(await focused('[data-q="tieng"] button'), 'whoever began it by keys is at the button that ends it');
  // What there is when the app goes from the front is kept, and the recording goes on.
  const play = form.question('tieng').getByRole('button', { name: 'Mở', exact: true });
  await until('what was heard is kept', async () => {
    await phone.page.evaluate(() => {
      const tell = () => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      tell();
      delete document.visibilityState;
      tell();
    });
    return (await play.count()) > 0;
  });
  const name = () => form.question('tieng').locator('.stored-file').innerText();
  const soFar = await name();
  assert.ok(await form.question('tieng').getByText('Đang ghi…').isVisible());
  await form.question('tieng').getByRole('button', { name: 'Dừng ghi âm' }).click();
  await until('all of it takes the place of that', async () => (await name()) !== soFar);
  await until('the microphone is off', async () =>
    (await phone.page.evaluate(() => window.opened.map((stream) => stream.getTracks()[0].readyState))).join() === 'ended');
  await play.press('Enter');
  await form.question('tieng').locator('audio').waitFor();
  await until('the player has the focus that its button had', () => focused('[data-q="tieng"] audio'));
  await inside('phim', 'input[type="file"]').evaluate((input) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(64 * 1024 * 1024 + 1)], 'dai.webm', { type: 'video/webm' }));
    input.files = files.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  });
  await form.question('phim').getByText('Tệp lớn hơn 64 MB').waitFor();
  await inside('phim', 'input[type="file"]').setInputFiles(file('trong.webm', ''));
  await form.question('phim').getByText('Không đọc được').waitFor();
  await inside('phim', 'input[type="file"]').setInputFiles(file('phim.webm', 'không phải phim'));
  // What this browser cannot play is saved instead.
  await form.question('phim').getByRole('button', { name: 'Mở', exact: true }).click();
  const save = (question) => form.question(question).getByRole('button', { name: 'Lưu tệp về máy' });
  await save('phim').waitFor();
  const saved = await downloaded(phone, join(folder, 'da_luu'), () => save('phim').click());
  assert.equal(readFileSync(saved, 'utf8'), 'không phải phim');
  await inside('anh', 'input[type="file"]').setInputFiles(file('la.heic', 'không phải ảnh'));
  await form.question('anh').getByText('Máy này không hiện được ảnh này.').waitFor();
  await save('anh').waitFor();
  await looked('undrawn');
  await form.question('anh').getByRole('button', { name: 'Vẽ lên ảnh' }).click();
  const sheet = phone.page.locator('dialog[open]');
  await sheet.getByText('Không đọc được tệp ảnh này.').waitFor();
  await stroke(sheet.locator('canvas.photo-pad'));
  assert.ok(await sheet.getByRole('button', { name: 'Dùng hình này' }).isDisabled(), 'nothing is drawn on nothing');
  await phone.page.keyboard.press('Escape');
  await form.photograph('anh', picture(join(folder, 'chup.png'), 640, 480));
  const before = await inside('anh', 'img').getAttribute('src');
  await form.question('anh').getByRole('button', { name: 'Vẽ lên ảnh' }).click();
  const pad = phone.page.locator('canvas.photo-pad:visible');
  await until('the photo is under the finger', () => pad.evaluate((canvas) => canvas.width === 640));
  await stroke(pad);
  await phone.screenshot('annotate');
  await phone.page.getByRole('button', { name: 'Dùng hình này' }).filter({ visible: true }).click();
  await until('the drawn photo takes its place', async () => (await inside('anh', 'img').getAttribute('src')) !== before);
  assert.ok(await redness(inside('anh', 'img')) > 0, 'the mark is in the photo');
  await form.question('ve').getByRole('button', { name: 'Vẽ vào khung' }).click();
  const paper = phone.page.locator('canvas.signature-pad:visible');
  assert.equal(await inkOnTheRight(paper, HAND_BESIDE_THE_FINGER), 0, 'the hand that comes down on the paper draws nothing');
  assert.ok(await inkOnTheRight(paper, FINGER_AFTER_THE_HAND) > 0, 'the finger draws though the hand was there first');
  await stroke(paper);
  await phone.page.getByRole('button', { name: 'Dùng hình này' }).filter({ visible: true }).click();
  await form.question('ve').locator('img').first().waitFor();
  await form.question('vach').getByRole('button', { name: 'Quét mã' }).click();
  await until('the code is read', async () => (await inside('vach', 'input').inputValue()) === '8934567890123');
  assert.equal(await phone.page.evaluate(() => window.wanted.video.facingMode), 'user');
  await form.question('anh').scrollIntoViewIfNeeded();
  await looked('recordings');
});

/** What the camera sees from now on: squares of these rows, dark where there is a 1, with light all about. */
const cameraSees = (rows) => phone.page.evaluate((rows) => {
  const canvas = new OffscreenCanvas(rows[0].length, rows.length);
  const context = canvas.getContext('2d');
  rows.forEach((row, y) => [...row].forEach((bit, x) => {
    context.fillStyle = bit === '1' ? '#222' : '#eee';
    context.fillRect(x, y, 1, 1);
  }));
  window.seen = canvas;
}, rows);

test('a browser that reads no codes has the app read them, without a network: on goods, and squares', async () => {
  await at('Ghi lại');
  // As on an iPhone, in Firefox, at a desk.
  await phone.page.evaluate(() => {
    delete window.BarcodeDetector;
    navigator.mediaDevices.getUserMedia = async () => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 640, height: 480 });
      const context = canvas.getContext('2d');
      const draw = () => {
        context.fillStyle = '#eee';
        context.fillRect(0, 0, 640, 480);
        const { seen } = window;
        const side = Math.floor(Math.min(560 / seen.width, 400 / seen.height));
        const [width, height] = [seen.width * side, seen.height * side];
        context.imageSmoothingEnabled = false;
        context.drawImage(seen, (640 - width) / 2, (480 - height) / 2, width, height);
      };
      draw();
      const drawing = setInterval(draw, 50);
      const stream = canvas.captureStream(20);
      const [track] = stream.getTracks();
      const stop = track.stop.bind(track);
      track.stop = () => {
        clearInterval(drawing);
        window.cameraIsOff = true;
        stop();
      };
      return stream;
    };
  });
  await server.stop();
  for (const [rows, text] of [[Array(40).fill(GOODS), '8934567890120'], [SQUARES, 'Buổi 7 – Long Khánh']]) {
    await cameraSees(rows);
    await phone.page.evaluate(() => { window.cameraIsOff = false; });
    await form.question('vach').getByRole('button', { name: 'Quét mã' }).click();
    await until(`${text} is read`, async () => (await inside('vach', 'input').inputValue()) === text);
    await until('the camera is off', () => phone.page.evaluate(() => window.cameraIsOff));
    await until('the field is in sight again', async () => (await phone.page.locator('video.scan-video').count()) === 0);
  }
  // Whoever thinks better of it has the camera off, and what was there.
  await cameraSees(['0']);
  await phone.page.evaluate(() => { window.cameraIsOff = false; });
  await form.question('vach').getByRole('button', { name: 'Quét mã' }).click();
  await until('the camera shows', () => phone.page.locator('video.scan-video').evaluate((video) => video.videoWidth === 640));
  await phone.screenshot('scanning');
  await phone.page.getByRole('button', { name: 'Thôi quét' }).filter({ visible: true }).click();
  await until('the camera is off', () => phone.page.evaluate(() => window.cameraIsOff));
  assert.equal(await inside('vach', 'input').inputValue(), 'Buổi 7 – Long Khánh');
  // A call takes the camera: nobody holds a code before a picture that stands still.
  await phone.page.evaluate(() => { window.cameraIsOff = false; });
  await form.question('vach').getByRole('button', { name: 'Quét mã' }).click();
  const scans = phone.page.locator('video.scan-video');
  await until('the camera shows', () => scans.evaluate((video) => video.videoWidth === 640));
  await scans.evaluate((video) => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended')));
  const told = form.question('vach').getByText('máy ảnh vừa bị ngắt');
  await told.waitFor();
  await until('the camera is off', () => phone.page.evaluate(() => window.cameraIsOff));
  await scans.waitFor({ state: 'detached' });
  await cameraSees(Array(40).fill(GOODS));
  await form.question('vach').getByRole('button', { name: 'Quét mã' }).click();
  await until('the code is read', async () => (await inside('vach', 'input').inputValue()) === '8934567890120');
  await told.waitFor({ state: 'detached' });
  await server.start();
});

async function stroke(pad) {
  const box = await pad.boundingBox();
  const { mouse } = phone.page;
  await mouse.move(box.x + 30, box.y + box.height / 2);
  await mouse.down();
  for (let step = 1; step <= 6; step += 1) await mouse.move(box.x + 30 + step * 25, box.y + box.height / 2 + (step % 2 ? -20 : 20));
  await mouse.up();
}

/** How many dots have ink on the right half of the paper, once fingers did that: [what, whose, across, down], or a wait in ms. */
const inkOnTheRight = (pad, done) => pad.evaluate(async (canvas, done) => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  for (const step of done) {
    if (typeof step === 'number') {
      await new Promise((resolve) => setTimeout(resolve, step));
      continue;
    }
    const [type, pointerId, across, down] = step;
    canvas.dispatchEvent(new PointerEvent(type, {
      bubbles: true, cancelable: true, pointerType: 'touch', pointerId, isPrimary: pointerId === 1,
      clientX: left + width * across, clientY: top + height * down,
    }));
  }
  const half = Math.trunc(canvas.width / 2);
  const { data } = canvas.getContext('2d').getImageData(half, 0, half, canvas.height);
  let ink = 0;
  for (let at = 0; at < data.length; at += 4) ink += data[at] < 128;
  return ink;
}, done);

/** A finger draws on the left half, and a hand comes down on the right one. */
const HAND_BESIDE_THE_FINGER = [
  ['pointerdown', 1, 0.1, 0.3],
  ['pointerdown', 2, 0.8, 0.7],
  ...[1, 2, 3, 4].flatMap((step) => [['pointermove', 1, 0.1 + step * 0.05, 0.3], ['pointermove', 2, 0.8 + step * 0.01, 0.7]]),
  ['pointerup', 2, 0.84, 0.7],
  ['pointerup', 1, 0.3, 0.3],
];

/** A hand has lain on the left half for a while when the finger comes to the right one. */
const FINGER_AFTER_THE_HAND = [
  ['pointerdown', 1, 0.1, 0.9],
  400,
  ['pointerdown', 2, 0.7, 0.3],
  ...[1, 2, 3, 4].map((step) => ['pointermove', 2, 0.7 + step * 0.05, 0.3]),
  ['pointerup', 2, 0.9, 0.3],
  ['pointerup', 1, 0.1, 0.9],
];

/** How many dots of a picture have the colour that marks are drawn in. */
const redness = (image) => image.evaluate(async (element) => {
  await element.decode();
  const canvas = new OffscreenCanvas(element.naturalWidth, element.naturalHeight);
  const context = canvas.getContext('2d');
  context.drawImage(element, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let red = 0;
  for (let at = 0; at < data.length; at += 4) red += data[at] > 180 && data[at + 1] < 60 && data[at + 2] < 60;
  return red;
});

test('numbers in a row and in a list, dates by year and by hand, another calendar, a bearing', async () => {
  await at('Số');
  await form.question('sao').locator('label.rating').nth(3).click();
  assert.equal(await form.question('sao').locator('.rating-filled').count(), 4);
  await inside('chon', 'select').selectOption('1.5');
  await inside('cao', 'input').focus();
  for (let turn = 0; turn < 4; turn += 1) await phone.page.keyboard.press('ArrowUp');
  const slider = await inside('cao', 'input').boundingBox();
  assert.ok(slider.height > slider.width, 'it stands upright');
  await form.type('nam', '2019');
  await form.type('go', '7/3/2024');
  assert.equal(await inside('go', 'input').inputValue(), '07/03/2024');
  await form.type('lich', '2024-03-20');
  assert.match(await inside('lich', '.muted').innerText(), /20\/03\/2024 · .*1403/);
  await form.question('huong').getByRole('button', { name: 'Đo hướng' }).click();
  await until('the compass answers', async () => /^270/.test(await inside('huong', 'input').inputValue()));
  await looked('numbers');
});

test('a hundred thousand choices: the page never holds them, and the one that is sought is found', async () => {
  await at('Nơi ở');
  await form.question('xa').locator('.choose-button').click();
  const sheet = phone.page.getByRole('dialog').filter({ visible: true });
  await sheet.locator('.choice-row').first().waitFor();
  assert.ok((await phone.page.locator('.choice-row').count()) < 60);
  await sheet.locator('input[type="search"]').pressSequentially('hang gon');
  await until('one is left', async () => (await sheet.locator('.choice-row').count()) === 1);
  await phone.screenshot('long-list');
  await sheet.locator('.choice-row').click();
  await form.question('xa').getByText('Xã số 48213 Hàng Gòn').waitFor();
  await form.choose('ap', 'a2', 'Ấp Hai');
  await looked('long-list-chosen');
});

test('a quick question goes on by itself under a finger, and waits under the keyboard', async () => {
  await at('Nơi ở');
  await phone.page.locator('.form-foot').getByRole('button', { name: 'Tiếp' }).click();
  await inside('nhanh', 'input[value="tot"]').focus();
  await phone.page.keyboard.press('ArrowDown');
  assert.ok(await inside('nhanh', 'input[value="dat"]').isChecked());
  await inside('nhanh', 'label.choice:has(input[value="kem"])').click();
  await form.question('hang').waitFor();
  await form.question('hang').getByRole('button', { name: 'Xuống' }).first().click();
  await looked('rank');
});

test('what was entered is what would be submitted', async () => {
  await phone.page.locator('.form-foot').getByRole('button', { name: 'Xem lại' }).click();
  await phone.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await phone.page.getByText('Đây là những gì sẽ được nộp').waitFor();
  const facts = await phone.page.locator('.facts').evaluate((list) =>
    Object.fromEntries([...list.querySelectorAll('dt')].map((term) => [term.innerText, term.nextElementSibling.innerText])));
  const expected = {
    've_sinh/k1': 'tot', 've_sinh/k2': 'dat', 've_sinh/k3': undefined, 'ai/n2': 'tot', 'ai/n3': 'dat',
    'hinh/khu': 'dong', 'hinh/cac_khu': 'dong tay', 'hinh/trai': 'chom', 'ghi/vach': '8934567890120',
    'so/sao': '4', 'so/cao': '4', 'so/nam': '2019-01-01', 'so/go': '2024-03-07', 'so/lich': '2024-03-20',
    'noi/xa': `x ${SOUGHT}`, 'noi/ap': 'a2', nhanh: 'kem', hang: 'chom sau',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(facts[name], value, name);
  assert.equal(Number(facts['so/chon']), 1.5);
  assert.equal(Number(facts['so/huong']), 270);
  assert.deepEqual(facts.luc_mo.split(' ').map(Number), [10.9, 107.2, 0, 6], 'where the form was opened');
  const [latitude] = facts.luc_chon.split(' ').map(Number);
  assert.equal(latitude, 10.935, 'where the question was answered');
  const corners = (text) => text.split(';').map((corner) => corner.trim().split(' ').slice(0, 2).map(Number));
  assert.deepEqual(corners(facts['dat/thua']), [[10.93, 107.24], [10.931, 107.24], [10.931, 107.242], [10.93, 107.24]]);
  assert.deepEqual(corners(facts['dat/duong']).slice(0, 2), [[10.93, 107.24], [10.931, 107.24]]);
  assert.match(facts['ghi/tieng'], /\.(webm|mp4|ogg)$/);
  assert.match(facts['ghi/phim'], /\.webm$/);
  assert.match(facts['ghi/anh'], /\.jpg$/);
  assert.match(facts['ghi/ve'], /\.png$/);
  assert.equal(await phone.page.title() === 'hỏng', false);
});
