// Two officers answer one question differently, out of each other's sight: both answers are kept and told with who gave them and
// when, the coordinator chooses, and everybody's device shows the choice.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { Desk } from '../harness/desk.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { emptied } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';
const DIFFICULTY = 'lk_kho_khan';
const HOA = 'Nguyễn Thị Hoa, tổ trưởng';
const MINH = 'Trần Văn Minh, tổ phó';

const stage = new Stage();
const [hoa, minh, lan] = [stage.device('hoa'), stage.device('minh'), stage.device('lan', DESK)];
let server;
let record;
const apps = {};

before(async () => {
  server = await stage.serve();
  for (const [device, name] of [[hoa, 'canbo.longkhanh'], [minh, 'canbo2.longkhanh'], [lan, 'dieuphoi']]) {
    await device.start();
    apps[device.name] = new App(device, server);
    await apps[device.name].signIn(name);
    await apps[device.name].readyForOffline();
  }
});

const conflict = (device) => device.page.locator('[data-conflict$="nguoi_lap"]');

async function answer(device, text) {
  await apps[device.name].open(`/records/${record}/edit`);
  const form = await new FormPage(device.page).ready();
  await form.type('nguoi_lap', text);
  await form.saved();
  await device.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
}

async function send(device) {
  await apps[device.name].open('/');
  await device.page.locator('.standing-line').click();
  await device.page.getByRole('button', { name: 'Gửi ngay' }).click();
  await apps[device.name].allSent();
}

const shows = (device) => apps[device.name].open(`/records/${record}`);

test('two officers without a network answer the same question of one record', async () => {
  const form = await apps.hoa.begin(FORM);
  await form.type('nguoi_lap', 'chưa rõ');
  await form.saved();
  [, record] = hoa.page.url().match(/records\/([0-9a-f-]+)\/edit/);
  await send(hoa);
  await shows(minh);
  await minh.page.getByText('chưa rõ').first().waitFor();
  await server.stop();
  await answer(hoa, HOA);
  await answer(minh, MINH);
  await server.start();
  await send(hoa);
  await send(minh);
});

test('until the server told who answered it is awaited, then said why not, and told once the server is heard of again', async () => {
  const history = '**/api/v1/records/*/history';
  let answer;
  const asked = new Promise((resolve) => { answer = resolve; });
  await lan.page.route(history, async (route) => { await asked; await route.abort(); });
  await shows(lan);
  const by = conflict(lan).locator('.conflict-choice p').first();
  await until('it is awaited', async () => (await by.innerText()) === 'Đang mở…');
  answer();
  await until('it is said why not', async () => /Cần mạng/.test(await by.innerText()));
  await lan.page.unroute(history);
  await lan.context.setOffline(true);
  await lan.context.setOffline(false);
  await until('it is told', async () => / · .*\d\d:\d\d/.test(await by.innerText()));
});

test('a server that refuses to tell who answered is not called out of reach, and not asked with every talk', async () => {
  const history = '**/api/v1/records/*/history';
  let asked = 0;
  await lan.page.route(history, (route) => {
    asked += 1;
    return route.fulfill({
      status: 403,
      contentType: 'application/json',
      body: JSON.stringify({ error: { code: 'not_allowed', message: 'not allowed' } }),
    });
  });
  await shows(lan);
  const by = conflict(lan).locator('.conflict-choice p').first();
  await until('it is said', async () => /Chưa tải được lịch sử từ máy chủ/.test(await by.innerText()));
  for (let times = 0; times < 2; times += 1) {
    const heard = lan.page.waitForResponse((response) => new URL(response.url()).pathname === '/api/v1/pull');
    await lan.context.setOffline(true);
    await lan.context.setOffline(false);
    await heard;
  }
  assert.equal(asked, 1);
  await lan.page.unroute(history);
});

test('the coordinator is led from Today to both answers with who gave them and when, and chooses', async () => {
  const asks = lan.page.getByRole('link', { name: /^Cần quyết định/ });
  await apps.lan.open('/');
  await asks.getByText('1', { exact: true }).waitFor();
  await asks.click();
  const chip = lan.page.getByRole('button', { name: 'Cần quyết định', exact: true });
  assert.equal(await chip.getAttribute('aria-pressed'), 'true');
  await lan.page.locator(`.record-row[href*="${record}"]`).click();
  await conflict(lan).waitFor();
  const choices = conflict(lan).locator('.conflict-choice');
  assert.equal(await choices.count(), 2);
  for (const [text, name] of [[HOA, 'Nguyễn Thị Hoa'], [MINH, 'Trần Văn Minh']]) {
    const choice = choices.filter({ hasText: text });
    await until('it is told who answered and when', async () =>
      new RegExp(`${name} · .*\\d\\d:\\d\\d`).test(await choice.locator('p').innerText()));
  }
  assert.deepEqual(await faults(lan, 'two answers'), []);
  await lan.screenshot('two-answers');
  await lan.page.setViewportSize(PHONE);
  await lan.screenshot('two-answers-phone');
  await lan.page.setViewportSize(DESK);
});

test('an officer’s phone shows both too, and leaves the choice to the coordinator', async () => {
  await send(hoa);
  await shows(hoa);
  await conflict(hoa).waitFor();
  assert.equal(await conflict(hoa).getByRole('button').count(), 0);
  await hoa.page.getByText('Người điều phối chọn').waitFor();
  await hoa.screenshot('two-answers-officer');
});

test('once it is chosen nothing asks any more, and every phone shows the choice after it next received', async () => {
  await conflict(lan).getByRole('button', { name: `Chọn “${MINH}”` }).click();
  await conflict(lan).waitFor({ state: 'detached' });
  await lan.page.getByText('Đã chọn.').waitFor();
  await apps.lan.allSent();
  for (const device of [hoa, minh]) {
    await send(device);
    await shows(device);
    await until('the choice is there', async () =>
      (await device.page.locator('.answer[data-path$="nguoi_lap"]').innerText()).includes(MINH));
    assert.equal(await conflict(device).count(), 0);
    assert.equal(await device.page.locator('.record').getByText(HOA).count(), 0);
  }
  // The form shows it too, and what goes on from there.
  await apps.hoa.open(`/records/${record}/edit`);
  const form = await new FormPage(hoa.page).ready();
  assert.equal(await form.question('nguoi_lap').locator('input, textarea').first().inputValue(), MINH);
  const history = await (await Desk.signIn(server)).history(record);
  assert.equal(history.at(-1).action, 'resolve');
});

test('a record that was put away says so, and is brought back at once or later', async () => {
  const form = await apps.hoa.begin(FORM);
  await form.type('nguoi_lap', 'sẽ xóa');
  await form.saved();
  [, record] = hoa.page.url().match(/records\/([0-9a-f-]+)\/edit/);
  await send(hoa);
  await shows(minh);
  await minh.page.getByText('sẽ xóa').first().waitFor();
  const gone = (device) => device.page.locator('.record-head .banner').getByText('Đã xóa hồ sơ');
  const away = hoa.page.getByRole('button', { name: 'Xóa hồ sơ' });
  // The list is as it was left.
  await apps.hoa.open(`/records/${record}?state=draft`);
  await away.click();
  await hoa.page.waitForURL(/\/records\?state=draft$/);
  await shows(hoa);
  await gone(hoa).waitFor();
  assert.equal(await hoa.page.getByRole('link', { name: 'Làm tiếp' }).count(), 0);
  assert.deepEqual(await faults(hoa, 'a deleted record'), []);
  await hoa.screenshot('deleted-record');
  await hoa.page.getByRole('button', { name: 'Khôi phục hồ sơ' }).click();
  await hoa.page.getByRole('link', { name: 'Làm tiếp' }).waitFor();
  assert.equal(await gone(hoa).count(), 0);
  await send(hoa);
  await send(minh);

  // One puts it away while the other goes on.
  await server.stop();
  await shows(hoa);
  await away.click();
  await answer(minh, MINH);
  await server.start();
  await send(hoa);
  await send(minh);
  // Whoever began it: until somebody chooses it is in the lists.
  for (const device of [hoa, minh, lan]) {
    await send(device);
    await apps[device.name].open('/records?state=draft');
    const row = device.page.locator(`.record-row[href*="${record}"]`);
    await row.getByText('Cần quyết định').waitFor();
  }
  await shows(lan);
  const stays = lan.page.locator('[data-conflict="_deleted"]');
  await stays.getByRole('button', { name: 'Chọn “Xóa hồ sơ”' }).click();
  await gone(lan).waitFor();
  await lan.page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await gone(lan).waitFor({ state: 'detached' });
  assert.equal(await stays.count(), 0, 'it is chosen that it stays');
});

test('what two changed side by side in one part is worth a look, and is asked of nobody once somebody has looked', async () => {
  const form = await apps.hoa.begin(DIFFICULTY);
  await form.type('tom_tat', 'Thiếu bảng');
  await form.saved();
  [, record] = hoa.page.url().match(/records\/([0-9a-f-]+)\/edit/);
  await send(hoa);
  await shows(minh);
  await minh.page.getByText('Thiếu bảng').filter({ visible: true }).first().waitFor();
  await server.stop();
  for (const [device, name, text] of [[hoa, 'nguoi_lap', HOA], [minh, 'tom_tat', 'Thiếu biển báo']]) {
    await apps[device.name].open(`/records/${record}/edit`);
    const page = await new FormPage(device.page).ready();
    await page.goTo('Thông tin chung');
    await page.type(name, text);
    await page.saved();
    await device.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  }
  await server.start();
  await send(hoa);
  await send(minh);
  await send(lan);
  await lan.page.getByRole('link', { name: /^Nên xem lại/ }).click();
  await lan.page.locator(`.record-row[href*="${record}"]`).getByText('Nên xem lại').waitFor();
  await shows(lan);
  const looks = lan.page.locator('.looks');
  await looks.getByText('Nên xem lại').waitFor();
  assert.match(await looks.locator('li').innerText(), /Thông tin chung · .*(Hoa.*Minh|Minh.*Hoa)/);
  assert.equal(await lan.page.locator('.conflict').count(), 0, 'there is nothing to choose');
  assert.deepEqual(await faults(lan, 'worth a look'), []);
  await lan.screenshot('worth-a-look');
  await lan.page.getByRole('button', { name: 'Xem lịch sử' }).click();
  await lan.page.locator('.history-list').getByText('Gộp với phần sửa cùng lúc của người khác').waitFor();
  await shows(minh);
  assert.equal(await minh.page.locator('.looks').count(), 0, 'an officer is not asked');
  await looks.getByRole('button', { name: 'Đã xem' }).click();
  await looks.waitFor({ state: 'detached' });
  await apps.lan.allSent();
  const history = await (await Desk.signIn(server)).history(record);
  assert.equal(history.at(-1).action, 'resolve');
});

test('a record whose form is not here is shown at once, though the line is dead', async () => {
  await emptied(hoa.page, 'forms');
  await hoa.page.route('**/api/v1/forms/*', () => {});
  await shows(hoa);
  await hoa.page.locator('.answer').first().waitFor({ timeout: 10_000 });
  await hoa.page.getByText('Mẫu phiếu của hồ sơ này chưa có trên máy').waitFor();
  await hoa.page.unroute('**/api/v1/forms/*');
});
