// The product's main job, from signing in to the cells of the spreadsheet, on the built app and the real server.
// Offline here means that the server's process does not exist; a kill means that the browser's processes are gone.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import readSheets from 'read-excel-file/node';
import { DESK } from '../harness/phone.mjs';
import { picture } from '../harness/picture.mjs';
import { speaker } from '../harness/server.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const INSPECTION = 'lk_kt_phuong_xa';
const SESSION = 'lk_lop_tap_huan';
const DIFFICULTY = 'lk_kho_khan';
const PEOPLE = [
  ['Nguyễn Thị Đào', 'nu'], ['Trần Văn Bình', 'nam'], ['Lê Thị Ánh', 'nu'], ['Phạm Văn Đức', 'nam'],
  ['Hoàng Thị Én', 'nu'], ['Võ Văn Giàu', 'nam'], ['Đặng Thị Hằng', 'nu'], ['Bùi Văn Ích', 'nam'],
  ['Đỗ Thị Kiều', 'nu'], ['Hồ Văn Lượng', 'nam'], ['Ngô Thị Mận', 'nu'], ['Dương Văn Ngọc', 'nam'],
];

/** The four records as the desk lists them. */
const INSPECTED = /Phường Long Khánh \d\d\/\d\d\/\d{4}/;
const TRAINED = /BDG-2026-01 b1/;
const IN_NEED = /khó khăn[^]*Phường Long Khánh/;
const ELSEWHERE = /khó khăn[^]*Phường Bảo Vinh/;

const stage = new Stage();
const { folder } = stage;
const photo = picture(join(folder, 'photo.png'));
const officer = stage.device('officer');
const colleague = stage.device('colleague');
const stranger = stage.device('stranger');
const coordinator = stage.device('coordinator', DESK);
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = new App(officer, server);
});

test('an officer signs in once and the phone holds everything for work without a network', async () => {
  await officer.start();
  await officer.grant(server.url);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  // With nothing begun, a form to begin is in sight, and all stands at one edge.
  const { page } = officer;
  await officer.screenshot('today');
  const form = await page.locator('.today .list a').first().boundingBox();
  assert.ok(form.y + form.height <= (await page.locator('.tabs').boundingBox()).y);
  const edges = await page.locator('.today :is(h1, h2, .card)').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
  assert.equal(new Set(edges).size, 1, edges.join());
  await officer.close();
});

test('offline, the inspection is filled: pages, rules, messages, calculations, photo, place, signature, rows', async () => {
  await server.stop();
  await officer.start();
  await officer.grant(server.url);
  const form = await app.begin(INSPECTION);
  await form.choose('don_vi_lap', 'dn_p_long_khanh', 'Phường Long Khánh');
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.choose('loai_kt', 'dinh_ky', 'Định kỳ');
  await form.choose('don_vi_kt', 'dn_p_long_khanh', 'Phường Long Khánh');
  await form.type('ky_tu', '2026-06-01');
  await form.type('ky_den', '2026-01-01');
  await form.question('ky_den').getByText('Không được trước ngày bắt đầu.').waitFor();
  await officer.screenshot('inspection-constraint');
  await form.type('thanh_phan', 'Đoàn kiểm tra liên ngành');
  await form.type('dai_dien', 'Trần Văn Minh');
  await officer.page.locator('.form-foot').getByRole('button', { name: 'Tiếp' }).click();
  const warning = officer.page.locator('.form-foot-note');
  await warning.waitFor();
  await form.type('ky_den', '2026-11-01');
  await form.question('ky_den').getByText('Không được trước ngày bắt đầu.').waitFor({ state: 'detached' });
  await warning.waitFor({ state: 'detached' }); // nothing is wrong any more
  await form.locate('vi_tri');
  await form.next();

  assert.equal(await form.question('a1_gc').count(), 0, 'the reason is not asked before the item fails');
  await form.choose('a1', 'chua_dat', 'Chưa đạt');
  await form.question('a1_gc').waitFor();
  await form.type('a1_gc', 'ít');
  await form.question('a1_gc').getByText('Ghi ít nhất 5 ký tự.').waitFor();
  await form.type('a1_gc', 'Chưa ban hành kế hoạch năm');
  await form.photograph('a1_anh', photo);
  await form.language('en');
  await form.question('a2').getByText('A2. The plan has objectives').waitFor();
  await officer.screenshot('inspection-en');
  await form.language('vi');
  for (const item of ['a2', 'a3', 'a4', 'a5']) await form.choose(item, 'dat', 'Đạt');
  await form.saved();
  await officer.screenshot('inspection-items');
});

test('the browser is killed and started cold, still offline: the person stands at the very question', async () => {
  const before = new FormPage(officer.page);
  await before.next();
  const heading = await before.heading();
  await before.choose('b1', 'dat', 'Đạt');
  await before.saved();
  const address = officer.page.url();
  await officer.kill();

  await officer.start();
  await officer.grant(server.url);
  await app.open('/');
  // Answers are on the disk before they are called saved; a choice of language made seconds before a kill may not be.
  const form = await app.backInForm();
  await form.language('vi');
  assert.equal(officer.page.url().split('?')[0], address.split('?')[0]);
  assert.equal(await form.heading(), heading);
  assert.ok(await form.question('b1').locator('input[value="dat"]').isChecked());
  await officer.screenshot('resumed');
  // The list of pages tells which are finished, and on which something is missing.
  await officer.page.locator('.page-button').click();
  const pages = officer.page.locator('.page-link');
  await pages.filter({ hasText: 'Thông tin' }).first().getByText('Xong', { exact: true }).waitFor();
  await pages.filter({ hasText: heading }).getByText(/^Còn \d+ câu$/).waitFor();
  await officer.screenshot('pages');
  await officer.page.keyboard.press('Escape');
});

test('the inspection is finished and submitted without a network', async () => {
  const form = new FormPage(officer.page);
  const groups = [['b', 6, 2], ['c', 2, 1], ['d', 5, 1], ['e', 3, 1], ['f', 7, 1]];
  for (const [letter, last, first] of groups) {
    for (let item = first; item <= last; item += 1) await form.choose(`${letter}${item}`, 'dat', 'Đạt');
    await form.next();
  }
  // Every item passed but a1, which weighs 3.
  // It is a critical one: the summary tells the rating that it leaves.
  await form.question('tom_tat').getByText(/Kết quả: 94,5\s%.*xếp loại Trung bình/).waitFor();
  await form.next();
  await form.firstRow('phat_hien');
  // A row in which nothing stands yet is told as one, and a press leads into it.
  await form.goTo('Xem lại');
  const lacking = (what) => officer.page.locator('.review-item').filter({ hasText: what });
  await lacking('Mục này còn trống').getByText('Phát hiện và yêu cầu khắc phục · 1').waitFor();
  await lacking('Mục này còn trống').click();
  await form.choose('ph_tieu_chi', 'a1', 'A1.');
  await form.type('ph_mo_ta', 'Chưa có kế hoạch năm 2026');
  // Then so is what is missing in it.
  await form.goTo('Xem lại');
  await lacking('Mức độ').getByText('A1.').waitFor();
  await lacking('Mức độ').click();
  await form.choose('ph_muc_do', 'trung_binh', 'Trung bình');
  await form.type('ph_bien_phap', 'Ban hành kế hoạch');
  await form.type('ph_phu_trach', 'Văn phòng UBND');
  await form.type('ph_han', '2027-01-15');
  await form.closeRow();
  await form.backToReview();
  await lacking('Thời hạn báo cáo khắc phục').click();
  await form.type('han_bc_khac_phuc', '2027-01-31');
  await form.sign('ky_doan');
  await form.sign('ky_don_vi');
  await officer.screenshot('inspection-signed');
  await form.next();
  await officer.page.getByText('Không thiếu gì. Nộp được rồi.').waitFor();
  await officer.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await officer.page.locator('.record-head').getByText('Đã nộp').waitFor();
  assert.notEqual(await officer.page.locator('[data-unsent]').first().getAttribute('data-unsent'), '0');
});

test('offline, a training session takes the attendance of 12 people', async () => {
  const form = await app.begin(SESSION);
  await form.choose('don_vi_lap', 'dn_p_long_khanh', 'Phường Long Khánh');
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.type('ma_lop', 'BDG-2026-01');
  await form.type('ten_lop', 'Tập huấn bình đẳng giới');
  await form.type('gio_bd', '08:00');
  await form.choose('phoi_hop_so', 'khong', 'Không');
  await form.choose('doi_tuong', 'cb_xa', 'Cán bộ, công chức phường, xã');
  await form.choose('chuyen_de', 'luat_bdg', 'Luật Bình đẳng giới');
  await form.type('giang_vien', 'Võ Thị Lan');
  await form.type('dia_diem', 'Hội trường phường');
  await form.type('trieu_tap', '15');
  await form.choose('co_kt', 'khong', 'Không');
  await form.next();
  await form.confirm('da_thong_bao');
  await form.next();
  for (const [at, [name, sex]] of PEOPLE.entries()) {
    await (at === 0 ? form.firstRow('hoc_vien') : form.addRow('hoc_vien'));
    await form.type('hv_ten', name);
    await form.choose('hv_tt', 'co_mat', 'Có mặt');
    await form.choose('hv_gt', sex, sex === 'nu' ? 'Nữ' : 'Nam');
    await form.type('hv_nam_sinh', '1985');
    await form.choose('hv_dong_y_dt', 'khong', 'Không');
    await form.choose('hv_don_vi', 'dn_p_long_khanh', 'Phường Long Khánh');
    await form.closeRow();
  }
  await officer.screenshot('roster');
  const rows = officer.page.locator('[data-repeat="hoc_vien"] .row-card');
  const search = officer.page.locator('[data-repeat="hoc_vien"] input[type="search"]');
  for (const [words, count] of [['luong', 1], ['HOANG THI', 1], ['Nữ', 6], ['co mat', 12], ['vang', 0], ['', 12]]) {
    await search.fill(words);
    await until(`${words} finds ${count}`, async () => (await rows.filter({ visible: true }).count()) === count);
  }
  await form.next();
  await form.question('tb_th').getByText('12/15').waitFor();
  await form.sign('ky_phu_trach');
  await form.next();
  await officer.page.getByRole('button', { name: 'Nộp phiếu' }).click();
  await officer.page.locator('.record-head').getByText('Đã nộp').waitFor();
  // The next one is a press away, and knows who fills in and which class it is.
  await officer.page.locator('.toast').getByRole('button', { name: 'Phiếu mới' }).click();
  const next = await new FormPage(officer.page).ready();
  for (const [question, answer] of [['nguoi_lap', 'Nguyễn Thị Hoa'], ['ma_lop', 'BDG-2026-01'], ['giang_vien', 'Võ Thị Lan'], ['buoi', '2']]) {
    assert.equal(await next.question(question).locator('input').inputValue(), answer, question);
  }
  await next.question('don_vi_lap').getByText('Phường Long Khánh').waitFor();
  await officer.page.goBack();
  await officer.page.locator('.record-head').getByText('Đã nộp').waitFor();
  await officer.screenshot('unsent');
});

test('the network is back: everything goes up by itself, and the line on top says so with the hour', async () => {
  await server.start();
  await app.allSent();
  const line = await officer.page.locator('.standing-line').innerText();
  assert.match(line, /\d{1,2}:\d{2}/);
  await officer.screenshot('all-sent');
});

test('another officer of the unit receives the records; an officer of another unit never does', async () => {
  await colleague.start();
  const near = new App(colleague, server);
  await near.signIn('canbo2.longkhanh');
  await near.open('/records');
  await until('both records are there', async () => (await colleague.page.locator('.record-row').count()) === 2);
  await colleague.screenshot('records');
  // Whose they are is told by name, and they are found by it.
  const { page } = colleague;
  await page.locator('input[type="search"]').fill('thi hoa');
  await until('both are found by her name', async () => (await page.locator('.record-row').count()) === 2);
  await page.locator('input[type="search"]').fill('');
  await page.locator('.record-row').first().click();
  await page.locator('.facts').getByText('Nguyễn Thị Hoa').waitFor();

  await stranger.start();
  const far = new App(stranger, server);
  await far.signIn('canbo.baovinh');
  await far.readyForOffline();
  await far.allSent();
  await far.open('/records');
  await stranger.page.locator('main').waitFor();
  assert.equal(await stranger.page.locator('.record-row').count(), 0);
});

/** Waits until the coordinator's list holds these records and no other. */
function listed(...records) {
  let rows;
  return until(`the list holds ${records.join(', ') || 'nothing'}`, async () => {
    rows = await coordinator.page.locator('.record-row').allInnerTexts();
    return rows.length === records.length && records.every((record) => rows.some((row) => record.test(row)));
  }).catch((error) => assert.fail(`${error.message}; it holds: ${rows?.join(' | ')}`));
}

/** Writes a report of difficulties on this phone, and leaves it there as a draft. */
async function reportDifficulty(device, words) {
  const form = await new App(device, server).begin(DIFFICULTY);
  await form.type('tom_tat', words);
  await form.saved();
}

test('the coordinator sees records arrive without reloading', async () => {
  await coordinator.start();
  const desk = new App(coordinator, server);
  await desk.signIn('dieuphoi');
  await desk.open('/records');
  await listed(INSPECTED, TRAINED);
  await reportDifficulty(colleague, 'Thiếu kinh phí tập huấn');
  await listed(INSPECTED, TRAINED, IN_NEED);
  await reportDifficulty(stranger, 'Chưa có cán bộ phụ trách');
  await listed(INSPECTED, TRAINED, IN_NEED, ELSEWHERE);
  await coordinator.screenshot('desk');
});

test('the coordinator narrows the list by form, unit, state and words without diacritics', async () => {
  const { page } = coordinator;
  const chip = (name) => page.locator('.chips').getByLabel(name, { exact: true });
  const search = page.locator('.records-list input[type="search"]');
  const all = [INSPECTED, TRAINED, IN_NEED, ELSEWHERE];

  await chip('Mẫu phiếu').selectOption(DIFFICULTY);
  await listed(IN_NEED, ELSEWHERE);
  await chip('Đơn vị').selectOption('dn_p_bao_vinh');
  await listed(ELSEWHERE);
  await page.reload();
  await listed(ELSEWHERE); // filters are in the address
  await chip('Mẫu phiếu').selectOption('');
  await listed(ELSEWHERE);
  await chip('Đơn vị').selectOption('');
  await listed(...all);
  await chip('Trạng thái').selectOption('submitted');
  await listed(INSPECTED, TRAINED);
  await chip('Trạng thái').selectOption('draft');
  await listed(IN_NEED, ELSEWHERE);
  await chip('Trạng thái').selectOption('');

  for (const [words, found] of [
    ['phuong', all],
    ['phuong long khanh', [INSPECTED, TRAINED, IN_NEED]],
    ['BAO VINH', [ELSEWHERE]],
    ['Phường Bảo Vinh', [ELSEWHERE]],
    ['thieu kinh phi', [IN_NEED]],
    ['kiem tra ubnd', [INSPECTED]],
    ['binh dang gioi 2026-01', [TRAINED]],
    ['khong he co', []],
  ]) {
    await search.fill(words);
    await listed(...found);
  }
  await page.getByText('Không có hồ sơ nào khớp.').waitFor();
  await chip('Mẫu phiếu').selectOption(DIFFICULTY);
  await search.fill('phuong');
  await listed(IN_NEED, ELSEWHERE);
  await search.fill('');
  await chip('Mẫu phiếu').selectOption('');
  await listed(...all);
});

test('the coordinator sorts the list: the newest change first, the oldest, or by name in the Vietnamese alphabet', async () => {
  const { page } = coordinator;
  const order = page.locator('.chips').getByLabel('Thứ tự', { exact: true });
  const rows = () => page.locator('.record-row').evaluateAll((rows) =>
    rows.map((row) => [row.querySelector('.list-row-title').textContent, new URL(row.href).pathname]));
  const becomes = (expected) => until('the list is sorted', async () => {
    assert.deepEqual(await rows(), expected);
    return true;
  });
  const newest = await rows();
  assert.equal(newest.length, 4);
  await order.selectOption('oldest');
  await becomes([...newest].reverse());
  await order.selectOption('title');
  const collator = new Intl.Collator('vi');
  const byTitle = [...newest].sort(([one], [other]) => collator.compare(one, other));
  assert.notDeepEqual(byTitle, newest);
  await becomes(byTitle);
  await page.reload();
  await becomes(byTitle); // the order is in the address
  await order.selectOption('');
  await becomes(newest);
});

test('a record at the desk: answers with labels, the photo, the map, and its history', async () => {
  const { page } = coordinator;
  await page.locator('.record-row').filter({ hasText: INSPECTED }).click();
  const answer = (path) => page.locator(`.answers [data-path="${path}"]`);
  await answer('pa/a1').getByText('Chưa đạt').waitFor();
  const seen = (path) => until(`the picture ${path} is seen`, () =>
    answer(path).locator('img').first().evaluate((image) => image.complete && image.naturalWidth > 0));
  await seen('pa/a1_anh');
  // The result, as the form words it.
  await page.locator('.answers .note').getByText(/Kết quả: .*điểm/).waitFor();
  const map = await answer('chung/vi_tri').locator('a').getAttribute('href');
  assert.match(map, /^https:\/\/www\.openstreetmap\.org\/\?mlat=10\.93\d*&mlon=107\.24\d*#/);
  await coordinator.screenshot('desk-record');

  await page.getByRole('button', { name: 'Xem lịch sử' }).click();
  const acts = page.locator('.history-list > li');
  const submitting = acts.filter({ hasText: 'Nguyễn Thị Hoa nộp' });
  await submitting.waitFor();
  for (const act of await acts.all()) {
    const told = await act.innerText();
    assert.match(told, /^Nguyễn Thị Hoa /, 'who');
    assert.match(told, /\d{1,2}:\d{2}[^]*máy chủ nhận [^]*\d{1,2}:\d{2}/, 'when, on the phone and at the server');
    assert.match(told, /· .*Chrome/, 'on which device');
  }
  for (const changes of await acts.locator('summary').all()) await changes.click();
  // A slow phone keeps the refused answer before it as well: the history then tells of both.
  const changed = acts.locator('[data-path="pa/a1_gc"]').filter({ hasText: 'Chưa ban hành kế hoạch năm' });
  await changed.getByText('A1 - Lý do chưa đạt').waitFor();
  await coordinator.screenshot('desk-history');
});

test("the spreadsheet's cells are right: labels, dates, rows, Vietnamese", async () => {
  const response = await coordinator.page.evaluate(async ([form, headers]) => {
    const answer = await fetch(`/api/v1/records.xlsx?form=${form}&lang=vi`, { headers });
    return [answer.status, Array.from(new Uint8Array(await answer.arrayBuffer()))];
  }, [SESSION, speaker('dieuphoi')]);
  assert.equal(response[0], 200);
  const sheets = await readSheets(Buffer.from(response[1]));
  const table = (sheet) => {
    const [head, ...rows] = sheet.data;
    return rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at]])));
  };
  const [record] = table(sheets[0]);
  assert.equal(record['Mở hồ sơ'], 'Mở hồ sơ', 'a link to it');
  assert.equal(record['Tên lớp tập huấn'], 'Tập huấn bình đẳng giới');
  assert.equal(record['Đối tượng học viên'], 'Cán bộ, công chức phường, xã');
  assert.ok(record['Ngày học'] instanceof Date, `a date is a date: ${record['Ngày học']}`);
  assert.equal(record['Số học viên được triệu tập'], 15);
  const people = table(sheets[1]);
  assert.deepEqual(people.map((row) => row['Họ và tên']), PEOPLE.map(([name]) => name));
  assert.deepEqual(people.map((row) => row['Giới tính']), PEOPLE.map(([, sex]) => (sex === 'nu' ? 'Nữ' : 'Nam')));
});
