// Accounts at the desk: grants limited to programmes, a log that is searched, what is held about a person handed out and
// erased; and an address for one's own ODK Collect, which takes the password again.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { downloaded } from '../harness/downloads.mjs';
import { PASSWORD } from '../harness/server.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';

const FORM = 'lk_kho_khan';
const ADMINISTRATOR = 'mật khẩu của quản trị';

const stage = new Stage();
const { folder } = stage;
const desk = stage.device('desk', DESK);
const phone = stage.device('phone');
let server;
let app;

before(async () => {
  server = await stage.server();
  const added = await server.command('user', 'add', 'quantri', '--role', 'administrator', '--unit', 'so_noi_vu_dong_nai', '--scope', 'tinh_dong_nai');
  await server.start();
  await desk.start();
  await new App(desk, server).signIn('quantri', added.match(/password: (\S+)/)[1]);
  const answer = await desk.page.evaluate(async ([old, chosen]) => (await fetch('/api/v1/session/password', {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', 'X-Sotay': '1' },
    body: JSON.stringify({ old, new: chosen }),
  })).status, [added.match(/password: (\S+)/)[1], ADMINISTRATOR]);
  assert.equal(answer, 204);
  app = await stage.start(phone, 'canbo.longkhanh');
});

const list = (name) => desk.page.getByRole('radio', { name, exact: true }).check();
const sheet = () => desk.page.locator('dialog[open]');

test('a person is added for a programme alone, and the limit is ended again', async () => {
  const { page } = desk;
  await page.locator('.desk-tab', { hasText: 'Người dùng' }).click();
  await page.getByRole('button', { name: 'Thêm người', exact: true }).click();
  await sheet().getByLabel('Họ và tên').fill('Bùi Văn Sáu');
  await sheet().getByLabel('Tên đăng nhập').fill('sau.longkhanh');
  const field = (name) => sheet().locator('label', { has: page.getByText(name, { exact: true }) });
  await field('Đơn vị').locator('select').selectOption('dn_p_long_khanh');
  await sheet().getByLabel('Bình đẳng giới').check();
  assert.deepEqual(await faults(desk, 'adding a person'), []);
  await desk.screenshot('people-programmes');
  await sheet().getByRole('button', { name: 'Thêm người' }).click();
  await sheet().getByRole('heading', { name: 'Mã đăng nhập cho sau.longkhanh' }).waitFor();
  await page.keyboard.press('Escape');
  const card = page.locator('[data-account="sau.longkhanh"]');
  await card.getByText('Chương trình: Bình đẳng giới').waitFor();
  await card.getByText('Khác').click();
  await card.getByRole('button', { name: 'Sửa thông tin và quyền' }).click();
  const limit = sheet().getByLabel('Bình đẳng giới');
  assert.equal(await limit.isChecked(), true);
  await limit.uncheck();
  await sheet().getByRole('button', { name: 'Lưu' }).click();
  await until('the limit is gone', async () => (await card.getByText('Chương trình:').count()) === 0);
});

test('a person gets another role and another unit, and whoever does it is told what comes of that', async () => {
  const { page } = desk;
  const card = page.locator('[data-account="sau.longkhanh"]');
  await card.getByText('Khác').click();
  await card.getByRole('button', { name: 'Sửa thông tin và quyền' }).click();
  const field = (name) => sheet().locator('label', { has: page.getByText(name, { exact: true }) });
  assert.equal(await field('Đơn vị').locator('select').inputValue(), 'dn_p_long_khanh');
  assert.equal(await sheet().getByText('phải đăng nhập lại').count(), 0);
  await field('Vai trò').locator('select').selectOption({ label: 'Người phụ trách lớp' });
  await sheet().getByText('phải đăng nhập lại').waitFor();
  await field('Đơn vị').locator('select').selectOption('dn_p_bao_vinh');
  await sheet().getByText('hồ sơ của đơn vị mới').waitFor();
  assert.deepEqual(await faults(desk, 'changing a person'), []);
  await desk.screenshot('person-changed');
  await sheet().getByRole('button', { name: 'Lưu' }).click();
  await card.getByText(/Người phụ trách lớp · .*Bảo Vinh/).waitFor();
});

test('who was granted a second unit says so on their card', async () => {
  const { page } = desk;
  const answer = await page.evaluate(async () => (await fetch('/api/v1/accounts/sau.longkhanh', {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', 'X-Sotay': '1' },
    body: JSON.stringify({ scope: ['dn_p_bao_vinh', 'dn_p_long_khanh'] }),
  })).status);
  assert.equal(answer, 200);
  await list('Các máy');
  await list('Người dùng');
  await page.locator('[data-account="sau.longkhanh"]').getByText(/Xem hồ sơ của: .*Bảo Vinh.*Long Khánh/).waitFor();
});

test('an address for ODK Collect is made with the password, and works', async () => {
  const { page } = phone;
  await app.open('/people');
  await page.getByText('Nhập liệu bằng ODK Collect').click();
  const box = page.locator('details[open]');
  await box.getByLabel('Tên máy').fill('Samsung cũ');
  await box.getByLabel('Mật khẩu của bạn').fill('đoán mò');
  await box.getByRole('button', { name: 'Tạo địa chỉ' }).click();
  await box.getByText('Mật khẩu hiện tại không đúng.').waitFor();
  await box.getByLabel('Mật khẩu của bạn').fill(PASSWORD);
  await box.getByRole('button', { name: 'Tạo địa chỉ' }).click();
  const address = await box.locator('.sign-in-code').innerText();
  assert.equal(await box.getByLabel('Mật khẩu của bạn').inputValue(), '', 'nobody who takes the phone up next is to see it');
  await page.locator('[data-session]', { hasText: 'Samsung cũ' }).waitFor();
  assert.deepEqual(await faults(phone, 'an address for ODK Collect'), []);
  await box.locator('.sign-in-code').scrollIntoViewIfNeeded();
  await phone.screenshot('own-token');
  const forms = await fetch(`${address}/formList`);
  assert.equal(forms.status, 200);
  assert.match(await forms.text(), /lk_kho_khan/);
});

test('the log is searched by who, what, to what and when', async () => {
  const { page } = desk;
  await list('Nhật ký');
  const rows = page.locator('.deeds > li');
  await rows.first().waitFor();
  await page.getByText('Tìm trong nhật ký').click();
  await page.getByLabel('Ai làm (tên đăng nhập)').fill('QuanTri');
  await page.getByRole('combobox').selectOption('account_add');
  await page.getByLabel('Với ai, với gì').fill('sau.');
  await page.getByRole('button', { name: 'Tìm', exact: true }).click();
  await until('one row is left', async () => (await rows.count()) === 1);
  assert.match(await rows.innerText(), /quantri thêm người dùng: sau\.longkhanh/);
  assert.match(await rows.innerText(), /Chương trình: Bình đẳng giới/);
  await desk.screenshot('audit-search');
  assert.deepEqual(await faults(desk, 'searching the log'), []);
  await page.getByLabel('Đến hết ngày').fill('2020-01-31');
  await page.getByRole('button', { name: 'Tìm', exact: true }).click();
  await page.getByText('Không có dòng nào khớp.').waitFor();
  const today = await page.evaluate(() => {
    const now = new Date();
    return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}-${String(now.getDate()).padStart(2, '0')}`;
  });
  await page.getByLabel('Từ ngày').fill(today);
  await page.getByLabel('Đến hết ngày').fill(today);
  await page.getByRole('button', { name: 'Tìm', exact: true }).click();
  await until('it is there again', async () => (await rows.count()) === 1);
});

test('where the line breaks the log keeps what is looked for and what came, and asks once more', async () => {
  const { page } = desk;
  await list('Người dùng');
  await list('Nhật ký');
  const rows = page.locator('.deeds > li');
  // A page of the log that is full, whatever was done so far.
  const deed = (seq) => ({ seq, at_ms: 5, actor: 'quantri', action: 'export', object: 'lk_kho_khan', unit: null, detail: {}, hash: '00' });
  const deeds = Array.from({ length: 200 }, (_, at) => deed(500 - at));
  await page.route('**/api/v1/audit?actor=*', (route) => route.fulfill({ json: deeds }));
  await page.getByText('Tìm trong nhật ký').click();
  await page.getByLabel('Ai làm (tên đăng nhập)').fill('quantri');
  await page.getByRole('button', { name: 'Tìm', exact: true }).click();
  await until('they are there', async () => (await rows.count()) === 200);
  await page.route('**/api/v1/audit?before=*', (route) => route.abort());
  await page.getByRole('button', { name: 'Cũ hơn' }).click();
  await page.getByText('cần mạng để xem').waitFor();
  assert.equal(await rows.count(), 200);
  await page.unroute('**/api/v1/audit?before=*');
  await page.route('**/api/v1/audit?before=*', (route) => route.fulfill({ json: [deed(7)] }));
  await page.getByRole('button', { name: 'Thử lại' }).click();
  await until('the older one too', async () => (await rows.count()) === 201);
  assert.equal(await page.getByText('cần mạng để xem').count(), 0);
  assert.equal(await page.getByLabel('Ai làm (tên đăng nhập)').inputValue(), 'quantri');
  await page.unroute('**/api/v1/audit?before=*');
  await page.unroute('**/api/v1/audit?actor=*');
});

test('what records say of a person is found, handed out and erased, with the password again', async () => {
  for (const name of ['Trần Thị Hạnh', 'Lý Văn Bình']) {
    const form = await app.begin(FORM);
    await form.type('nguoi_lap', name);
    await form.type('tom_tat', `Ghi của ${name === 'Lý Văn Bình' ? 'anh' : 'chị'}`);
    await form.saved();
    await phone.page.locator('.form-head button').first().click();
    await phone.page.locator('.today').waitFor();
  }
  await app.allSent();
  const { page } = desk;
  await list('Dữ liệu cá nhân');
  const find = async (value) => {
    await page.getByLabel('Họ tên hoặc số điện thoại').fill(value);
    await page.getByRole('button', { name: 'Tìm', exact: true }).click();
  };
  await find('Hà');
  await page.getByText('Nhập ít nhất 4 chữ hoặc số.').waitFor();
  await find('tran thi hanh');
  await page.getByText('1 chỗ trong hồ sơ nhắc đến người này.').waitFor();
  await desk.screenshot('personal-data');
  assert.deepEqual(await faults(desk, 'personal data'), []);
  const mention = page.locator('.mentions > li');
  await mention.getByRole('checkbox').uncheck();
  await page.getByRole('button', { name: 'Xóa dữ liệu' }).click();
  await page.getByText('Chọn ít nhất một chỗ.').waitFor();
  // Whoever looks whose record it is finds the choice as it was.
  const [record] = await Promise.all([
    page.context().waitForEvent('page'),
    mention.getByRole('link', { name: 'Xem hồ sơ' }).click(),
  ]);
  await record.waitForURL(/\/records\//);
  await record.close();
  assert.equal(await mention.getByRole('checkbox').isChecked(), false);
  await mention.getByRole('checkbox').check();

  const file = await downloaded(desk, join(folder, 'got'), () => page.getByRole('button', { name: 'Lấy dữ liệu (ZIP)' }).click());
  assert.equal(readFileSync(file).subarray(0, 2).toString(), 'PK');

  await page.getByRole('button', { name: 'Xóa dữ liệu' }).click();
  await sheet().getByText('tran thi hanh · 1 chỗ').waitFor();
  await sheet().getByRole('button', { name: 'Xóa dữ liệu' }).click();
  await sheet().getByText('Nhập mật khẩu của bạn hoặc một mã mới').waitFor();
  await sheet().getByLabel('Mật khẩu của bạn').fill('khong phai');
  await sheet().getByRole('button', { name: 'Xóa dữ liệu' }).click();
  await sheet().getByText('Mật khẩu hiện tại không đúng.').waitFor();
  await sheet().getByLabel('Mật khẩu của bạn').fill(ADMINISTRATOR);
  await desk.screenshot('erase-person');
  assert.deepEqual(await faults(desk, 'erasing a person'), []);
  await sheet().getByRole('button', { name: 'Xóa dữ liệu' }).click();
  await page.getByText('Đã xóa').waitFor();
  await find('tran thi hanh');
  await page.getByText('Không có hồ sơ nào nhắc đến người này.').waitFor();
  const left = await server.command('person', 'find', '--value', 'Trần Thị Hạnh');
  assert.match(left, /0 mentions/);
  assert.match(await server.command('person', 'find', '--value', 'Lý Văn Bình'), /1 mentions/, 'nobody else went along');
});

test('who does no field work is offered none', async () => {
  const { page } = desk;
  const app = new App(desk, server);
  await app.open('/records');
  await page.locator('.record-row').first().click();
  await page.locator('.record-head').getByText('Làm dở').waitFor();
  for (const name of ['Làm tiếp', 'Xóa hồ sơ']) assert.equal(await page.getByText(name, { exact: true }).count(), 0, name);
  assert.equal(await page.getByRole('navigation').getByText('Nhập mới').count(), 0);
  // A form's address leads to Today, where no form is offered either.
  await app.open(`/fill/${FORM}`);
  await page.locator('.today').waitFor();
  assert.equal(await page.locator('[data-form]').count(), 0);
  await app.open('/people');
});

test('the name of an account is erased, with the password again', async () => {
  const { page } = desk;
  await list('Người dùng');
  const card = page.locator('[data-account="sau.longkhanh"]');
  await card.getByText('Khác').click();
  await card.getByRole('button', { name: 'Xóa tên người này' }).click();
  await sheet().getByLabel('Mật khẩu của bạn').fill(ADMINISTRATOR);
  await sheet().getByRole('button', { name: 'Xóa tên người này' }).click();
  await until('the name is gone', async () => (await page.getByText('Bùi Văn Sáu').count()) === 0);
  await card.getByText('Đã khóa').waitFor();
});

test('the same screens on a phone', async () => {
  const { page } = desk;
  await page.setViewportSize(PHONE);
  const screens = [
    ['Người dùng', '[data-account]', 'people-phone'],
    ['Nhật ký', '.deeds > li', 'audit-phone'],
    ['Dữ liệu cá nhân', '#person-value', 'personal-data-phone'],
  ];
  const places = () => page.locator('.people .segmented').first().locator('.segment').evaluateAll((segments) => segments.map((segment) =>
    segment.offsetTop - segments[0].offsetTop));
  const before = await places();
  for (const [name, content, picture] of screens) {
    await list(name);
    await page.locator(content).first().waitFor();
    assert.deepEqual(await places(), before, 'no segment goes to another line when another is chosen');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.width, `${name} fits`);
    assert.deepEqual(await faults(desk, `${name} on a phone`), []);
    await desk.screenshot(picture);
  }
});
