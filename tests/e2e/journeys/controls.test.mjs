// Every control, driven as a person drives it, in a form that is tried: what is entered is what would be submitted.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

/** Type, name, label, appearance, parameters. */
const SURVEY = [
  ['text', 'ten', 'Tên', '', ''],
  ['text', 'ma', 'Mã bí mật', 'masked', ''],
  ['text', 'ghi_chu', 'Ghi chú', 'multiline', ''],
  ['text', 'ma_so', 'Mã số', 'numbers', ''],
  ['text', 'trang', 'Trang mạng', 'url', ''],
  ['integer', 'tien', 'Số tiền', '', ''],
  ['integer', 'nghin', 'Nghìn', 'thousands-sep', ''],
  ['integer', 'dem', 'Đếm người', 'counter', ''],
  ['decimal', 'kg', 'Cân nặng', '', ''],
  ['range', 'diem', 'Điểm', '', 'start=0 end=10 step=1'],
  ['range', 'giam', 'Giảm dần', '', 'start=5 end=1 step=1'],
  ['range', 'hai_long', 'Mức hài lòng', 'no-ticks', 'start=1 end=5 step=1 tick_labelset=muc'],
  ['date', 'ngay', 'Ngày', '', ''],
  ['date', 'thang', 'Tháng', 'month-year', ''],
  ['time', 'gio', 'Giờ', '', ''],
  ['dateTime', 'luc', 'Lúc', '', ''],
  ['dateTime', 'mua_dong', 'Lúc mùa đông', '', ''],
  ['select_one mau', 'mot', 'Một màu', '', ''],
  ['select_one mau', 'ngang', 'Một màu ngang', 'likert', ''],
  ['select_one mau', 'cot', 'Một màu theo cột', 'columns-pack', ''],
  ['select_one mau', 'hai_cot', 'Một màu hai cột', 'columns-2', ''],
  ['select_one mau', 'hai_cot_gon', 'Một màu hai cột gọn', 'compact-2', ''],
  ['select_one mau', 'muoi_cot', 'Một màu mười cột', 'columns-10', ''],
  ['select_one mau', 'hang_ngang', 'Một hàng', 'horizontal', ''], ['select_one mau', 'hang_gon', 'Một hàng gọn', 'horizontal-compact', ''],
  ['select_one mau', 'khit', 'Khít', 'compact', ''], ['select_one mau', 'khit_nhanh', 'Khít nhanh', 'quickcompact', ''],
  ['select_one mau', 'gon', 'Một màu gọn', 'minimal', ''],
  ['select_one mau', 'tim', 'Tìm một màu', 'search', ''],
  ['select_multiple mau', 'nhieu', 'Nhiều màu', '', ''],
  ['select_multiple mau', 'nhieu_gon', 'Nhiều màu gọn', 'minimal', ''],
  ['select_multiple mau', 'nhieu_cot', 'Nhiều màu theo cột', 'columns no-buttons', ''],
  ['select_one mau', 'dau', 'Màu', 'label', ''],
  ['select_one mau', 'sang', 'Buổi sáng', 'list-nolabel', ''],
  ['rank mau', 'hang', 'Xếp hạng', '', ''],
  ['acknowledge', 'dong_y', 'Đồng ý', '', ''],
  ['barcode', 'vach', 'Mã vạch', '', ''],
  ['geopoint', 'cho', 'Vị trí', '', ''],
  ['geopoint', 'cho_tho', 'Vị trí thô', '', 'capture-accuracy=5 warning-accuracy=50'],
  ['file', 'tep', 'Tệp', '', ''],
  ['image', 'anh', 'Ảnh', '', ''],
  ['image', 'anh_moi', 'Ảnh chụp mới', 'new', ''],
  ['image', 'chu_ky', 'Chữ ký', 'signature', ''],
  ['begin_repeat', 'hang_hoa', 'Hàng hóa', '', ''],
  ['text', 'mon', 'Món', '', ''],
  ['end_repeat', '', '', '', ''],
];
const CHOICES = [['do', 'Đỏ'], ['xanh', 'Xanh'], ['vang', 'Vàng']];
const LABELS = ['label::Tiếng Việt (vi)', 'label::English (en)', 'label::العربية (ar)'];
const FORM = [
  ['survey'],
  ['', 'type', 'name', ...LABELS, 'appearance', 'parameters'],
  ...SURVEY.map(([type, name, label, ...rest]) => ['', type, name, label, label, label, ...rest]),
  ['choices'],
  ['', 'list_name', 'name', ...LABELS],
  ...CHOICES.map(([name, label]) => ['', 'mau', name, label, label, label]),
  ['', 'muc', '1', 'Rất kém', 'Rất kém', 'Rất kém'],
  ['', 'muc', '5', 'Rất tốt', 'Rất tốt', 'Rất tốt'],
].map((row) => row.join(',')).join('\n');

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
let server;
let form;

before(async () => {
  server = await stage.serve();
  await phone.start();
  await phone.grant(server.url);
  const app = new App(phone, server);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await app.open('/forms/preview?view=whole');
  const file = join(folder, 'moi_thu.csv');
  writeFileSync(file, FORM);
  await phone.page.locator('input[type="file"]').first().setInputFiles(file);
  form = await new FormPage(phone.page).ready();
});

const inside = (name, selector) => form.question(name).locator(selector).first();

/** Types into a field and leaves it; what stands in it then. */
async function typed(name, text) {
  await form.type(name, text);
  return inside(name, 'input:visible, textarea:visible').inputValue();
}

test('texts, masked ones and long ones', async () => {
  assert.equal(await typed('ten', 'Nguyễn Thị Ánh'), 'Nguyễn Thị Ánh');
  assert.equal(await inside('ma', 'input').getAttribute('type'), 'password');
  await typed('ma', 'bí mật');
  await typed('ghi_chu', 'dòng một\ndòng hai');
  assert.equal(await inside('ma_so', 'input').getAttribute('inputmode'), 'numeric');
  assert.equal(await typed('ma_so', '0012'), '0012');
  assert.equal(await inside('trang', 'input').getAttribute('inputmode'), 'url');
  await typed('trang', 'https://longkhanh.example');
});

test('whoever closes a row by keys, or takes it away, finds the focus where they were', async () => {
  const rows = '[data-repeat="hang_hoa"] .row-card';
  const press = (name) => phone.page.locator('[data-repeat="hang_hoa"]').getByRole('button', { name, exact: true }).press('Enter');
  const focus = (selector) =>
    until(`${selector} has the focus`, () => phone.page.evaluate((sought) => document.activeElement.matches(sought), selector));
  await form.firstRow('hang_hoa');
  await form.type('mon', 'Gạo');
  await press('Xong');
  await focus(`${rows}:first-child .row-summary`);
  await form.addRow('hang_hoa');
  await form.type('mon', 'Muối');
  await phone.page.locator(`${rows} .row-summary`).first().click();
  await press('Xóa mục này');
  await focus(`${rows}:only-child .row-summary`);
  await phone.page.keyboard.press('Enter');
  await press('Xóa mục này');
  await focus('[data-repeat="hang_hoa"] > .button');
});

test('an undo waits for whoever comes to it by keys, and gives the focus back', async () => {
  const { page } = phone;
  const note = join(folder, 'bien ban.txt');
  writeFileSync(note, 'xin chào');
  await inside('tep', 'input[type="file"]').setInputFiles(note);
  await form.question('tep').getByText('Tệp TXT').waitFor();
  await page.clock.install();
  await form.question('tep').getByRole('button', { name: 'Gỡ bỏ' }).press('Enter');
  const focused = (selector) => page.evaluate((sought) => document.activeElement.matches(sought), selector);
  await until('the focus stays in the question', () => focused('[data-q="tep"] *'));
  await page.clock.fastForward(20_000);
  await page.keyboard.press('F6');
  await until('the button is reached', () => focused('.toast-action'));
  await page.keyboard.press('Enter');
  await form.question('tep').getByText('Tệp TXT').waitFor();
  await until('the focus is back in the question', () => focused('[data-q="tep"] *'));
  await page.locator('.toast').waitFor({ state: 'detached' });
  await form.question('tep').getByRole('button', { name: 'Gỡ bỏ' }).click();
  await page.locator('.toast').getByRole('button', { name: 'Đóng' }).click();
  await page.locator('.toast').waitFor({ state: 'detached' });
});

test('numbers stand there with the marks of Vietnamese once one has left them', async () => {
  assert.equal(await typed('tien', '1500000'), '1.500.000');
  assert.equal(await typed('tien', '2.500.000'), '2.500.000');
  assert.equal(await typed('nghin', '1234'), '1.234');
  assert.equal(await typed('kg', '52,5'), '52,5');
});

test('a number is changed as its digits say, and stands there with the marks of another language once that is chosen', async () => {
  const field = inside('kg', 'input');
  assert.equal(await typed('kg', '12345'), '12.345');
  await field.focus();
  await until('no marks stand in it', async () => (await field.inputValue()) === '12345');
  await field.press('End');
  await field.press('6');
  await field.blur();
  assert.equal(await field.inputValue(), '123.456');
  for (const [language, text] of [['en', '123,456'], ['vi', '123.456']]) {
    await form.language(language);
    await until(`it has the marks of ${language}`, async () => (await field.inputValue()) === text);
  }
  assert.equal(await typed('kg', '52,5'), '52,5');
});

test('a language that the app does not speak has its own voice and its own side', async () => {
  const nodes = phone.page.locator('.form-nodes');
  const voice = (selector) => phone.page.locator(selector).first().evaluate((text) => text.closest('[lang]').lang);
  const label = '[data-q="cho"] .question-label .rich-text';
  assert.deepEqual([await voice(label), await nodes.getAttribute('dir')], ['vi', null]);
  await form.language('ar');
  await until('it is written from the right', async () => (await nodes.getAttribute('dir')) === 'rtl');
  assert.deepEqual([await voice(label), await voice('.form-page h1 .rich-text')], ['ar', 'ar']);
  assert.equal(await voice('[data-q="cho"] .button'), 'vi', 'the words of the app keep the app\'s');
  const side = (name) => inside(name, 'input').evaluate((input) => getComputedStyle(input).direction);
  const before = await inside('ten', 'input').inputValue();
  await typed('ten', 'مرحبا');
  assert.deepEqual([await side('ten'), await side('kg')], ['rtl', 'ltr'], 'a text from its own side, a number from the left');
  await phone.screenshot('controls-from-the-right');
  await typed('ten', before);
  await form.language('vi');
  await until('and back', async () => (await nodes.getAttribute('dir')) === null);
});

test('a counter counts by its buttons, from nothing and from what is typed', async () => {
  const question = form.question('dem');
  const more = question.getByRole('button', { name: 'Thêm một' });
  for (let turn = 0; turn < 3; turn += 1) await more.click();
  await question.getByRole('button', { name: 'Bớt một' }).click();
  assert.equal(await inside('dem', 'input').inputValue(), '2');
  await typed('dem', '41');
  await more.click();
  assert.equal(await inside('dem', 'input').inputValue(), '42');
  const box = await more.boundingBox();
  assert.ok(box.width >= 48 && box.height >= 48, `${box.width} x ${box.height}`);
});

test('a range, dates and times', async () => {
  // It stands where it begins: a press there is an answer, one on the label is none.
  const slider = inside('diem', 'input');
  const shown = form.question('diem').locator('.range-value');
  await form.question('diem').locator('label').first().click();
  assert.equal(await shown.innerText(), '–');
  assert.equal(await slider.getAttribute('aria-valuetext'), 'Chưa nhập');
  await slider.click({ position: { x: 2, y: (await slider.boundingBox()).height / 2 } });
  assert.equal(await shown.innerText(), '0');
  await form.question('diem').getByRole('button', { name: 'Xóa câu trả lời' }).click();
  await slider.press('Shift+Tab');
  await phone.page.keyboard.press('Tab');
  assert.equal(await shown.innerText(), '–');
  await slider.press('Home');
  assert.equal(await shown.innerText(), '0');
  await slider.focus();
  for (let turn = 0; turn < 7; turn += 1) await phone.page.keyboard.press('ArrowRight');
  // One that goes down begins with its largest number, at the same side.
  const falling = inside('giam', 'input');
  await falling.focus();
  for (let turn = 0; turn < 2; turn += 1) await phone.page.keyboard.press('ArrowRight');
  await until('it goes down from its start', async () => (await form.question('giam').locator('.range-value').innerText()) === '3');
  // What its ends are called stands there, and is said of the number.
  assert.deepEqual(await form.question('hai_long').locator('.range-names span').allInnerTexts(), ['Rất kém', 'Rất tốt']);
  await inside('hai_long', 'input').press('End');
  await until('the number is told by its name', async () =>
    (await form.question('hai_long').locator('.range-value').innerText()) === 'Rất tốt');
  assert.equal(await inside('hai_long', 'input').getAttribute('aria-valuetext'), 'Rất tốt');
  await typed('ngay', '2024-11-25');
  // Read back where the browser itself shows another order.
  const isDayFirst = await phone.page.evaluate(() => /^0?3/.test(new Intl.DateTimeFormat().format(new Date(2001, 1, 3))));
  await until('it is read back if need be', async () =>
    (await form.question('ngay').getByText('25/11/2024').count()) === Number(!isDayFirst));
  await typed('thang', '2024-03');
  await typed('gio', '08:30');
  // A moment has the offset that the clock has then, whenever it is typed.
  const zone = await phone.context.newCDPSession(phone.page);
  await zone.send('Emulation.setTimezoneOverride', { timezoneId: 'Europe/Berlin' });
  await typed('luc', '2024-07-25T14:05');
  await typed('mua_dong', '2024-01-25T14:05');
  await zone.detach();
});

test('a date of which a part is missing is told to be none, until it is whole', async () => {
  const field = inside('ngay', 'input');
  await field.fill('');
  await field.focus();
  await phone.page.keyboard.type('0511');
  await field.blur();
  const problem = form.question('ngay').getByText('Ngày này chưa đủ');
  await problem.waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  // Whoever comes back and leaves it so hears it once more; what was mended is said no longer.
  const said = phone.page.locator('.form-view > [role="status"]');
  const isSaid = async () => /^Ngày: Ngày này chưa đủ/.test(await said.textContent());
  await until('it is said', isSaid);
  await field.focus();
  await until('nothing is said', async () => (await said.textContent()) === '');
  await field.blur();
  await until('it is said again', isSaid);
  await typed('ngay', '2024-11-25');
  await problem.waitFor({ state: 'detached' });
  assert.equal(await said.textContent(), '');
});

test('choices as rows, side by side, in a table, and in a sheet; an order by its arrows', async () => {
  await form.choose('mot', 'do', 'Đỏ');
  await form.choose('ngang', 'xanh', 'Xanh');
  await form.choose('cot', 'vang', 'Vàng');
  for (const name of ['cot', 'nhieu_cot']) assert.equal(await form.question(name).locator('.choices-columns').count(), 1, name);
  for (const name of ['hai_cot', 'hai_cot_gon']) {
    const columns = await form.question(name).locator('.choices-columns').evaluate((list) =>
      getComputedStyle(list).gridTemplateColumns.split(' ').length);
    assert.equal(columns, 2, name);
  }
  const narrow = await form.question('muoi_cot').locator('.choice').first().boundingBox();
  assert.ok(narrow.width >= 75, `a word has room in a column: ${narrow.width}`);
  for (const name of ['hang_ngang', 'hang_gon', 'khit', 'khit_nhanh']) {
    assert.equal(await form.question(name).locator('.choices-columns').count(), 1, name);
  }
  assert.equal(await form.question('tim').locator('.choose-button').count(), 1);
  await form.choose('nhieu_cot', 'do', 'Đỏ');
  await form.choose('nhieu_cot', 'xanh', 'Xanh');
  await form.question('sang').locator('input[value="do"]').check();
  await form.choose('gon', 'vang', 'Vàng');
  await form.choose('nhieu', 'do', 'Đỏ');
  await form.choose('nhieu', 'vang', 'Vàng');
  await form.question('nhieu_gon').locator('.choose-button').click();
  const sheet = phone.page.getByRole('dialog').filter({ visible: true });
  await sheet.locator('label.choice').filter({ hasText: 'Xanh' }).click();
  await sheet.getByRole('button', { name: 'Xong' }).click();
  const down = form.question('hang').getByRole('button', { name: 'Xuống: Đỏ' });
  await down.press('Enter');
  await until('the new place is told', async () =>
    (await form.question('hang').locator('[role="status"]').innerText()) === 'Đỏ: 2');
  await until('the focus goes with it', () => down.evaluate((button) => button === document.activeElement));
  // An order that was only tried is taken back.
  await form.question('hang').getByRole('button', { name: 'Bỏ chọn' }).click();
  await form.question('hang').locator('.rank-open').waitFor();
  await down.click();
  await form.question('hang').locator('.rank-open').waitFor({ state: 'detached' });
  await form.confirm('dong_y');
});

test('whoever takes an answer away by keys stays in its question', async () => {
  for (const name of ['mot', 'gon']) {
    await form.question(name).getByRole('button', { name: 'Bỏ chọn' }).press('Enter');
    await until(`the focus is in ${name}`, () =>
      phone.page.evaluate((name) => Boolean(document.activeElement?.closest(`[data-q="${name}"]`)), name));
  }
  await form.choose('mot', 'do', 'Đỏ');
  await form.choose('gon', 'vang', 'Vàng');
});

test('a place that was found is told, and the button that sought it keeps the focus', async () => {
  await phone.grant(server.url);
  const question = form.question('cho');
  const button = question.getByRole('button', { name: /vị trí/ });
  await button.press('Enter');
  const told = question.locator('[role="status"]').first();
  await until('the place is told', async () => /\d+[.,]\d+/.test(await told.textContent()));
  assert.ok(await button.evaluate((element) => element === document.activeElement));
  await question.getByRole('button', { name: 'Xóa câu trả lời' }).click();
});

test('a place that may lie further off than the form takes is told to be rough, and is kept', async () => {
  const question = form.question('cho_tho');
  const news = await question.locator('[role="status"]').last().elementHandle();
  await phone.context.setGeolocation({ latitude: 10.5, longitude: 107, accuracy: 800 });
  await form.locate('cho_tho');
  await phone.page.clock.fastForward(31_000);
  await question.getByText('Vị trí còn sai tới 800 m').waitFor();
  assert.ok(await news.evaluate((news) => news.isConnected && /800 m/.test(news.textContent)), 'it is told where a status was before');
  assert.match(await question.locator('.geopoint-value').innerText(), /^10\.5, 107/);
  await question.getByRole('button', { name: 'Xóa câu trả lời' }).click();
  await question.getByText('Vị trí còn sai tới 800 m').waitFor({ state: 'detached' });
  await phone.grant(server.url);
});

test('a file of any kind that cannot be read is called a file', async () => {
  const { page } = phone;
  await page.evaluate(() => {
    window.read = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotReadableError'));
  });
  const note = join(folder, 'hong.txt');
  writeFileSync(note, 'xin chào');
  await inside('tep', 'input[type="file"]').setInputFiles(note);
  const trouble = form.question('tep').locator('[role="alert"]');
  await trouble.waitFor();
  assert.doesNotMatch(await trouble.innerText(), /ảnh/);
  await page.evaluate(() => { Blob.prototype.arrayBuffer = window.read; });
});

test('a stroke that ends above the sheet leaves it open, a press there closes it', async () => {
  const pad = await form.draw('chu_ky');
  const sheet = phone.page.getByRole('dialog').filter({ visible: true });
  const above = (await sheet.boundingBox()).y / 2;
  const paper = await pad.boundingBox();
  const { mouse } = phone.page;
  await mouse.move(paper.x + 40, paper.y + 20);
  await mouse.down();
  await mouse.move(paper.x + 40, above, { steps: 4 });
  await mouse.up();
  assert.ok(await pad.isVisible());
  await mouse.click(paper.x + 40, above);
  await pad.waitFor({ state: 'detached' });
});

test('coordinates that are typed while the phone measures stand, and half of them are no place', async () => {
  const question = form.question('cho');
  await phone.context.setGeolocation({ latitude: 10.5, longitude: 107, accuracy: 500 });
  await form.locate('cho');
  await question.getByText('Gõ tọa độ').click();
  const [latitude, longitude] = [question.getByLabel('Vĩ độ'), question.getByLabel('Kinh độ')];
  await until('what is measured stands in the fields', async () => /^10\.5/.test(await latitude.inputValue()));
  await latitude.fill('10,95');
  await longitude.fill('107,2');
  await phone.grant(server.url);
  await question.getByText('Đang tìm vị trí').waitFor({ state: 'detached' });
  assert.match(await question.locator('.geopoint-value').innerText(), /^10\.95, 107\.2$/);
  assert.equal(await latitude.inputValue(), '10,95');
  await longitude.fill('');
  await longitude.blur();
  await question.getByText('Cần vĩ độ từ -90 đến 90 và kinh độ từ -180 đến 180.').waitFor();
  await question.getByRole('button', { name: 'Xóa câu trả lời' }).click();
  await until('both are empty', async () => !(await latitude.inputValue()) && !(await longitude.inputValue()));
  await question.locator('.geopoint-value').waitFor({ state: 'detached' });
});

test('a barcode that is typed, a place, a file, a photo and a signature', async () => {
  await typed('vach', '8934567890123');
  await form.locate('cho');
  const note = join(folder, 'ghi chú.txt');
  writeFileSync(note, 'xin chào');
  await inside('tep', 'input[type="file"]').setInputFiles(note);
  await form.question('tep').getByText('Tệp TXT').waitFor();
  const dot = join(folder, 'anh.png');
  writeFileSync(dot, Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'));
  await form.photograph('anh', dot);
  assert.equal(await form.question('anh_moi').locator('input[type="file"]').count(), 0, 'no picture that was there before');
  await form.sign('chu_ky');
});

test('the whole page keeps nobody out', async () => {
  assert.deepEqual(await faults(phone, 'every control'), []);
});

test('what was entered is what would be submitted', async () => {
  await phone.screenshot('every-control');
  await phone.page.locator('.form-foot').getByRole('button', { name: 'Xem lại' }).click();
  await phone.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await phone.page.getByText('Đây là những gì sẽ được nộp').waitFor();
  const facts = await phone.page.locator('.facts').evaluate((list) =>
    Object.fromEntries([...list.querySelectorAll('dt')].map((term) => [term.innerText, term.nextElementSibling.innerText])));
  const { cho, tep, anh, chu_ky: signature, hang, ...rest } = facts;
  const expected = {
    ten: 'Nguyễn Thị Ánh', ma: 'bí mật', ma_so: '0012', trang: 'https://longkhanh.example', tien: '2500000', nghin: '1234', dem: '42', kg: '52.5', diem: '7', giam: '3', hai_long: '5',
    ngay: '2024-11-25', thang: '2024-03-01', mot: 'do', ngang: 'xanh', gon: 'vang', nhieu: 'do vang', nhieu_gon: 'xanh',
    cot: 'vang', nhieu_cot: 'do xanh', sang: 'do',
    dong_y: 'OK', vach: '8934567890123',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(rest[name], value, name);
  assert.match(rest.ghi_chu, /dòng một\s+dòng hai/);
  assert.match(rest.gio, /^08:30/);
  assert.equal(rest.luc, '2024-07-25T14:05:00.000+02:00');
  assert.equal(rest.mua_dong, '2024-01-25T14:05:00.000+01:00');
  assert.equal(hang, 'xanh do vang');
  assert.match(cho, /^-?\d+(\.\d+)? -?\d+/);
  assert.match(tep, /\.txt$/);
  assert.match(anh, /\.(jpe?g|webp|png)$/);
  assert.match(signature, /\.png$/);
});
