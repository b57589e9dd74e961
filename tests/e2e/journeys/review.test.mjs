// Review: a record is sent back with a reason while its officer is away, mended, submitted again and approved. What an officer
// writes without having seen an approval stands, and the coordinator is told.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { Desk } from '../harness/desk.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { fillUp, quota } from '../harness/quota.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { Sender } from '../harness/wire.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';
const WHY = 'Mô tả quá ngắn, ghi rõ số người chưa được tập huấn.';
const COORDINATOR = 'Võ Thị Lan';

const stage = new Stage();
const officer = stage.device('review-officer');
const coordinator = stage.device('review-coordinator', DESK);
let server;
let phone;
let desk;
let record;

before(async () => {
  server = await stage.serve();
  phone = await stage.start(officer, 'canbo.longkhanh');
  desk = await stage.start(coordinator, 'dieuphoi');
});

const said = (device) => device.page.locator('.history-list > li');
const badge = (device, text) => device.page.locator('.record-head .record-marks').getByText(text, { exact: true });
const judge = (name) => coordinator.page.locator('.review-bar').getByRole('button', { name, exact: true });

/** A picture of a screen in both languages and at both sizes. */
async function pictures(device, app, path, name, show = async () => {}) {
  for (const [language, label] of [['en', 'English'], ['vi', 'Tiếng Việt']]) {
    await app.open('/more');
    await device.page.getByRole('radio', { name: label, exact: true }).check({ force: true });
    await app.open(path);
    await show();
    for (const [size, where] of [[PHONE, 'phone'], [DESK, 'desk']]) {
      await device.page.setViewportSize(size);
      await device.screenshot(`${name}-${language}-${where}`);
    }
    await device.page.setViewportSize(device.size);
  }
}

async function submit() {
  await officer.page.locator('.page-button').click();
  await officer.page.locator('.page-link').filter({ hasText: 'Xem lại' }).first().click();
  await officer.page.getByRole('button', { name: /^Nộp/ }).click();
  await badge(officer, 'Đã nộp').waitFor();
}

async function change(name, text) {
  await phone.open(`/records/${record}/edit`);
  const form = await new FormPage(officer.page).ready();
  await form.goTo('Thông tin chung');
  await form.type(name, text);
  await form.saved();
}

test('an officer submits a record, and it waits for the coordinator: counted on Today, one press away', async () => {
  const form = await phone.begin(FORM);
  await form.choose('don_vi_lap', 'dn_p_long_khanh', 'Phường Long Khánh');
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.choose('nhom', 'kinh_phi', 'Kinh phí');
  await form.choose('muc_do', 'khan', 'Khẩn');
  await form.type('mo_ta', 'Thiếu.');
  await form.type('kien_nghi', 'Cấp thêm');
  await form.choose('cap_gq', 'tinh', 'UBND tỉnh');
  await form.saved();
  await submit();
  [, record] = officer.page.url().match(/records\/([0-9a-f-]+)/);
  await phone.allSent();
  assert.equal(await officer.page.locator('.review-bar').getByRole('button').count(), 0, 'an officer judges nothing');

  await desk.open('/');
  const waiting = coordinator.page.getByRole('link', { name: /Chờ duyệt/ });
  await waiting.getByText('1', { exact: true }).waitFor();
  await pictures(coordinator, desk, '/', 'review-today', () => coordinator.page.locator('.tab-count').first().waitFor());
  await waiting.click();
  await coordinator.page.locator('.record-row').click();
  await badge(coordinator, 'Đã nộp').waitFor();
});

test('while the officer is away the coordinator sends it back, which needs words and can be undone', async () => {
  await officer.context.setOffline(true);
  const { page } = coordinator;
  await judge('Trả lại').click();
  const sheet = page.getByRole('dialog').filter({ visible: true });
  const send = sheet.getByRole('button', { name: 'Trả lại', exact: true });
  await send.click();
  await sheet.getByText('Ghi lý do rồi hãy trả lại.').waitFor();
  // The reason names what is to be mended.
  const question = await sheet.locator('option').filter({ hasText: 'Mô tả' }).first().innerText();
  const words = sheet.locator('textarea');
  // Who goes through the list by its arrow keys names nothing on the way.
  await sheet.locator('select').selectOption(question);
  assert.equal(await words.inputValue(), '');
  await sheet.getByRole('button', { name: 'Ghi tên câu hỏi vào lời trên' }).click();
  assert.equal(await words.inputValue(), `${question}: `);
  assert.ok(await words.evaluate((area) => area === document.activeElement));
  assert.deepEqual(await faults(coordinator, 'sending back'), []);
  for (const [size, where] of [[PHONE, 'phone'], [DESK, 'desk']]) {
    await page.setViewportSize(size);
    await coordinator.screenshot(`review-why-${where}`);
  }
  // The server answers late, in the midst of the words that come next.
  let answer;
  const held = new Promise((resolve) => { answer = resolve; });
  await page.route('**/api/v1/push', async (route) => { await held; await route.continue(); });
  await words.fill('nhầm');
  await send.click();
  await badge(coordinator, 'Bị trả lại').waitFor();
  await page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await badge(coordinator, 'Đã nộp').waitFor();

  await judge('Trả lại').click();
  await words.fill(WHY);
  answer();
  await desk.allSent();
  assert.deepEqual(await faults(coordinator, 'words while the record is read anew'), []);
  assert.equal(await words.inputValue(), WHY, 'a record that is read anew takes no words away');
  await page.unroute('**/api/v1/push');
  // Words that the device cannot keep stay where they can be kept once more.
  await fillUp(coordinator, server.url);
  await send.click();
  await sheet.getByText('Máy đã đầy.').waitFor();
  assert.equal(await words.inputValue(), WHY);
  await coordinator.screenshot('review-why-full-disk');
  await quota(coordinator, server.url);
  await send.click();
  await badge(coordinator, 'Bị trả lại').waitFor();
  await desk.allSent();
  assert.equal(await judge('Trả lại').count(), 0);
  assert.ok(!(await judge('Duyệt').getAttribute('class')).includes('primary'), 'a second tap does not lead to approving it');
  await pictures(coordinator, desk, `/records/${record}`, 'review-returned', () => page.locator('.review-bar').waitFor());
});

test('the officer sees on Today and in Records that it came back, from whom, when and why', async () => {
  await officer.context.setOffline(false);
  await phone.open('/');
  const told = new RegExp(`${COORDINATOR}: ${WHY}[^]*\\d\\d:\\d\\d`);
  const row = officer.page.locator('.section').filter({ hasText: 'Bị trả lại' }).locator('.record-row');
  await until('Today tells it', async () => told.test(await row.innerText()));
  await pictures(officer, phone, '/', 'review-back-today', () => officer.page.locator('.record-row').first().waitFor());
  await pictures(officer, phone, '/records', 'review-back-records', () => officer.page.locator('.record-row').waitFor());
  await phone.open('/records?state=returned');
  assert.match(await officer.page.locator('.record-row').innerText(), told);
  await officer.page.locator('.record-row').click();
  await officer.page.locator('.banner').getByText(WHY).waitFor();
  await officer.page.locator('.banner').getByText(new RegExp(`${COORDINATOR} trả lại · .*\\d\\d:\\d\\d`)).waitFor();
  assert.deepEqual(await faults(officer, 'a record that came back'), []);
  // What is to be done with it is in sight, however much stands above.
  const mend = await officer.page.getByRole('link', { name: 'Sửa, bổ sung' }).boundingBox();
  const tabs = await officer.page.locator('.tabs').boundingBox();
  assert.ok(mend.y > 0 && mend.y + mend.height <= tabs.y, `it ends at ${mend.y + mend.height}`);
  await pictures(officer, phone, `/records/${record}`, 'review-back-record', () => officer.page.locator('.reason').waitFor());
});

test('mended without a network and submitted again, it is approved; its officer changes it no more', async () => {
  await officer.context.setOffline(true);
  await change('mo_ta', 'Còn 40 người chưa được tập huấn.');
  // What is to be mended stays in sight while it is mended.
  const wanted = officer.page.locator('.sent-back');
  assert.match(await wanted.locator('summary').innerText(), new RegExp(WHY));
  await wanted.locator('summary').click();
  await wanted.getByText(new RegExp(`^${COORDINATOR} · `)).waitFor();
  assert.ok(await wanted.locator('summary > span').evaluate((line) => line.scrollWidth <= line.clientWidth), 'all of it is read');
  assert.deepEqual(await faults(officer, 'a form that came back'), []);
  await officer.screenshot('review-mending');
  await wanted.locator('summary').click();
  await submit();
  assert.equal(await officer.page.locator('.banner').getByText(WHY).count(), 0);
  await phone.open(`/records/${record}`);
  await officer.page.getByRole('button', { name: 'Xem lịch sử' }).click();
  await officer.page.getByText('cần mạng để xem').waitFor();
  await officer.context.setOffline(false);
  await phone.allSent();

  await desk.open(`/records/${record}`);
  await coordinator.page.getByText('Còn 40 người').waitFor();
  let answer;
  const held = new Promise((resolve) => { answer = resolve; });
  await coordinator.page.route('**/api/v1/push', async (route) => { await held; await route.continue(); });
  await judge('Duyệt').click();
  await badge(coordinator, 'Đã duyệt').waitFor();
  await coordinator.page.locator('.toast').getByText('Đã duyệt').waitFor();
  // That it was sent closes nothing that somebody looks at meanwhile.
  await coordinator.page.getByRole('button', { name: 'Xem lịch sử' }).click();
  await said(coordinator).first().waitFor();
  await badge(coordinator, 'Chưa gửi').waitFor();
  const history = await said(coordinator).first().elementHandle();
  answer();
  await badge(coordinator, 'Chưa gửi').waitFor({ state: 'detached' });
  await desk.allSent();
  await coordinator.page.unroute('**/api/v1/push');
  assert.ok(await history.isVisible(), 'the history that was open is open');
  await desk.open('/');
  await coordinator.page.locator('.today').waitFor();
  assert.equal(await coordinator.page.getByRole('link', { name: /Chờ duyệt/ }).count(), 0);

  await phone.open(`/records/${record}`);
  await badge(officer, 'Đã duyệt').waitFor();
  await officer.page.getByText('Cần sửa thì nhờ người điều phối trả lại.').waitFor();
  assert.equal(await officer.page.locator('.record-head, .review-bar').getByRole('link').count(), 0);
  await pictures(officer, phone, `/records/${record}`, 'review-approved', () => officer.page.locator('.record-head').waitFor());
  await phone.open(`/records/${record}/edit`);
  await officer.page.getByText('Cần sửa thì nhờ người điều phối trả lại.').waitFor();
});

test('the history tells each act with its reason', async () => {
  await desk.open(`/records/${record}`);
  await coordinator.page.getByRole('button', { name: 'Xem lịch sử' }).click();
  await said(coordinator).first().waitFor();
  const acts = (await said(coordinator).allInnerTexts()).join('\n');
  for (const act of [
    /Nguyễn Thị Hoa nộp/, /Võ Thị Lan trả lại\s+nhầm/, /Võ Thị Lan đưa hồ sơ về Đã nộp/,
    new RegExp(`Võ Thị Lan trả lại\\s+${WHY}`), /Võ Thị Lan duyệt/,
  ]) {
    assert.match(acts, act);
  }
  await coordinator.screenshot('review-history');
});

test('the officer is away while a record is sent back and approved: what was written there stands, and whoever approved is told', async () => {
  // Sent back once more, so that there is something to mend without a network.
  await judge('Trả lại').click();
  const sheet = coordinator.page.getByRole('dialog').filter({ visible: true });
  await sheet.locator('textarea').fill('Thêm kiến nghị');
  await sheet.getByRole('button', { name: 'Trả lại', exact: true }).click();
  await badge(coordinator, 'Bị trả lại').waitFor();
  await desk.allSent();
  await phone.open('/');
  await officer.page.locator('.section').filter({ hasText: 'Thêm kiến nghị' }).waitFor();
  await phone.allSent();

  await officer.context.setOffline(true);
  await change('kien_nghi', 'Cấp thêm 20 triệu');
  await judge('Duyệt').click();
  await badge(coordinator, 'Đã duyệt').waitFor();
  await desk.allSent();
  await officer.context.setOffline(false);
  await phone.open('/');
  await phone.allSent();

  await desk.open(`/records/${record}`);
  await coordinator.page.getByText('Có thay đổi mà người duyệt chưa thấy.').waitFor();
  await coordinator.page.getByText('Cấp thêm 20 triệu').waitFor();
  assert.deepEqual(await faults(coordinator, 'approved and changed'), []);
  await coordinator.screenshot('review-changed-unseen');
  // What it was is a press away from where it is approved again.
  await judge('Xem thay đổi').click();
  const changes = coordinator.page.getByRole('dialog').filter({ visible: true });
  const answer = changes.locator('[data-path$="kien_nghi"]');
  await answer.getByText('Cấp thêm 20 triệu', { exact: true }).waitFor();
  await answer.locator('dd').getByText('Cấp thêm', { exact: true }).waitFor();
  assert.match(await answer.innerText(), /Trước đó: Cấp thêm$/, 'what it was stands by what it is');
  assert.equal(await changes.locator('.answers-heading').count(), 1);
  await coordinator.screenshot('review-changes');
  await coordinator.page.keyboard.press('Escape');
  await judge('Duyệt lại').click();
  await coordinator.page.getByText('Có thay đổi mà người duyệt chưa thấy.').waitFor({ state: 'detached' });
  await desk.allSent();

  const api = await Desk.signIn(server);
  const history = await api.history(record);
  assert.deepEqual(history.filter((act) => act.outcome === 'quarantined'), [], 'no work of the officer was refused');
  assert.deepEqual(await api.quarantine(), []);
});

test('a coordinator approves one record after the other without going back to the list', async () => {
  const sender = await Sender.signIn(server, 'canbo.longkhanh');
  await sender.send(await sender.form(FORM), [1, 2, 3].map((at) => ({ _title: `Khó khăn ${at}` })));
  const { page } = coordinator;
  await desk.open('/');
  const waiting = page.getByRole('link', { name: /Chờ duyệt/ });
  await waiting.getByText('3', { exact: true }).waitFor();
  await waiting.click();
  await page.locator('.record-row').nth(2).waitFor();
  await page.locator('.record-row').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  // The list goes on after its last one with the first.
  // What is taken out is judged no more, and leads on all the same.
  const takeOut = page.getByRole('button', { name: 'Rút hồ sơ', exact: true });
  for (const [left, act] of [[2, judge('Duyệt')], [1, takeOut]]) {
    await badge(coordinator, 'Đã nộp').waitFor();
    await act.click();
    const next = page.getByRole('link', { name: `Hồ sơ tiếp theo · còn ${left}` });
    await until('the way on has the focus', () => next.evaluate((link) => link === document.activeElement));
    assert.deepEqual(await faults(coordinator, 'the next to review'), []);
    await coordinator.screenshot('review-next');
    await page.keyboard.press('Enter');
  }
  await badge(coordinator, 'Đã nộp').waitFor();
  await judge('Duyệt').click();
  await badge(coordinator, 'Đã duyệt').waitFor();
  assert.equal(await page.getByRole('link', { name: /Hồ sơ tiếp theo/ }).count(), 0);
  await desk.allSent();
});

test('what was handed in by mistake is taken out by its officer, and again after that was undone: it waits for nobody and counts nowhere', async () => {
  const sender = await Sender.signIn(server, 'canbo.longkhanh');
  await sender.send(await sender.form(FORM), [{ _title: 'Nộp hai lần' }]);
  await phone.open('/records?q=nop+hai+lan');
  await officer.page.locator('.record-row').click();
  const out = officer.page.getByRole('button', { name: 'Rút hồ sơ', exact: true });
  await out.click();
  await badge(officer, 'Đã rút').waitFor();
  await officer.page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await badge(officer, 'Đã nộp').waitFor();
  await out.click();
  await badge(officer, 'Đã rút').waitFor();
  await officer.page.getByText('không tính vào báo cáo').waitFor();
  assert.equal(await out.count(), 0);
  assert.deepEqual(await faults(officer, 'a record that was taken out'), []);
  await officer.screenshot('withdrawn');
  await phone.allSent();

  await desk.open('/records?state=withdrawn');
  await coordinator.page.locator('.record-row').filter({ hasText: 'Nộp hai lần' }).waitFor();
  await desk.open('/reports');
  await coordinator.page.locator('.chart').first().waitFor();
  assert.equal(await coordinator.page.locator('.chart').getByText('Đã rút').count(), 0);
  await desk.open('/');
  await coordinator.page.locator('.today').waitFor();
  assert.equal(await coordinator.page.getByRole('link', { name: /Chờ duyệt/ }).count(), 0);
  assert.deepEqual(await (await Desk.signIn(server)).quarantine(), [], 'an officer may');
});
