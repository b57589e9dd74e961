// The lists of records: Today says how many there are of what it shows six of; the list is come back to as it was left, and holds its
// place while others send; a spreadsheet holds what the list shows; what is told of today is told anew on another day.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import readSheets from 'read-excel-file/node';
import { faults } from '../harness/axe.mjs';
import { downloaded } from '../harness/downloads.mjs';
import { DESK } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { Sender } from '../harness/wire.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';
const DRAFTS = 8;
const SENT = 40;

const stage = new Stage();
const officer = stage.device('lists-officer');
const coordinator = stage.device('lists-coordinator', DESK);
let server;
let sender;
let form;
let phone;
let desk;

before(async () => {
  server = await stage.serve();
  sender = await Sender.signIn(server, 'canbo.longkhanh');
  form = await sender.form(FORM);
  const drafts = Array.from({ length: DRAFTS }, (_, at) => ({ _state: 'draft', _title: `Còn dở ${at + 1}` }));
  const sent = Array.from({ length: SENT }, (_, at) => ({
    _title: `Khó khăn ${at + 1}`,
    tom_tat: at < 3 ? 'Thiếu kinh phí' : 'Thiếu người',
    mo_ta: `${'Ghi dài về từng việc đã làm trong tháng. '.repeat(3)}hết lời`,
  }));
  await sender.send(form, drafts);
  await sender.send(form, sent);
  phone = await stage.start(officer, 'canbo.longkhanh');
  desk = await stage.start(coordinator, 'dieuphoi');
});

const rows = (device) => device.page.locator('.record-list .record-row');
const counted = async (device) => Number((await device.page.locator('.records-list .title-line .muted').innerText()).match(/^(\d+) hồ sơ$/)[1]);
const search = (device) => device.page.locator('.records-list input[type="search"]');

test('of more drafts than Today shows it says how many there are, and leads to all of them', async () => {
  const { page } = officer;
  await phone.open('/');
  const all = page.getByRole('link', { name: `Tất cả (${DRAFTS})` });
  await all.waitFor();
  assert.equal(await page.locator('.today .record-row').filter({ hasText: 'Còn dở' }).count(), 6);
  // All are drafts of the officer's own ward, as the heading says: nothing takes the room of when that was.
  const row = page.locator('.today .record-row').filter({ hasText: 'Còn dở' }).first();
  assert.doesNotMatch(await row.innerText(), /Làm dở|Phường/);
  assert.ok(await row.locator('.record-when').evaluate((when) => when.scrollWidth <= when.clientWidth));
  await officer.screenshot('today-more-drafts');
  assert.deepEqual(await faults(officer, 'Today with more drafts'), []);
  await all.click();
  await until('all are listed', async () => (await counted(officer)) === DRAFTS);
  const mine = page.getByRole('button', { name: 'Tôi nhập', exact: true });
  assert.equal(await mine.getAttribute('aria-pressed'), 'true');
  await mine.click();
  await until('the address follows', () => new URL(page.url()).search === '?state=draft');
});

test('a spreadsheet holds the records that the list shows, whatever is filtered and searched', async () => {
  const { page } = coordinator;
  const take = () => page.locator('.export button').click();
  // Each in a folder of its own: some are taken twice.
  let files = 0;
  let called = '';
  let asked;
  page.on('request', (request) => { if (request.url().includes('/records.xlsx?')) asked = new URL(request.url()); });
  const taken = async (take) => {
    const folder = join(stage.folder, `files-${(files += 1)}`);
    const path = await downloaded(coordinator, folder, take);
    called = basename(path);
    const [sheet] = await readSheets(readFileSync(path));
    return sheet.data.length - 1;
  };
  for (const [filters, text, count] of [
    ['', '', SENT + DRAFTS],
    ['&state=draft', '', DRAFTS],
    ['&unit=dn_p_long_khanh', '', SENT + DRAFTS],
    ['', 'kinh phi', 3],
    // Who filled it in, and what the form is called; not what is told at length.
    ['', 'hoa', SENT + DRAFTS],
    ['&state=submitted', 'kho khan', SENT],
    ['', 'het loi', 0],
  ]) {
    await desk.open(`/records?form=${FORM}${filters}`);
    await search(coordinator).fill(text);
    await until(`the list of ${filters} ${text} is whole`, async () => (await counted(coordinator)) === count);
    assert.equal(await taken(take), count, `${filters} ${text}`);
    // Days are those of the device: where that is not in Vietnam the server would tell others.
    assert.equal(asked.searchParams.get('offset'), String(await page.evaluate(() => -new Date().getTimezoneOffset())));
  }
  // Of what was begun in a time, by the day of it.
  await desk.open(`/records?form=${FORM}&state=draft`);
  const period = page.locator('.chips').getByRole('combobox', { name: 'Thời gian', exact: true });
  const ofPeriod = async (count) => {
    await until(`${count} are of that time`, async () => (await counted(coordinator)) === count);
    assert.equal(await taken(take), count);
  };
  // The organisation's own periods, each with its days: the year that has begun, and the one before.
  let years = [];
  await until('the periods of the pack are offered', async () => {
    const labels = await period.locator('option').allTextContents();
    years = labels.filter((label) => /^Năm \(15\/12\/\d{4} – 14\/12\/\d{4}\)$/.test(label));
    return years.length === 2;
  });
  await period.selectOption({ label: years[1] });
  await ofPeriod(0);
  await period.selectOption({ label: 'Từ ngày … đến ngày …' });
  const days = page.getByRole('dialog').filter({ visible: true });
  await days.getByLabel('Từ ngày', { exact: true }).fill('2020-01-01');
  await days.getByLabel('Đến hết ngày', { exact: true }).fill('');
  const isDayFirst = await page.evaluate(() => /^0?3/.test(new Intl.DateTimeFormat().format(new Date(2001, 1, 3))));
  assert.equal(await days.getByText('01/01/2020').count(), Number(!isDayFirst), 'read back where the browser shows another order');
  assert.deepEqual(await faults(coordinator, 'a period'), []);
  await coordinator.screenshot('a-period');
  await days.getByRole('button', { name: 'Xem', exact: true }).click();
  await ofPeriod(DRAFTS);
  assert.match(new URL(page.url()).search, /from=2020-01-01/);
  // A month later it is told from the others by its name.
  assert.match(called, /, Làm dở, Từ 01-01-2020 \(tải \d\d-\d\d-\d{4}\)\.xlsx$/);
  // Of a list of whatever form it is asked which.
  await desk.open('/records?state=draft');
  await page.locator('.export button').click();
  const sheet = page.getByRole('dialog').filter({ visible: true });
  const file = sheet.locator('button.list-row').filter({ hasText: `${DRAFTS} hồ sơ` });
  await file.waitFor();
  assert.equal(await taken(() => file.click()), DRAFTS);
  assert.deepEqual(await faults(coordinator, 'which spreadsheet'), []);
  await coordinator.screenshot('which-spreadsheet');
  await page.keyboard.press('Escape');
});

test('whoever amends a record of a list comes back to the list as it was', async () => {
  const { page } = coordinator;
  await desk.open('/records?state=submitted');
  await search(coordinator).fill('thieu kinh');
  await until('three are found', async () => (await counted(coordinator)) === 3);
  await rows(coordinator).nth(1).click();
  await page.getByRole('link', { name: 'Sửa, bổ sung' }).click();
  await new FormPage(page).ready();
  await page.locator('.form-head button').first().click();
  await page.locator('.record-head').waitFor();
  assert.equal(await search(coordinator).inputValue(), 'thieu kinh');
  await until('the same three are listed', async () => (await counted(coordinator)) === 3);
  assert.match(new URL(page.url()).search, /state=submitted/);
  // The menu leads to the whole list, and the box says so.
  await page.locator('a[href="/records"]').filter({ visible: true }).first().click();
  await until('the box is empty', async () => (await search(coordinator).inputValue()) === '');
  await until('all are listed', async () => (await counted(coordinator)) === SENT + DRAFTS);
});

/** A row of the coordinator's list, scrolled to the middle of the screen. */
async function rowInTheMiddle() {
  const { page } = coordinator;
  await page.locator('.record-list').evaluate((list) => { list.scrollTop = 1200; });
  const href = await until('a row is in the middle', () => page.evaluate(() => {
    const row = document.elementFromPoint(document.querySelector('.record-list').getBoundingClientRect().left + 40, 400)?.closest('.record-row');
    return row?.getAttribute('href');
  }));
  return page.locator(`.record-row[href="${href}"]`);
}

test('the list is come back to at the rows where it was left', async () => {
  const { page } = coordinator;
  await desk.open('/records?state=submitted');
  await until('all are listed', async () => (await counted(coordinator)) === SENT);
  const row = await rowInTheMiddle();
  const before = (await row.boundingBox()).y;
  await row.click();
  await until('the page is called as its record', async () => /^Khó khăn \d+$/.test(await page.title()));
  await page.getByRole('link', { name: 'Sửa, bổ sung' }).click();
  await new FormPage(page).ready();
  await page.locator('.form-head button').first().click();
  await page.locator('.record-head').waitFor();
  // The first row stands whole.
  await until('the row is where it was', async () => Math.abs(((await row.boundingBox())?.y ?? 0) - before) < 100);
  // Another list has another place.
  const scrolled = () => page.locator('.record-list').evaluate((list) => list.scrollTop);
  await page.locator('a[href="/records"]').filter({ visible: true }).first().click();
  await until('all are listed', async () => (await counted(coordinator)) === SENT + DRAFTS);
  await page.locator('.record-list').evaluate((list) => { list.scrollTop = 600; });
  for (const place of [600, 0]) {
    await page.locator('a[href="/reports"]').filter({ visible: true }).first().click();
    await page.locator('.reports').waitFor();
    await page.goBack();
    await until('all are listed', async () => (await counted(coordinator)) === SENT + DRAFTS);
    await until('the list is where it was left', async () => Math.abs((await scrolled()) - place) < 100);
    await page.locator('.record-list').evaluate((list) => { list.scrollTop = 0; });
  }
});

test('what others send moves neither the focus nor the row under the finger', async () => {
  const { page } = coordinator;
  await desk.open('/records?state=submitted');
  await until('all are listed', async () => (await counted(coordinator)) === SENT);
  const row = await rowInTheMiddle();
  await row.focus();
  const place = async () => Math.round((await row.boundingBox()).y);
  const before = await place();
  await sender.send(form, [{ _title: 'Mới gửi' }]);
  await until('it is listed', async () => (await counted(coordinator)) === SENT + 1);
  await until('the row stands where it stood', async () => Math.abs((await place()) - before) <= 1);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('href')), await row.getAttribute('href'));
  // At its top the list shows what is new.
  await page.locator('.record-list').evaluate((list) => { list.scrollTop = 0; });
  await rows(coordinator).filter({ hasText: 'Mới gửi' }).waitFor();
});

test('reports tell no figure before all records are read, and bars are as long as their counts', async () => {
  const { page } = coordinator;
  await page.addInitScript(() => {
    globalThis.untrue = false;
    new MutationObserver(() => {
      globalThis.untrue ||= document.body?.innerText.includes('Chưa có hồ sơ nào trên máy này.') ?? false;
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  await desk.open('/reports');
  const chart = page.locator('.chart').filter({ hasText: 'Theo trạng thái' });
  await chart.waitFor();
  assert.equal(await page.evaluate(() => globalThis.untrue), false);
  const widths = async () => chart.locator('.bar-fill').evaluateAll((fills) => fills.map((fill) => Number.parseInt(fill.style.width, 10)));
  const expected = (drafts, sent) => [100, Math.floor((drafts * 100) / sent)];
  assert.deepEqual(await widths(), expected(DRAFTS, SENT + 1));
  await sender.send(form, Array.from({ length: 41 }, (_, at) => ({ _title: `Gửi sau ${at}` })));
  // The shorter bar's count stays, and its length follows the longer one.
  await until('both bars are as long as their counts', async () => {
    const now = await widths();
    return expected(DRAFTS, SENT + 42).every((width, at) => now[at] === width);
  });
  // Of one form it is told how many each ward has handed in, and which ward none.
  await page.locator('.chips').getByRole('combobox', { name: 'Mẫu phiếu', exact: true }).selectOption(FORM);
  const wards = page.locator('.chart').filter({ hasText: 'Theo đơn vị' });
  await until('drafts are not counted', async () => (await wards.locator('.bar-count').allInnerTexts()).join() === String(SENT + 42));
  await page.getByText(/^Chưa có hồ sơ \(\d+\): .*Phường Bảo Vinh/).waitFor();
  assert.match(await wards.getByRole('link').getAttribute('href'), /^\/records\?form=lk_kho_khan&unit=dn_p_long_khanh$/);
  assert.deepEqual(await faults(coordinator, 'reports of one form'), []);
  await coordinator.screenshot('reports-of-a-form');
});

test('under More no count of records is told before all are read', async () => {
  const { page } = coordinator;
  await page.addInitScript(() => {
    globalThis.counts = [];
    new MutationObserver(() => {
      const told = document.querySelector('[data-storage-health] dl')?.innerText.match(/[\d.]+ hồ sơ/)?.[0];
      if (told && globalThis.counts.at(-1) !== told) globalThis.counts.push(told);
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  await desk.open('/more');
  await until('it is told', () => page.evaluate(() => globalThis.counts.length > 0));
  assert.deepEqual(await page.evaluate(() => globalThis.counts), [`${SENT + 42 + DRAFTS} hồ sơ`]);
});

test('what is changed in a submitted record goes out: what it lacks is seen before, told after, and led back to', async () => {
  const { page } = coordinator;
  await desk.open('/records?state=submitted&q=thieu+kinh');
  await rows(coordinator).first().click();
  await page.getByRole('link', { name: 'Sửa, bổ sung' }).click();
  const form = await new FormPage(page).ready();
  await form.type('tom_tat', 'Thiếu phòng họp');
  await form.saved();
  const close = page.getByRole('button', { name: 'Ra khỏi phiếu' });
  await close.click();
  await page.locator('.review .banner').getByText(/^Còn \d+ chỗ cần bổ sung hoặc sửa$/).waitFor();
  await page.getByText('Phần đã sửa vẫn được gửi đi như đang có').waitFor();
  await coordinator.screenshot('amended-and-left');
  assert.deepEqual(await faults(coordinator, 'leaving an amended record'), []);
  await close.click();
  await page.locator('.record-head').waitFor();
  const told = page.locator('.toast').filter({ hasText: /Hồ sơ đã nộp còn \d+ chỗ cần bổ sung hoặc sửa/ });
  await told.waitFor();
  await told.getByRole('button', { name: 'Sửa tiếp' }).click();
  const again = await new FormPage(page).ready();
  assert.match(new URL(page.url()).pathname, /\/edit$/);
  await again.type('tom_tat', 'Thiếu phòng');
  await again.saved();
  await close.click();
  await page.locator('.review .banner').getByText(/^Còn \d+ chỗ cần bổ sung hoặc sửa$/).waitFor();
  await close.click();
  await page.locator('.record-head').waitFor();
});

test('the repair desk asks again for the list that did not come, and says so of that one', async () => {
  const { page } = coordinator;
  await desk.open('/repair');
  await page.getByText('Không có việc nào chờ xử lý.').waitFor();
  await page.route('**/quarantine?state=settled', (route) => route.abort());
  const settled = page.getByRole('button', { name: 'Xem việc đã xử lý', exact: true });
  await settled.click();
  const again = page.locator('.repair .banner').getByRole('button', { name: 'Thử lại', exact: true });
  await again.waitFor();
  assert.equal(await settled.getAttribute('aria-pressed'), 'true');
  await page.unroute('**/quarantine?state=settled');
  await again.click();
  await page.getByText('Chưa có việc nào đã xử lý.').waitFor();
  await settled.click();
  await page.getByText('Không có việc nào chờ xử lý.').waitFor();
});

test('the repair desk says that nothing waits when the server has said so, not before', async () => {
  const { page } = coordinator;
  let answer;
  const held = new Promise((resolve) => { answer = resolve; });
  await page.route('**/api/v1/quarantine?**', async (route) => { await held; await route.continue(); });
  await desk.open('/repair');
  await page.locator('.repair .opening').waitFor();
  assert.equal(await page.getByText('Không có việc nào chờ xử lý.').count(), 0);
  answer();
  await page.getByText('Không có việc nào chờ xử lý.').waitFor();
  await page.unroute('**/api/v1/quarantine?**');
});

test('the lists of people and devices say that they wait for the server, and ask again where it did not answer', async () => {
  const { page } = coordinator;
  let refuse;
  const held = new Promise((resolve) => { refuse = resolve; });
  await page.route('**/api/v1/accounts', async (route) => { await held; await route.abort(); });
  await desk.open('/people');
  await page.locator('.people .opening').waitFor();
  refuse();
  const again = page.locator('.people .banner').getByRole('button', { name: 'Thử lại', exact: true });
  await again.waitFor();
  assert.equal(await page.locator('.people .opening').count(), 0);
  await coordinator.screenshot('people-not-answered');
  await page.unroute('**/api/v1/accounts');
  await again.click();
  await page.locator('.people-list > li').first().waitFor();
  assert.equal(await page.locator('.people .banner').count(), 0);
});

test('whoever looks after several units is asked for one on a page with a name, and is on it', async () => {
  const { page } = coordinator;
  await desk.open('/fill');
  await page.locator(`[data-form="${FORM}"]`).press('Enter');
  await page.getByRole('heading', { name: 'Nhập cho đơn vị nào?' }).waitFor();
  await until('it has the focus', () => page.evaluate(() => document.activeElement?.id === 'content'));
  assert.equal(await page.title(), 'Nhập cho đơn vị nào?');
  assert.deepEqual(await faults(coordinator, 'which unit'), []);
});

test('with a session that has ended the spreadsheet asks to sign in, not to choose a form', async () => {
  const { page } = coordinator;
  const ended = (route) => route.fulfill({
    status: 401, contentType: 'application/json', body: JSON.stringify({ error: { code: 'signed_out', message: 'signed out' } }),
  });
  await page.route('**/api/v1/pull?**', ended);
  await desk.open(`/records?form=${FORM}`);
  const button = page.locator('.export button');
  await button.getByText('Đăng nhập lại để tải Excel').waitFor();
  assert.ok(await button.isDisabled());
  await page.unroute('**/api/v1/pull?**');
});

test('on another day Today has another date, and what was done before midnight was done yesterday', async () => {
  const { page } = officer;
  const late = new Date();
  late.setHours(23, 59, 0, 0);
  await page.clock.install({ time: late });
  await phone.open('/');
  const date = page.locator('.today .page-head .muted');
  const evening = await date.innerText();
  const draft = page.locator('.today .record-row').filter({ hasText: 'Còn dở' }).first();
  assert.doesNotMatch(await draft.innerText(), /hôm qua/);
  await page.clock.fastForward('02:00');
  await until('the date is another', async () => (await date.innerText()) !== evening);
  assert.match(await draft.innerText(), /hôm qua \d{2}:\d{2}/);
});
