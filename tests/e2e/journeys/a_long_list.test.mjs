// A roster of many people on a phone and at the desk: looked through, added to, called by name, and begun anew for the next session.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { DESK } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { Sender } from '../harness/wire.mjs';
import { FormPage } from '../pages/form.mjs';
import { rosterOf } from '../pages/roster.mjs';

const PEOPLE = 40;
const ABSENT = 23;
/** Whoever comes last has a name that is in many words. */
const nameOf = (row) => (row === PEOPLE ? 'Lê Văn An' : `Nguyễn Thị Đào ${row}`);

const stage = new Stage();
const trainer = stage.device('trainer');
const coordinator = stage.device('coordinator', DESK);
const { cards, card, openCard, search } = rosterOf(trainer);
let server;
let phone;
let desk;
let id;
let form;

before(async () => {
  server = await stage.serve();
  const sender = await Sender.signIn(server, 'canbo.longkhanh');
  for (const title of ['Công ty Hoa Mai 12/03/2026', 'Công ty Lan 20/04/2026']) {
    await sender.send(await sender.form('lk_kt_doanh_nghiep'), [{ _title: title }]);
  }
  const fields = { 'chung/ma_lop': 'BDG-1', 'chung/buoi': 1, 'chung/dia_diem': 'Hội trường phường' };
  for (let row = 1; row <= PEOPLE; row += 1) {
    const at = `hoc_vien[${row}]`;
    Object.assign(fields, {
      [at]: row, [`${at}/hv_ten`]: nameOf(row), [`${at}/hv_gt`]: 'nu', [`${at}/hv_nam_sinh`]: 1985,
      [`${at}/hv_don_vi`]: 'dn_p_long_khanh', [`${at}/hv_tt`]: row === ABSENT ? 'vang' : 'co_mat',
    });
  }
  await sender.send(await sender.form('lk_lop_tap_huan'), [fields]);
  phone = await stage.start(trainer, 'canbo.longkhanh');
});

test('whoever is not as most are stands out in the list', async () => {
  await phone.open('/records');
  const href = await trainer.page.locator('.record-row').first().getAttribute('href');
  [, id] = href.match(/records\/([0-9a-f-]+)/);
  await phone.open(`/records/${id}/edit`);
  form = await new FormPage(trainer.page).ready();
  await form.goTo('học viên');
  await until('the roster is drawn', async () => (await cards().count()) === PEOPLE);
  assert.match(await card(`Nguyễn Thị Đào ${ABSENT}`).locator('.card-departs').textContent(), /Vắng/);
  assert.match(await card('Nguyễn Thị Đào 22').locator('.card-answer').textContent(), /Có mặt/);
  assert.equal(await card('Nguyễn Thị Đào 22').locator('.card-departs').count(), 0);
  assert.equal((await card('Nguyễn Thị Đào 22').textContent()).match(/Có mặt/g).length, 1, 'it is told once');
  await card('Nguyễn Thị Đào 22').scrollIntoViewIfNeeded();
  const { height } = await card('Nguyễn Thị Đào 22').boundingBox();
  assert.ok(height <= 66, `a card of two lines, not ${height}`);
  await openCard('Nguyễn Thị Đào 22');
  assert.equal(await card('Nguyễn Thị Đào 22').locator('.card-answer').isVisible(), false, 'it is asked inside');
  await form.choose('hv_tt', 'muon', 'Đến muộn');
  await form.closeRow();
  await card('Nguyễn Thị Đào 22').locator('.card-departs').getByText('Đến muộn').waitFor();
});

test('whoever does not answer to their name is marked without opening their row', async () => {
  const { page } = trainer;
  const name = 'Nguyễn Thị Đào 12';
  const sheet = page.getByRole('dialog').filter({ visible: true });
  await card(name).scrollIntoViewIfNeeded();
  await card(name).getByRole('button', { name: `${name} · Điểm danh: Có mặt` }).click();
  await sheet.getByText(`12 · ${name} · Điểm danh`).waitFor();
  await trainer.screenshot('roster-marking');
  assert.deepEqual(await faults(trainer, 'marking somebody'), []);
  await sheet.locator('[data-value="vang"]').click();
  await sheet.waitFor({ state: 'detached' });
  await card(name).locator('.card-departs').getByText('Vắng').waitFor();
  // A slip of the thumb is undone where it is told.
  const toast = page.locator('.toast');
  await toast.getByText(`${name}: Vắng`, { exact: true }).waitFor();
  await toast.getByRole('button', { name: 'Hoàn tác' }).click();
  await card(name).locator('.card-answer').getByText('Có mặt').waitFor();
  assert.equal(await card(name).locator('.card-departs').count(), 0);
  // Held, or pressed with the other button, it opens the sheet too.
  await card(name).locator('.card-answer').click({ button: 'right' });
  await sheet.locator('[data-value="vang"]').click();
  await sheet.waitFor({ state: 'detached' });
  await card(name).locator('.card-departs').getByText('Vắng').waitFor();
  assert.equal(await cards().locator('.row-body').count(), 0, 'no row opened');
  await trainer.screenshot('roster-marked');
  await search().fill('vang');
  await until('both who are absent are found', async () => (await cards().count()) === 2);
  await card(name).locator('.card-answer').click();
  await sheet.locator('[data-value="vang_phep"]').click();
  await search().fill('vang co ly do');
  await until('it is found as it is now', async () => (await cards().count()) === 1);
  await search().fill('');
  await until('all are shown', async () => (await cards().count()) === PEOPLE);
  await form.saved();
});

test('one press leaves whoever is absent, and all are shown again when nobody is', async () => {
  const { page } = trainer;
  const name = nameOf(ABSENT);
  const absent = page.getByRole('button', { name: 'Vắng 1', exact: true });
  const mark = async (value) => {
    await card(name).locator('.card-answer').click();
    const sheet = page.getByRole('dialog').filter({ visible: true });
    await sheet.locator(`[data-value="${value}"]`).click();
    await sheet.waitFor({ state: 'detached' });
  };
  await absent.click();
  await until('one is left', async () => (await cards().count()) === 1);
  await card(name).waitFor();
  await trainer.screenshot('roster-absent');
  assert.deepEqual(await faults(trainer, 'whoever is absent'), []);
  await mark('muon');
  await until('all are shown', async () => (await cards().count()) === PEOPLE);
  assert.equal(await absent.count(), 0);
  await mark('vang');
  await absent.waitFor();
  await form.saved();
});

test('whoever goes back through the list by keys stands on nothing behind its bar', async () => {
  const { page } = trainer;
  await card('Nguyễn Thị Đào 20').scrollIntoViewIfNeeded();
  await card('Nguyễn Thị Đào 20').evaluate((row) => {
    const before = row.previousElementSibling.querySelector('.card-answer').getBoundingClientRect();
    const bar = row.closest('.repeat').querySelector('.repeat-bar').getBoundingClientRect();
    document.querySelector('.form-scroll').scrollTop += (before.top + before.bottom) / 2 - bar.bottom;
    row.querySelector('.row-summary').focus({ preventScroll: true });
  });
  await page.keyboard.press('Shift+Tab');
  await until('the answer before is in sight', () => page.evaluate(() => {
    const active = document.activeElement;
    const { left, top, width, height } = active.getBoundingClientRect();
    return active.matches('.card-answer') && active.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  }));
});

test('how many are there stands above the list, wherever in it one is', async () => {
  const { page } = trainer;
  const strip = page.locator('.repeat-figures');
  const told = () => strip.locator('li').allTextContents();
  const mark = async (value) => {
    await card('Nguyễn Thị Đào 14').locator('.card-answer').click();
    const sheet = page.getByRole('dialog').filter({ visible: true });
    await sheet.locator(`[data-value="${value}"]`).click();
    await sheet.waitFor({ state: 'detached' });
  };
  // Two are absent; whoever is late is there.
  const there = PEOPLE - 2;
  assert.deepEqual(await told(), [`Có mặt ${there}`, `Nữ ${there}`, 'Nam 0', 'DTTS 0']);
  await card('Nguyễn Thị Đào 14').scrollIntoViewIfNeeded();
  await mark('vang');
  await until('one less is there', async () => (await told())[0] === `Có mặt ${there - 1}`);
  await mark('co_mat');
  await until('they are there again', async () => (await told())[0] === `Có mặt ${there}`);
  assert.equal(await strip.evaluate((figures) => Boolean(figures.closest('[aria-live], [role="status"]'))), false);
  const letters = (scale) => page.evaluate((scale) => {
    document.documentElement.style.setProperty('--text-scale', scale);
    window.dispatchEvent(new Event('resize'));
  }, scale);
  const isWhole = () => strip.evaluate((figures) => figures.scrollHeight <= figures.clientHeight + 1);
  await page.setViewportSize({ width: 360, height: 740 });
  const { y, height } = await strip.boundingBox();
  assert.ok(y > 0 && y < 300, `in sight at ${y}`);
  assert.ok(height < 30, `one line, not ${height}`);
  const cut = await strip.locator('.figure-label').evaluateAll((labels) =>
    labels.filter((label) => label.scrollWidth > label.clientWidth).map((label) => label.textContent));
  assert.deepEqual(cut, [], 'none is cut short');
  assert.ok(await isWhole(), 'all of it');
  await trainer.screenshot('roster-figures');
  assert.deepEqual(await faults(trainer, 'the figures of a roster'), []);
  await letters('1.9');
  assert.ok(await isWhole(), 'large letters take more lines');
  await letters('1');
  await page.setViewportSize(trainer.size);
  await form.saved();
});

test('without a network, a mark and a row far down stand as they were after a reload', async () => {
  const { page } = trainer;
  const [marked, inside] = ['Nguyễn Thị Đào 15', 'Nguyễn Thị Đào 33'];
  await phone.allSent();
  await server.stop();
  await card(marked).scrollIntoViewIfNeeded();
  await card(marked).locator('.card-answer').click();
  await page.getByRole('dialog').filter({ visible: true }).locator('[data-value="muon"]').click();
  await openCard(inside);
  await form.type('hv_chuc_vu', 'Tổ trưởng');
  await form.saved();
  await page.reload();
  form = await new FormPage(page).ready();
  // More rows stand before it than are drawn at first.
  await card(inside).locator('.row-body').waitFor();
  assert.equal(await form.question('hv_chuc_vu').locator('input').inputValue(), 'Tổ trưởng');
  assert.match(await card(marked).locator('.card-departs').textContent(), /Đến muộn/);
  await until('the roster is drawn', async () => (await cards().count()) === PEOPLE);
  for (const [size, where] of [[{ width: 360, height: 740 }, 'phone'], [DESK, 'desk']]) {
    await page.setViewportSize(size);
    await card(marked).scrollIntoViewIfNeeded();
    await trainer.screenshot(`roster-offline-${where}`);
  }
  await page.setViewportSize(trainer.size);
  await openCard(inside);
  await form.closeRow();
  await server.start();
});

/** Where what matches stands on the screen. */
const boxOf = (selector) => trainer.page.locator(selector).filter({ visible: true }).first().boundingBox();
/** Whether it stands between the form's head, as far as it is in sight, and its foot. */
async function isInSight(box) {
  const [head, foot] = [await boxOf('.form-head'), await boxOf('.form-foot')];
  return box.y >= Math.max(0, head.y + head.height) - 1 && box.y + box.height <= foot.y + 1;
}

test('the field that is typed in stays in sight when the keyboard comes and goes', async () => {
  const { page } = trainer;
  await openCard('Nguyễn Thị Đào 30');
  const field = page.locator('.row-body [data-q="hv_ten"] input').filter({ visible: true });
  await field.scrollIntoViewIfNeeded();
  await field.focus();
  await page.setViewportSize({ width: 360, height: 340 });
  await page.locator('[data-short]').waitFor();
  await until('it is above the keyboard', async () => isInSight(await field.boundingBox()));
  // The keyboard's Next leads on.
  const next = page.locator('.row-body [data-q="hv_nam_sinh"] input').filter({ visible: true });
  await next.focus();
  await page.setViewportSize(trainer.size);
  await page.locator('html:not([data-short])').waitFor();
  await until('it is in sight without the keyboard', async () => isInSight(await next.boundingBox()));
  assert.ok((await boxOf('.repeat-bar')).y < 300, 'the search is in sight');
});

test('a phone that is turned shows what it showed', async () => {
  const { page } = trainer;
  await form.closeRow();
  await card('Nguyễn Thị Đào 25').scrollIntoViewIfNeeded();
  await page.evaluate(() => document.activeElement.blur());
  const shown = await page.evaluate(() => {
    const box = document.querySelector('.form-scroll').getBoundingClientRect();
    const cards = [0, 16].map((gap) => document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 4 + gap).closest('.row-card'));
    return cards.find(Boolean).id;
  });
  const isShown = async () => {
    const box = await page.locator(`#${shown}`).boundingBox();
    return box.y + box.height > 0 && box.y < page.viewportSize().height;
  };
  await page.setViewportSize({ width: 640, height: 360 });
  await page.locator('[data-short]').waitFor();
  await until('it is there with the phone on its side', isShown);
  await page.setViewportSize(trainer.size);
  await page.locator('html:not([data-short])').waitFor();
  await until('it is there with the phone upright', isShown);
});

test('whoever looks at another page comes back to the row they left', async () => {
  const name = 'Nguyễn Thị Đào 30';
  await openCard(name);
  await form.closeRow();
  // Not by going on, which leads to what is missing.
  await form.goTo('Tổng hợp');
  await trainer.page.locator('.form-foot').getByRole('button', { name: 'Trước' }).click();
  await until('its card has the focus', () => card(name).evaluate((row) => row.contains(document.activeElement)));
  await until('it is in sight', async () => isInSight(await card(name).boundingBox()));
  assert.equal(await cards().locator('.row-body').count(), 0, 'as it was left');
  await form.goTo('Xem lại');
  await form.goTo('học viên');
  await until('it has the focus again', () => card(name).evaluate((row) => row.contains(document.activeElement)));
});

test('a search in the middle of the list shows what it finds, whatever row stands open', async () => {
  await openCard('Nguyễn Thị Đào 30');
  await form.question('hv_ky').scrollIntoViewIfNeeded();
  await search().fill('dao 37');
  await until('one is found', async () => (await cards().count()) === 1);
  const box = await card('Nguyễn Thị Đào 37').boundingBox();
  assert.ok(box.y > 0 && box.y + box.height < 500, `in sight at ${box.y}`);
  await trainer.page.locator('.repeat-head').getByText(`1/${PEOPLE}`, { exact: true }).waitFor();
  await trainer.screenshot('roster-found');
  // It begins no word of the others' names, and lies in where all of them come from.
  await search().fill('an');
  await until('one is found', async () => (await cards().count()) === 1);
  await card('Lê Văn An').waitFor();
  await search().fill('khong ai ca');
  await trainer.page.getByText('Không có mục nào khớp.').waitFor();
  assert.deepEqual(await faults(trainer, 'a search in a roster'), []);
});

test('somebody is added from anywhere in the list, and stays in sight after a search', async () => {
  await trainer.page.locator('.repeat-bar').getByRole('button', { name: 'Thêm học viên' }).click();
  await until('the row is there', async () => (await cards().count()) === PEOPLE + 1);
  assert.equal(await search().inputValue(), '');
  await form.type('hv_ten', 'Lê Văn Mới');
  await form.closeRow();
  await form.saved();
  await card('Lê Văn Mới').waitFor();
  await card('Nguyễn Thị Đào 20').scrollIntoViewIfNeeded();
  const box = await search().boundingBox();
  assert.ok(box.y > 0 && box.y < 300, `the search is in sight at ${box.y}`);
  await trainer.screenshot('roster-bar');
});

test('whoever is sought and not there is added by one press, and whoever is nearly called so is shown before', async () => {
  const { page } = trainer;
  await search().fill('le thi an');
  await page.locator('.repeat > p').getByText('Không có mục nào khớp. Có phải:').waitFor();
  await until('the near one is shown', async () => (await cards().count()) === 1);
  await card('Lê Văn An').waitFor();
  await trainer.screenshot('roster-near');
  await search().fill('lê thị sáu');
  await page.getByRole('button', { name: 'Thêm “Lê Thị Sáu”' }).click();
  await until('one more is there', async () => (await cards().count()) === PEOPLE + 2);
  await card('Lê Thị Sáu').waitFor();
  assert.equal(await cards().locator('.row-body').count(), 0, 'nothing is left to type');
  assert.equal(await search().inputValue(), '');
  await page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await until('the press is taken back', async () => (await cards().count()) === PEOPLE + 1);
  await form.saved();
});

test('codes are read one after the other: each tells whose it is and how they are marked, and one of nobody is said', async () => {
  const { page } = trainer;
  await trainer.context.grantPermissions(['camera'], { origin: server.url });
  await page.evaluate(() => {
    window.BarcodeDetector = class {
      async detect() {
        return window.code ? [{ rawValue: window.code }] : [];
      }
    };
  });
  const see = async (code, words) => {
    await page.evaluate((code) => { window.code = code; }, code);
    await until(`"${words}" is said`, async () => (await page.locator('.scan-told').textContent()).trim().endsWith(words));
  };
  await page.locator('.repeat-bar').getByRole('button', { name: 'Quét mã' }).click();
  await page.locator('.scan-told').waitFor({ state: 'attached' });
  await see('nguyễn thị đào 21', '21 · Nguyễn Thị Đào 21 · Có mặt');
  await see('8934567890123', 'Không có trong danh sách: 8934567890123');
  assert.equal(await page.locator('.scan-miss').count(), 1, 'a miss looks like none that is found');
  // As on an identity card, whose number nobody needs to see.
  await see('079085001234||Lê Thị Lạ|05031985|Nữ|Long Khánh|01012022', 'Không có trong danh sách: Lê Thị Lạ');
  await see('079085001235||Nguyễn Thị Đào 35|05031985|Nữ|Long Khánh|01012022', '35 · Nguyễn Thị Đào 35 · Có mặt');
  assert.equal(await page.locator('.scan-miss').count(), 0);
  await trainer.screenshot('roster-scanning');
  assert.deepEqual(await faults(trainer, 'codes of a roster'), []);
  await page.getByRole('button', { name: 'Thôi quét' }).filter({ visible: true }).click();
  await until('whoever was found last has the focus', () =>
    card('Nguyễn Thị Đào 35').evaluate((row) => row.contains(document.activeElement)));
  assert.equal(await cards().locator('.row-body').count(), 0, 'no row opened');
  await form.saved();
});

test('a closed row says how much it lacks, and going on opens the first of them at the question', async () => {
  const { page } = trainer;
  const name = 'Nguyễn Thị Đào 20';
  await openCard(name);
  await form.type('hv_nam_sinh', '');
  await form.closeRow();
  await card(name).locator('.row-lacks').getByText(/^Thiếu \d+$/).waitFor();
  await form.saved();
  const lacking = page.getByRole('button', { name: /^Còn thiếu \d+$/ });
  const [, count] = (await lacking.textContent()).match(/(\d+)/);
  await lacking.click();
  await until('only those that lack something are left', async () => (await cards().count()) === Number(count));
  assert.equal(await cards().filter({ has: page.locator('.row-lacks') }).count(), Number(count));
  await lacking.click();
  await until('all are shown', async () => (await cards().count()) === PEOPLE + 1);
  const first = await cards().filter({ has: page.locator('.row-lacks') }).first().locator('.row-title').textContent();
  // It may be none of those that are found.
  await search().fill('dao 37');
  await until('one is found', async () => (await cards().count()) === 1);
  await page.locator('.form-foot').getByRole('button', { name: 'Tiếp', exact: true }).click();
  await card(first).locator('.row-body').waitFor();
  await until('the focus is on what is missing', () =>
    page.evaluate(() => Boolean(document.activeElement?.closest('.row-body .question-wrong'))));
  await trainer.screenshot('roster-lacking');
  assert.deepEqual(await faults(trainer, 'a roster with gaps'), []);
  await search().fill('');
  await until('all are shown', async () => (await cards().count()) === PEOPLE + 1);
  await openCard(name);
  await form.type('hv_nam_sinh', '1985');
  await form.closeRow();
  await form.saved();
});

test('whoever is sent into a row of a long list sees the question below the search', async () => {
  const { page } = trainer;
  for (const size of [DESK, trainer.size]) {
    await page.setViewportSize(size);
    await form.goTo('Xem lại');
    // The same is missing in all of them: that is one gap, and leads to the first.
    await page.locator('.review-item').filter({ hasText: /mục còn thiếu/ }).first().click();
    const question = page.locator('.row-open [data-q]:focus-within').first();
    await question.waitFor();
    const [label, bar] = [await question.locator('.question-label').boundingBox(), await boxOf('.repeat-bar')];
    assert.ok(label.y >= bar.y + bar.height, `the label begins at ${label.y}, the search ends at ${bar.y + bar.height}`);
  }
  await form.closeRow();
});

test('at the desk each row of many is folded under its name', async () => {
  await phone.allSent();
  desk = await stage.start(coordinator, 'dieuphoi');
  await desk.open(`/records/${id}`);
  const { page } = coordinator;
  const rows = page.locator('.answers-folded');
  await until('all rows are told', async () => (await rows.count()) === PEOPLE + 1);
  const absent = rows.filter({ hasText: `Nguyễn Thị Đào ${ABSENT} ` });
  assert.equal(await absent.locator('.answer').filter({ visible: true }).count(), 0);
  await absent.locator('summary').getByText('Vắng', { exact: true }).waitFor();
  assert.equal(await rows.first().locator('summary').getByText('Có mặt').count(), 0, 'most are there');
  await absent.locator('summary').click();
  await absent.locator('[data-path$="/hv_tt"]').getByText('Vắng').waitFor();
  // The class has no day, by which units are offered.
  await absent.locator('[data-path$="/hv_don_vi"]').getByText('Phường Long Khánh').waitFor();
  await coordinator.screenshot('roster-desk');
  assert.deepEqual(await faults(coordinator, 'a roster at the desk'), []);
});

test('filters that leave nothing are taken off where that is told', async () => {
  const { page } = coordinator;
  await desk.open('/records?state=approved&sort=title');
  await page.getByText('Không có hồ sơ nào khớp.').waitFor();
  await page.locator('.records-list input[type="search"]').fill('khong co');
  await page.getByRole('button', { name: 'Bỏ lọc' }).click();
  await until('the list is whole', async () => (await page.locator('.record-row').count()) === 3);
  assert.equal(await page.locator('.records-list input[type="search"]').inputValue(), '');
  assert.equal(new URL(page.url()).search, '?sort=title');
});

test('the next session begins with the people of this one, whom nobody has called yet', async () => {
  const { page } = trainer;
  await phone.open(`/records/${id}`);
  await page.getByRole('link', { name: 'Buổi tiếp theo' }).click();
  form = await new FormPage(page).ready();
  await form.goTo('Thông tin chung');
  for (const [question, value] of [['ma_lop', 'BDG-1'], ['buoi', '2'], ['dia_diem', 'Hội trường phường']]) {
    assert.equal(await form.question(question).locator('input').inputValue(), value, question);
  }
  await form.goTo('học viên');
  await until('all are there', async () => (await cards().count()) === PEOPLE + 1);
  assert.equal(await page.locator('.card-departs').count(), 0, 'whoever was absent is not taken to be absent again');
  await page.locator('.repeat-figures').getByText(`Chưa điểm danh ${PEOPLE + 1}`).waitFor();
  await openCard('Nguyễn Thị Đào 5');
  assert.equal(await form.question('hv_nam_sinh').locator('input').inputValue(), '1985');
  await form.question('hv_don_vi').getByText('Phường Long Khánh').waitFor();
  assert.equal(await form.question('hv_gio').filter({ visible: true }).count(), 0, 'only of whoever is late it is asked when they came');
  await form.closeRow();
  await form.saved();
  await trainer.screenshot('roster-next-session');
  // Nobody has answered anything, and all of it is there after a crash.
  await trainer.kill();
  await trainer.start();
  await phone.open('/');
  form = await phone.backInForm();
  await form.goTo('học viên');
  await until('all are there', async () => (await cards().count()) === PEOPLE + 1);
});

test('a new record leads to what was submitted last for the same form and unit, and a submitted one to the one before', async () => {
  const { page } = trainer;
  const last = () => page.locator('.last-time').filter({ visible: true });
  await phone.open(`/records/${id}`);
  await page.locator('.record-head h1').waitFor();
  assert.equal(await last().count(), 0, 'nothing was submitted before it');
  form = await phone.begin('lk_lop_tap_huan');
  await last().getByText(/^Lần trước: BDG-1 .*\d\d\/\d\d\/\d{4}, \S/).waitFor();
  await trainer.screenshot('last-time');
  assert.deepEqual(await faults(trainer, 'a new record with an earlier one'), []);
  await form.goTo('học viên');
  await last().waitFor({ state: 'detached' });
  await form.goTo('Thông tin chung');
  await last().click();
  await until('the earlier record is read', () => new URL(page.url()).pathname === `/records/${id}`);
  await page.locator('.record-head h1').waitFor();
  // Whoever goes back is in the new one.
  await page.goBack();
  form = await new FormPage(page).ready();
  form = await phone.begin('lk_kt_phuong_xa');
  assert.equal(await last().count(), 0, 'of another form nothing was submitted');
  form = await phone.begin('lk_kt_doanh_nghiep');
  await last().getByText(/^Lần trước: Công ty Lan 20\/04\/2026, \S/).waitFor();
  await form.type('ten_dn', 'Công ty Hoa Mai');
  await last().getByText(/^Lần trước: Công ty Hoa Mai 12\/03\/2026, \S/).waitFor();
});
