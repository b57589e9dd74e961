// Work leaves a phone that has no network: in a file that a colleague carries, and in one that its owner goes on from.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { Desk } from '../harness/desk.mjs';
import { downloaded } from '../harness/downloads.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { countOf, rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const INSPECTION = 'lk_kt_phuong_xa';
const TROUBLE = 'lk_kho_khan';

const stage = new Stage();
const { folder } = stage;
const files = join(folder, 'files');
const photo = picture(join(folder, 'photo.png'), 1600, 1200);
const officer = stage.device('officer');
const colleague = stage.device('colleague');
const newPhone = stage.device('new-phone');
let server;
let hoa;
let minh;
let bundle;

before(async () => {
  server = await stage.serve();
  hoa = new App(officer, server);
  minh = new App(colleague, server);
});

/** Whether the phone knows what to seal to. */
async function knowsKey(device) {
  return (await rowsOf(device.page, 'meta')).some(([key]) => key === 'organisation');
}

async function signedIn(device, app, name) {
  await device.start();
  await app.signIn(name);
  await app.readyForOffline();
  await until('the phone has the key', () => knowsKey(device));
  // The browser puts its cookies on the disk when it is closed.
  await device.close();
  await device.start();
}

function section(device, heading) {
  return device.page.locator('section').filter({ has: device.page.getByRole('heading', { name: heading }) });
}

test('offline, an officer makes a file of a draft with its photo, and nothing leaves the phone', async () => {
  await signedIn(colleague, minh, 'canbo2.longkhanh');
  await signedIn(officer, hoa, 'canbo.longkhanh');
  await server.stop();
  const form = await hoa.begin(INSPECTION);
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.next();
  await form.choose('a1', 'chua_dat', 'Chưa đạt');
  await form.photograph('a1_anh', photo);
  await form.saved();

  // From the line on top, over the form.
  await officer.page.locator('.standing-line').click();
  await officer.page.locator('dialog[open]').getByRole('button', { name: 'Chuyển bằng tệp' }).click();
  const make = section(officer, 'Chuyển hồ sơ chưa gửi');
  // A browser that says it shares the file, and then does not.
  await officer.page.evaluate(() => {
    navigator.canShare = () => true;
    navigator.share = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await make.getByRole('button', { name: 'Tạo tệp chuyển' }).click();
  await make.getByText('Đã tạo tệp có 1 hồ sơ và 1 tệp').waitFor();
  await make.getByText('Chỉ máy chủ đọc được.').first().waitFor();
  await make.getByRole('button', { name: 'Chia sẻ tệp' }).click();
  await officer.page.getByText('Máy này không chia sẻ được tệp.').waitFor();
  await officer.screenshot('carry');
  assert.deepEqual(await faults(officer, 'carry'), []);
  bundle = await downloaded(officer, files, () => make.getByRole('button', { name: 'Tải tệp xuống máy' }).click());
  assert.match(bundle, /sotay-\d{8}-\d{4}-[0-9a-f]{4}\.sotay$/);
  const bytes = readFileSync(bundle);
  assert.ok(bytes.length > 50_000, 'the photo is in it');
  // Each long enough that sealed bytes do not hold it by chance: three bytes are in one file of two hundred.
  for (const secret of ['Nguyễn Thị Hoa', 'canbo.longkhanh', 'nguoi_lap', 'JFIF\0\x01']) assert.ok(!bytes.includes(secret), `${secret} can be read`);
  assert.equal(await officer.page.locator('[data-unsent="0"]').count(), 0, 'it is unsent still');
  await officer.close();
});

test('a colleague takes the file without a network, is killed, and brings it by itself once there is one', async () => {
  await minh.open('/carry');
  const deliver = section(colleague, 'Nhận tệp chuyển hộ');
  await deliver.locator('input[type="file"]').setInputFiles(photo);
  await deliver.getByText('Đây không phải tệp chuyển của Sổ tay.').waitFor();
  await deliver.locator('input[type="file"]').setInputFiles(bundle);
  await deliver.getByText(/1 hồ sơ và 1 tệp, tạo lúc/).waitFor();
  await deliver.getByText('Đang chờ mạng để đưa lên máy chủ').waitFor();
  await colleague.kill();
  await colleague.start();
  await minh.open('/more');
  await colleague.page.getByText('1 tệp chuyển hộ đang chờ trên máy này.').waitFor();

  await server.start();
  await minh.open('/carry');
  await section(colleague, 'Nhận tệp chuyển hộ').getByText(/Máy chủ đã nhận hồ sơ của .+, lúc .*\d+ thay đổi, 1 tệp/).waitFor();
  await colleague.screenshot('delivered');
  assert.deepEqual(await faults(colleague, 'delivered'), []);
  const rows = await (await Desk.signIn(server)).rows(INSPECTION);
  assert.equal(rows.length, 1);
  assert.equal(rows[0]['Người lập'], 'Nguyễn Thị Hoa');
  assert.equal((await (await Desk.signIn(server)).quarantine()).length, 0);
});

test('the carrier brings the server\'s receipt back: the author\'s phone knows without a network, and a forged one changes nothing', async () => {
  const deliver = section(colleague, 'Nhận tệp chuyển hộ');
  const receipt = await downloaded(colleague, files, () => deliver.getByRole('button', { name: 'Tải biên nhận' }).click());
  assert.match(receipt, /sotay-bien-nhan-\d{8}-\d{4}\.sotay$/);
  await colleague.page.getByText('Đem biên nhận này về').scrollIntoViewIfNeeded();
  await colleague.screenshot('receipt-to-give');
  await server.stop();
  await officer.start();
  await hoa.open('/carry');
  await officer.page.locator('[data-unsent="2"]').first().waitFor({ state: 'attached' });
  const make = section(officer, 'Chuyển hồ sơ chưa gửi');
  const bytes = readFileSync(receipt);
  const forged = join(files, 'forged.sotay');
  for (const at of [30, bytes.length - 80, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] ^= 1;
    writeFileSync(forged, changed);
    await make.locator('#receipt-file').setInputFiles(forged);
    await make.getByText(/không phải do máy chủ ký|không phải biên nhận/).waitFor();
  }
  await make.locator('#receipt-file').setInputFiles(bundle);
  await make.getByText('Đây không phải biên nhận của Sổ tay.').waitFor();
  assert.ok(await officer.page.locator('[data-unsent="2"]').count(), 'nothing has changed');
  await make.locator('#receipt-file').setInputFiles(receipt);
  await make.getByText(/Đã nhận .*thay đổi, 1 tệp/).waitFor();
  await hoa.allSent();
  await officer.page.getByText(/Đã nhận .*thay đổi/).scrollIntoViewIfNeeded();
  await officer.screenshot('receipt-taken');
  assert.deepEqual(await faults(officer, 'receipt-taken'), []);
  // On the colleague's own phone it is nobody's.
  await minh.open('/carry');
  await section(colleague, 'Chuyển hồ sơ chưa gửi').locator('#receipt-file').setInputFiles(receipt);
  await colleague.page.getByText('Biên nhận này không phải của tệp mà bạn đã tạo trên máy này.').waitFor();
  // Killed and begun anew, it still knows.
  await officer.kill();
  await officer.start();
  await hoa.open('/records');
  await hoa.allSent();
  await officer.close();
  await server.start();
});

test('a file that somebody changed is refused, and says why', async () => {
  const bytes = readFileSync(bundle);
  bytes[bytes.length >> 1] ^= 1;
  const changed = join(files, 'changed.sotay');
  writeFileSync(changed, bytes);
  const deliver = section(colleague, 'Nhận tệp chuyển hộ');
  await deliver.locator('input[type="file"]').setInputFiles(changed);
  await deliver.getByText('Máy chủ không nhận: tệp không còn nguyên vẹn.').waitFor();
  await deliver.getByRole('button', { name: 'Bỏ khỏi danh sách' }).first().click();
  await until('it is off the list', async () => (await deliver.locator('li').count()) === 1);
  await server.command('audit', 'verify');
  assert.match(await server.command('audit', 'list'), /canbo2\.longkhanh\s+bundle_refuse[^\n]*altered[^]*canbo2\.longkhanh\s+bundle_import/);
});

test('the phone itself comes back: it learns that all is there, and nothing is there twice', async () => {
  await officer.start();
  await hoa.open('/');
  await hoa.allSent();
  assert.equal((await (await Desk.signIn(server)).rows(INSPECTION)).length, 1);
});

test('a dying phone: its owner makes a rescue file and writes the code down', async () => {
  await server.stop();
  const form = await hoa.begin(TROUBLE);
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.saved();
  await hoa.open('/carry');
  await officer.page.evaluate(() => localStorage.setItem('sotay.preferences', '{"install_dismissed":true}'));
  const rescue = section(officer, 'Tệp cứu hộ');
  await rescue.getByRole('button', { name: 'Tạo tệp cứu hộ' }).click();
  await rescue.locator('.rescue-code').waitFor();
  // The photo that the server has, and no backup, goes along.
  await rescue.getByText('Đã tạo tệp có 1 hồ sơ và 1 tệp').waitFor();
  await officer.screenshot('rescue');
  assert.deepEqual(await faults(officer, 'rescue'), []);
  bundle = await downloaded(officer, files, () => rescue.getByRole('button', { name: 'Tải tệp xuống máy' }).click());
  bundle = { path: bundle, code: await rescue.locator('.rescue-code').innerText() };
  assert.match(bundle.code, /^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
  // Whoever sends the file first and comes back later finds the code, until they say that it is written down.
  await hoa.open('/carry');
  await rescue.getByText(bundle.code).waitFor();
  await officer.screenshot('rescue-code');
  await rescue.getByRole('button', { name: 'Đã chép mã ra giấy' }).click();
  await rescue.locator('.rescue-code').waitFor({ state: 'detached' });
  await officer.kill();
});

test('what the version before kept of others stays', async () => {
  await server.start();
  await newPhone.start();
  await newPhone.page.goto(`${server.url}/healthz`);
  const carried = [0xa6, 0, 0x19, 1, 0x2c, 1, 2, 2, 1, 3, 0, 4, 0xa3, 0, 1, 1, 2, 2, 3, 5, 0x62, 0x7b, 0x7d];
  await newPhone.page.evaluate((carried) => new Promise((resolve, reject) => {
    const opening = indexedDB.open('sotay', 2);
    opening.onerror = () => reject(opening.error);
    opening.onupgradeneeded = () => {
      for (const name of ['meta', 'base', 'open', 'outbox', 'blobs', 'blobmeta', 'forms', 'pack', 'place', 'carried', 'carriedpieces']) opening.result.createObjectStore(name);
    };
    opening.onsuccess = () => {
      const database = opening.result;
      const writing = database.transaction('carried', 'readwrite');
      writing.objectStore('carried').put(new Uint8Array(carried), new Uint8Array(32));
      writing.oncomplete = () => { database.close(); resolve(); };
    };
  }), carried);
  await new App(newPhone, server).open('/');
  await newPhone.page.locator('input[name="name"]').waitFor();
  const found = await newPhone.page.evaluate(() => new Promise((resolve, reject) => {
    const opening = indexedDB.open('sotay');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const reading = database.transaction('carried').objectStore('carried').get(new Uint8Array(32));
      reading.onsuccess = () => { resolve([database.version, [...reading.result]]); database.close(); };
    };
  }));
  assert.deepEqual(found, [3, carried]);
});

test('on a new phone, with nobody signed in and no network, the work goes on where it was left', async () => {
  const app = new App(newPhone, server);
  await until('the app is on the phone', () => newPhone.page.evaluate(async () =>
    Boolean((await navigator.serviceWorker.getRegistration())?.active)));
  await app.open('/');
  await server.stop();
  await newPhone.page.getByRole('link', { name: 'Làm tiếp từ tệp cứu hộ' }).click();
  const restore = section(newPhone, 'Làm tiếp từ tệp cứu hộ');
  await restore.locator('input[type="file"]').setInputFiles(bundle.path);
  await restore.locator('#rescue-code').fill('aaaaa-bbbbb-ccccc-ddddd');
  await restore.getByRole('button', { name: 'Làm tiếp trên máy này' }).click();
  await restore.getByText('Mã không đúng, hoặc tệp bị hỏng.').waitFor();
  assert.deepEqual(await faults(newPhone, 'restore'), []);
  await restore.locator('#rescue-code').fill(bundle.code.toUpperCase().replaceAll('-', ' '));
  await restore.getByRole('button', { name: 'Làm tiếp trên máy này' }).click();
  await newPhone.page.getByRole('navigation').first().waitFor();
  assert.ok(await countOf(newPhone.page, 'blobs') > 0, 'the photo is here');
  assert.ok(await knowsKey(newPhone), 'and what the next file is sealed to');

  await app.open('/records');
  const row = newPhone.page.locator('.record-row').filter({ hasText: 'Chưa gửi' }).first();
  await row.waitFor();
  await newPhone.screenshot('gone-on-with');
  await row.click();
  const { pathname } = new URL(newPhone.page.url());
  await app.open(`${pathname}/edit`);
  const form = await new FormPage(newPhone.page).ready();
  assert.equal(await form.question('tom_tat').locator('input, textarea').first().inputValue(), 'Thiếu kinh phí tập huấn');
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn, làm tiếp trên máy mới');
  await form.saved();
});

test('with a network its owner signs in there, and the server has it all under both names once', async () => {
  await server.start();
  const app = new App(newPhone, server);
  await app.open('/sign-in');
  await app.enter('canbo.longkhanh');
  await app.allSent();
  const desk = await Desk.signIn(server);
  const rows = await desk.rows(TROUBLE);
  assert.equal(rows.length, 1);
  assert.ok(Object.values(rows[0]).includes('Thiếu kinh phí tập huấn, làm tiếp trên máy mới'), JSON.stringify(rows[0]));
  const history = await desk.history(rows[0].ID ?? Object.values(rows[0])[0]);
  assert.equal(new Set(history.map((entry) => entry.device)).size, 2, 'two devices wrote to it');

  // The old phone lives after all: nothing of it comes twice.
  await officer.start();
  await hoa.open('/');
  await hoa.allSent();
  assert.equal((await desk.rows(TROUBLE)).length, 1);
  assert.equal((await desk.history(rows[0].ID ?? Object.values(rows[0])[0])).length, history.length);
});

test('on a phone that somebody else uses, the work goes on in a store beside theirs', async () => {
  await minh.open('/carry');
  await colleague.page.evaluate(() => localStorage.setItem('sotay.preferences', '{"install_dismissed":false}'));
  const restore = section(colleague, 'Làm tiếp từ tệp cứu hộ');
  const goOn = async () => {
    await restore.locator('input[type="file"]').setInputFiles(bundle.path);
    await restore.locator('#rescue-code').fill(bundle.code);
    await restore.getByRole('button', { name: 'Làm tiếp trên máy này' }).click();
  };
  await goOn();
  await restore.getByText(/Tệp này của canbo\.longkhanh\. Người khác đang dùng máy này/).waitFor();
  await minh.open('/more');
  await colleague.page.getByRole('button', { name: 'Đổi người dùng' }).click();
  await colleague.page.getByRole('link', { name: 'Làm tiếp từ tệp cứu hộ' }).click();
  await goOn();
  await colleague.page.getByRole('navigation').first().waitFor();
  const chosen = await colleague.page.evaluate(() => localStorage.getItem('sotay.preferences'));
  assert.equal(JSON.parse(chosen).install_dismissed, false, 'what was chosen on this phone stays');
  await minh.open('/sign-in');
  await minh.enter('canbo.longkhanh');
  await minh.allSent();
  const desk = await Desk.signIn(server);
  assert.equal((await desk.rows(TROUBLE)).length, 1);
  await minh.open('/sign-in');
  await colleague.page.getByText('Người dùng máy này').waitFor();
  await colleague.screenshot('beside');
});

test('a phone that is left alone does not lock itself amid the keeping of a file, and does when that has ended', async () => {
  const { page } = colleague;
  const pad = page.locator('.unlock .pin-pad');
  const press = async () => { for (const digit of '274913') await page.locator(`[data-digit="${digit}"]`).click(); };
  await minh.open('/more');
  await page.getByRole('button', { name: 'Đặt mã PIN' }).click();
  await press();
  await press();
  await page.getByText('chỉ mở được bằng mã PIN').waitFor();
  await page.clock.install();
  await minh.open('/carry');
  await pad.waitFor();
  await press();
  const deliver = section(colleague, 'Nhận tệp chuyển hộ');
  await deliver.waitFor();
  // Another tab is at it, so this one waits in the midst.
  await page.evaluate(() => { navigator.locks.request('sotay.keep', () => new Promise((done) => { window.letGo = done; })); });
  await deliver.locator('input[type="file"]').setInputFiles(bundle.path);
  await deliver.getByText('Đang giữ tệp…').waitFor();
  await page.clock.fastForward('05:30');
  assert.equal(await page.locator('html[data-locking="on"], .unlock .pin-pad').count(), 0);
  await page.evaluate(() => window.letGo());
  await deliver.getByText('Chọn tệp', { exact: true }).waitFor();
  await page.clock.fastForward('05:30');
  await pad.waitFor();
});
