// People and their devices: an administrator adds somebody, who comes in by a link, once; a lost phone's session is ended at the
// desk, and nothing that was on it is lost; the log tells all of it.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { DESK } from '../harness/phone.mjs';
import { speaker } from '../harness/server.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';

const stage = new Stage();
const desk = stage.device('desk', DESK);
const phone = stage.device('phone');
const other = stage.device('other');
let server;
let link;
let password;

before(async () => {
  server = await stage.server();
  const added = await server.command('user', 'add', 'quantri', '--role', 'administrator', '--unit', 'so_noi_vu_dong_nai');
  await server.start();
  await desk.start();
  await desk.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
  [, password] = added.match(/password: (\S+)/);
  await new App(desk, server).signIn('quantri', password);
});

const list = (name) => desk.page.getByRole('radio', { name, exact: true }).check();
const button = (device, name) => device.page.getByRole('button', { name, exact: true });

test('an administrator adds a person and gets a code: as a picture, as a link, as letters', async () => {
  const { page } = desk;
  await page.locator('.desk-tab', { hasText: 'Người dùng' }).click();
  await button(desk, 'Thêm người').click();
  const sheet = page.locator('dialog[open]');
  await sheet.getByLabel('Họ và tên').fill('Đặng Thị Ngọc');
  await sheet.getByLabel('Tên đăng nhập').fill('ngọc');
  const field = (name) => sheet.locator('label', { has: page.getByText(name, { exact: true }) });
  await field('Vai trò').locator('select').selectOption('Cán bộ đơn vị');
  await field('Đơn vị').locator('select').selectOption('dn_p_bao_vinh');
  await sheet.getByRole('button', { name: 'Thêm người' }).click();
  await sheet.getByText('Tên đăng nhập chỉ gồm chữ không dấu').waitFor();
  const save = sheet.getByRole('button', { name: 'Thêm người' });
  assert.ok(await save.evaluate((pressed) => pressed === document.activeElement), 'whoever pressed it is there still');
  await sheet.getByLabel('Tên đăng nhập').fill('canbo3.baovinh');
  await sheet.getByRole('button', { name: 'Thêm người' }).click();

  await sheet.getByRole('heading', { name: 'Mã đăng nhập cho canbo3.baovinh' }).waitFor();
  await sheet.locator('svg.qr').waitFor();
  await desk.screenshot('people-code');
  assert.deepEqual(await faults(desk, 'sign-in code'), []);
  await sheet.getByRole('button', { name: 'Sao chép đường dẫn' }).click();
  await sheet.getByText('Đã sao chép', { exact: true }).waitFor();
  link = await page.evaluate(() => navigator.clipboard.readText());
  const code = await sheet.locator('.sign-in-code').innerText();
  assert.equal(link, `${server.url}/sign-in#${code}`);
  // Where the browser refuses, the link stands there to be selected.
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await sheet.getByRole('button', { name: 'Sao chép đường dẫn' }).click();
  await sheet.getByText('Trình duyệt không cho sao chép.').waitFor();
  await sheet.getByText(link, { exact: true }).waitFor();
  await page.evaluate(() => delete navigator.clipboard.writeText);
  await page.keyboard.press('Escape');
  const given = await page.locator('[data-account] h3').evaluateAll((names) => names.map((name) => name.textContent.trim().split(' ').at(-1)));
  const order = new Intl.Collator('vi');
  assert.deepEqual(given, given.toSorted(order.compare), 'people stand by given name');
  await page.getByPlaceholder('Tìm người, đơn vị').fill('dang ngoc bao vinh');
  await until('the person is found without accents', async () => (await page.locator('[data-account]').count()) === 1);
  await desk.screenshot('people');
  assert.deepEqual(await faults(desk, 'people'), []);
});

test('the link lets the person in, once, and leaves the address', async () => {
  await phone.start();
  // Whoever has no network just then need not go back for another code, and may load the page again.
  await phone.page.route('**/api/v1/session', (route) => route.abort());
  for (const go of [() => phone.page.goto(link, { waitUntil: 'domcontentloaded' }), () => phone.page.reload()]) {
    await go();
    await phone.page.getByText('Không kết nối được với máy chủ').waitFor();
  }
  const inSight = async (text, near) => {
    const { y, height } = await near.page.getByText(text).boundingBox();
    assert.ok(y + height <= near.page.viewportSize().height, `${text} is in sight`);
  };
  await inSight('Không kết nối được với máy chủ', phone);
  await phone.screenshot('sign-in-link-no-network');
  await phone.page.unroute('**/api/v1/session');
  await button(phone, 'Thử lại').click();
  await phone.page.getByText('Đặng Thị Ngọc').waitFor();
  assert.equal(new URL(phone.page.url()).hash, '');
  await other.start();
  await other.page.goto(link, { waitUntil: 'domcontentloaded' });
  await other.page.getByText('Mã không đúng, đã dùng rồi, hoặc hết hạn.').waitFor();
  await inSight('Mã không đúng, đã dùng rồi, hoặc hết hạn.', other);
  // Nobody uses that phone yet: a code is what they are asked for first.
  await other.page.locator('#code').waitFor();
  await other.screenshot('sign-in-code-used');
  assert.deepEqual(await faults(other, 'sign-in by code'), []);
});

test('whoever taps the used link again goes on with their work, with a network and without', async () => {
  const { page } = phone;
  for (const [line, said] of [['up', 'Mã không đúng, đã dùng rồi, hoặc hết hạn.'], ['down', 'Không kết nối được với máy chủ']]) {
    if (line === 'down') await page.route('**/api/v1/session', (route) => route.abort());
    await page.goto(link, { waitUntil: 'domcontentloaded' });
    await page.getByText(said).waitFor();
    await page.getByRole('navigation').first().waitFor();
    assert.equal(new URL(page.url()).pathname, '/');
  }
  await page.unroute('**/api/v1/session');
  await new App(phone, server).open('/sign-in');
  await page.getByRole('link', { name: 'Về trang Hôm nay' }).click();
  await page.getByRole('navigation').first().waitFor();
});

test('a code is read out and typed, in any case and with blanks', async () => {
  const { page } = desk;
  // A second press would make a second code, which ends the first.
  let asked = 0;
  page.on('request', (request) => { if (request.url().endsWith('/code')) asked += 1; });
  await page.locator('[data-account="canbo3.baovinh"]').getByRole('button', { name: 'Tạo mã đăng nhập' }).dblclick();
  const code = await page.locator('dialog[open] .sign-in-code').innerText();
  assert.equal(asked, 1);
  await page.keyboard.press('Escape');
  await other.page.getByLabel('Mã đăng nhập').fill('sai');
  await button(other, 'Đăng nhập bằng mã').click();
  await other.page.locator('details').getByText('Mã không đúng, đã dùng rồi, hoặc hết hạn.').waitFor();
  await other.page.getByLabel('Mã đăng nhập').fill(` ${code.toLowerCase().replaceAll('-', ' ')} `);
  await button(other, 'Đăng nhập bằng mã').click();
  await other.page.getByText('Đặng Thị Ngọc').waitFor();
});

test('a lost phone: the desk ends its session, and what was on it goes up once its owner signs in again', async () => {
  const app = new App(phone, server);
  await app.readyForOffline();
  await server.stop();
  const form = await app.begin('lk_kho_khan');
  await form.type('tom_tat', 'Ghi trước khi mất máy');
  await form.saved();
  // Without this it might send before its session is ended.
  await phone.context.setOffline(true);
  await server.start();
  const { page } = desk;
  await list('Các máy');
  const sessions = page.locator('[data-session]', { hasText: 'Đặng Thị Ngọc' });
  await until('both devices are listed', async () => (await sessions.count()) === 2);
  // Among many a lost one is found by its person's name, or by what it is.
  const search = page.getByPlaceholder('Tìm người, máy, đơn vị');
  await search.fill('dang ngoc');
  await until('the others are left out', async () => (await page.locator('[data-session]').count()) === 2);
  await sessions.first().getByText('canbo3.baovinh').waitFor();
  await search.fill('không có máy này');
  await page.getByText('Không có máy nào khớp.').waitFor();
  await search.fill('');
  await sessions.first().waitFor();
  await desk.screenshot('devices');
  assert.deepEqual(await faults(desk, 'devices'), []);
  const sheet = page.locator('dialog[open]');
  // An answer that comes late closes and changes nothing in the sheet of another.
  let answer;
  const held = new Promise((resolve) => { answer = resolve; });
  await page.route('**/sessions/*/end', async (route) => { await held; await route.continue(); });
  await sessions.last().getByRole('button', { name: 'Kết thúc' }).click();
  await sheet.getByLabel('Mật khẩu của bạn').fill('không phải');
  await sheet.getByRole('button', { name: 'Kết thúc' }).click();
  await page.keyboard.press('Escape');
  await sessions.first().getByRole('button', { name: 'Kết thúc' }).click();
  await sheet.getByLabel('Mật khẩu của bạn').fill('đang gõ');
  answer();
  await page.locator('.toast').getByText('Đặng Thị Ngọc: Mật khẩu hiện tại không đúng').waitFor();
  assert.equal(await sheet.getByLabel('Mật khẩu của bạn').inputValue(), 'đang gõ');
  assert.equal(await sheet.getByText('Mật khẩu hiện tại không đúng').count(), 0);
  await page.unroute('**/sessions/*/end');
  await page.keyboard.press('Escape');
  // Nor does one that comes when nobody is there any more.
  const left = new Promise((resolve) => { answer = resolve; });
  await page.route('**/sessions/*/end', async (route) => { await left; await route.continue(); });
  await sessions.last().getByRole('button', { name: 'Kết thúc' }).click();
  await sheet.getByLabel('Mật khẩu của bạn').fill('không phải');
  await sheet.getByRole('button', { name: 'Kết thúc' }).click();
  await page.keyboard.press('Escape');
  await list('Nhật ký');
  const ended = page.waitForResponse('**/sessions/*/end');
  answer();
  await (await ended).finished();
  await page.unroute('**/sessions/*/end');
  await list('Các máy');
  await until('both devices are listed again', async () => (await sessions.count()) === 2);
  for (const left of [1, 0]) {
    await sessions.first().getByRole('button', { name: 'Kết thúc' }).click();
    if (left === 1) {
      await sheet.getByLabel('Mật khẩu của bạn').fill('không phải');
      await sheet.getByRole('button', { name: 'Kết thúc' }).click();
      await sheet.getByText('Mật khẩu hiện tại không đúng').waitFor();
      await desk.screenshot('end-session');
      assert.deepEqual(await faults(desk, 'end-session'), []);
    }
    await sheet.getByLabel('Mật khẩu của bạn').fill(password);
    await sheet.getByRole('button', { name: 'Kết thúc' }).click();
    await until('the session is gone', async () => (await sessions.count()) === left);
  }
  await phone.context.setOffline(false);
  await phone.page.getByText('Đăng nhập lại').first().waitFor();
  assert.equal(await form.question('tom_tat').locator('input, textarea').first().inputValue(), 'Ghi trước khi mất máy');

  await list('Người dùng');
  const codeFor = async (account) => {
    await page.getByPlaceholder('Tìm người, đơn vị').fill(account);
    await page.locator(`[data-account="${account}"]`).getByRole('button', { name: 'Tạo mã đăng nhập' }).click();
    const code = await page.locator('dialog[open] .sign-in-code').innerText();
    await page.keyboard.press('Escape');
    return code;
  };
  // Somebody else's code opens a store of their own: what is not sent stays where it is, and they see nothing of it.
  const others = await codeFor('canbo.baovinh');
  await phone.page.goto(`${server.url}/sign-in#${others}`, { waitUntil: 'domcontentloaded' });
  await phone.page.locator('.today').waitFor();
  await app.allSent();
  await app.open('/records');
  await phone.page.locator('[data-records="whole"]').waitFor({ state: 'attached' });
  assert.equal(await phone.page.locator('.record-row', { hasText: 'Ghi trước khi mất máy' }).count(), 0);
  const code = await codeFor('canbo3.baovinh');
  await phone.page.goto('about:blank');
  await phone.page.goto(`${server.url}/sign-in#${code}`, { waitUntil: 'domcontentloaded' });
  // In the form that they were killed in.
  await phone.page.locator('[data-form-ready]').waitFor();
  await app.open('/records');
  await app.allSent();
  await phone.page.locator('.record-row', { hasText: 'Ghi trước khi mất máy' }).waitFor();
});

test('whoever is moved to another unit works there from then on, without signing in again', async () => {
  const { page } = phone;
  const app = new App(phone, server);
  const move = async (unit) => {
    const status = await desk.page.evaluate(async (unit) => (await fetch('/api/v1/accounts/canbo3.baovinh', {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json', 'X-Sotay': '1' },
      body: JSON.stringify({ unit, scope: [unit] }),
    })).status, unit);
    assert.equal(status, 200);
  };
  // The open page is told with the feed.
  await app.open('/more');
  await page.getByText(/Đặng Thị Ngọc · .*Bảo Vinh/).waitFor();
  await move('dn_p_long_khanh');
  await page.getByText(/Đặng Thị Ngọc · .*Long Khánh/).waitFor({ timeout: 60_000 });
  // One that starts asks by itself, also where the feed says nothing more.
  const pulls = /\/api\/v1\/pull/;
  await page.route(pulls, (route) => route.abort());
  await move('dn_p_bao_vinh');
  await app.open('/more');
  await page.getByText(/Đặng Thị Ngọc · .*Bảo Vinh/).waitFor();
  await page.unroute(pulls);
});

test('an officer sees their own devices and nobody else\'s', async () => {
  await phone.page.goto(`${server.url}/people`, { waitUntil: 'domcontentloaded' });
  await phone.page.getByRole('heading', { name: 'Máy đang đăng nhập của tôi' }).waitFor();
  await phone.page.getByText('Máy này').waitFor();
  assert.equal(await phone.page.locator('[data-session]').count(), 1);
  assert.equal(await phone.page.locator('[data-account]').count(), 0);
  await phone.screenshot('own-devices');
  assert.deepEqual(await faults(phone, 'own devices'), []);
});

test('whoever came in by a link chooses a password of their own with a code, and goes on where they were', async () => {
  const { page } = phone;
  await page.getByText('Đổi mật khẩu').first().click();
  const form = page.locator('details[open] form');
  const chosen = 'sông Đồng Nai mùa nước nổi';
  const made = await server.command('user', 'code', 'canbo3.baovinh');
  await form.locator('#reset-code').fill(made.match(/[A-Z0-9]{4,}(-[A-Z0-9]{4,})+/i)[0]);
  await form.locator('#new-password').fill('canbo3.baovinh');
  await form.getByRole('button', { name: 'Đổi mật khẩu' }).click();
  await page.getByText('Mật khẩu này gần như chỉ là tên. Chọn mật khẩu khác.').waitFor();
  await form.locator('#new-password').fill(chosen);
  await form.getByLabel('Hiện mật khẩu').last().check();
  assert.deepEqual(await faults(phone, 'own password'), []);
  await form.getByRole('button', { name: 'Đổi mật khẩu' }).click();
  await page.getByText('Đã đổi mật khẩu').waitFor();
  for (const field of ['#old-password', '#reset-code', '#new-password']) assert.equal(await form.locator(field).inputValue(), '');
  assert.equal(await form.locator('input[type="password"]').count(), 2, 'what is typed next is hidden');
  await phone.screenshot('own-password');
  assert.equal(await page.evaluate(async (headers) => (await fetch('/api/v1/session', { headers })).status, speaker('canbo3.baovinh')), 200);
  const body = { name: 'canbo3.baovinh', password: chosen, device: '0'.repeat(31) + '2', device_name: 'x' };
  const answer = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Sotay': '1' },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200);
});

test('the log tells who did what, and its chain holds', async () => {
  const { page } = desk;
  await list('Nhật ký');
  const log = page.locator('.deeds');
  for (const deed of ['quantri thêm người dùng: canbo3.baovinh', 'quantri tạo mã đăng nhập: canbo3.baovinh', 'canbo3.baovinh đăng nhập bằng mã (', 'quantri kết thúc phiên: canbo3.baovinh']) {
    await log.getByText(deed).first().waitFor();
  }
  await desk.screenshot('audit-log');
  assert.deepEqual(await faults(desk, 'audit log'), []);
  assert.match(await server.command('audit', 'verify'), /\d+:[0-9a-f]{64}/);
});

test('a person who is kept out is out everywhere, and comes in again when let', async () => {
  const { page } = desk;
  await list('Người dùng');
  const card = page.locator('[data-account="canbo3.baovinh"]');
  const keepOut = async () => {
    await card.getByRole('button', { name: 'Khóa tài khoản' }).click();
    await page.locator('dialog[open]').getByRole('button', { name: 'Khóa tài khoản' }).click();
  };
  // What was not done is told as such, where it was asked for, and can be asked for again there.
  await page.getByPlaceholder('Tìm người, đơn vị').fill('dang ngoc');
  await page.route('**/api/v1/accounts/*', (route) => route.abort());
  await keepOut();
  await page.locator('.banner').getByText('Không kết nối được với máy chủ').waitFor();
  assert.equal(await button(desk, 'Thử lại').count(), 0);
  assert.deepEqual(await faults(desk, 'a deed that was not done'), []);
  await page.unroute('**/api/v1/accounts/*');
  await page.locator('dialog[open]').getByRole('button', { name: 'Khóa tài khoản' }).click();
  await card.getByText('Đã khóa').waitFor();
  assert.equal(await page.locator('.banner').getByText('Không kết nối được với máy chủ').count(), 0);
  assert.equal(await card.getByRole('button', { name: 'Tạo mã đăng nhập' }).count(), 0);
  // It may turn out afterwards that a device of theirs is lost.
  await list('Các máy');
  const ended = page.locator('[data-session]', { hasText: 'Phiên đã kết thúc' }).filter({ hasText: 'canbo3.baovinh' });
  await ended.first().waitFor();
  const before = await ended.count();
  await ended.first().getByRole('button', { name: 'Báo mất máy' }).click();
  const sheet = page.locator('dialog[open]');
  await sheet.getByLabel('Mật khẩu của bạn').fill(password);
  await sheet.getByRole('button', { name: 'Báo mất máy' }).click();
  await until('it is said', async () => (await ended.count()) === before - 1);
  await list('Người dùng');
  await card.getByRole('button', { name: 'Mở lại tài khoản' }).click();
  await card.getByRole('button', { name: 'Tạo mã đăng nhập' }).waitFor();
});

test('who is to look after others becomes that, and gets a code, only from who shows again who they are', async () => {
  const { page } = desk;
  const card = page.locator('[data-account="canbo3.baovinh"]');
  const sheet = page.locator('dialog[open]');
  await card.getByText('Khác').click();
  await card.getByRole('button', { name: 'Sửa thông tin và quyền' }).click();
  const role = sheet.locator('label', { has: page.getByText('Vai trò', { exact: true }) });
  await role.locator('select').selectOption({ label: 'Điều phối' });
  await sheet.getByLabel('Mật khẩu của bạn').fill(password);
  assert.deepEqual(await faults(desk, 'a role that looks after others'), []);
  await sheet.getByRole('button', { name: 'Lưu' }).click();
  await card.getByText('Điều phối · ').waitFor();
  await card.getByRole('button', { name: 'Tạo mã đăng nhập' }).click();
  const make = sheet.getByRole('button', { name: 'Tạo mã đăng nhập' });
  await make.click();
  await sheet.getByText('Nhập mật khẩu của bạn hoặc một mã mới').waitFor();
  await sheet.getByLabel('Mật khẩu của bạn').fill(password);
  await make.click();
  await sheet.getByRole('heading', { name: 'Mã đăng nhập cho canbo3.baovinh' }).waitFor();
});
