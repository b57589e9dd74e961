// Putting the app on the home screen: offered once, put away for good, and explained where the browser has no offer.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { PHONE } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

const stage = new Stage();
const phone = stage.device('officer');
const safari = stage.device('safari');
const icon = stage.device('icon');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone);
  await phone.context.addInitScript(onlyOurOffers);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
});

const offer = () => phone.page.locator('[data-install-offer]');

/** Whether and when this browser makes an offer of its own is not the test's to say: those are kept away. */
function onlyOurOffers() {
  addEventListener('beforeinstallprompt', (event) => event.isTrusted && event.stopImmediatePropagation());
  window.persistAsked = 0;
  StorageManager.prototype.persisted = () => Promise.resolve(false);
  StorageManager.prototype.persist = () => {
    window.persistAsked += 1;
    return Promise.resolve(false);
  };
}

/** The browser's event, with the person's answer to the question that it will show. */
function browserOffers(outcome) {
  return phone.page.evaluate((outcome) => {
    const event = new Event('beforeinstallprompt', { cancelable: true });
    window.asked = 0;
    event.prompt = () => {
      window.asked += 1;
      return Promise.resolve({ outcome, platform: 'web' });
    };
    event.userChoice = Promise.resolve({ outcome, platform: 'web' });
    dispatchEvent(event);
    return event.defaultPrevented;
  }, outcome);
}

test("the browser's offer waits on Today until the person asks for it, and is used once", async () => {
  assert.equal(await offer().count(), 0, 'nothing is offered before the browser does');
  assert.ok(await browserOffers('accepted'), "the browser's own bar does not show");
  await offer().waitFor();
  await phone.screenshot('install-offer');
  assert.equal(await phone.page.evaluate(() => window.asked), 0, 'nothing is asked by itself');
  await offer().getByRole('button', { name: 'Cài ứng dụng' }).click();
  await offer().waitFor({ state: 'detached' });
  assert.equal(await phone.page.evaluate(() => window.asked), 1);
});

test('the icon is what the manifest says, and each shortcut leads somewhere', async () => {
  const { page } = phone;
  const said = await page.evaluate(async () => (await fetch(document.querySelector('link[rel="manifest"]').href)).json());
  assert.deepEqual([said.name, said.lang, said.display, said.id], ['Sổ tay hiện trường', 'vi', 'standalone', '/']);
  assert.ok(said.icons.some(({ purpose }) => purpose === 'maskable'));
  for (const { src, sizes } of said.icons) {
    const size = await page.evaluate(async (src) => {
      const icon = Object.assign(new Image(), { src });
      await icon.decode();
      return `${icon.naturalWidth}x${icon.naturalHeight}`;
    }, src);
    assert.ok(sizes === 'any' || size === sizes, `${src} is ${size}`);
  }
  for (const { name, url } of said.shortcuts) {
    await app.open(url);
    await page.locator('main h1').first().waitFor();
    assert.ok((await page.title()) !== '', name);
  }
  await app.open('/');
  await until('the browser is asked to keep the data', () => page.evaluate(() => window.persistAsked > 0));
});

test('an offer that is put away does not come back, and stays on the last screen', async () => {
  await browserOffers('dismissed');
  await offer().getByRole('button', { name: 'Để sau' }).click();
  await offer().waitFor({ state: 'detached' });
  await app.open('/');
  await app.readyForOffline();
  await browserOffers('dismissed');
  await phone.page.getByRole('link', { name: 'Khác' }).click();
  await phone.page.getByRole('button', { name: 'Cài ứng dụng' }).waitFor();
  await phone.page.getByRole('link', { name: 'Hôm nay' }).click();
  await app.readyForOffline();
  assert.equal(await offer().count(), 0);
});

test('an iPhone has no offer: the way through the share sheet is told', async () => {
  const page = await phone.context.newPage();
  await page.setViewportSize(PHONE);
  const session = await phone.context.newCDPSession(page);
  await session.send('Emulation.setUserAgentOverride', { userAgent: IPHONE, platform: 'iPhone' });
  await page.goto(`${server.url}/more`);
  await page.getByText('Trong Safari, chạm nút Chia sẻ').waitFor();
  await page.evaluate(() => localStorage.clear());
  await page.goto(server.url);
  await page.locator('[data-install-offer]').getByText('Trong Safari, chạm nút Chia sẻ').waitFor();
  // What is behind the icon is a place of its own, which begins empty.
  await page.locator('[data-install-offer]').getByText('Hãy gửi hết trước').waitFor();
  await page.locator('[data-install-offer]').getByRole('button', { name: 'Để sau' }).click();
  await page.locator('[data-install-offer]').waitFor({ state: 'detached' });
  // What is put away does not hide that Safari deletes what waits here.
  const deletes = page.getByText('Safari xóa dữ liệu của trang không mở trong 7 ngày');
  assert.equal(await deletes.count(), 0);
  await phone.context.setOffline(true);
  await page.goto(`${server.url}/fill/lk_kho_khan`);
  const form = await new FormPage(page).ready();
  await form.type('tom_tat', 'Chưa gửi được');
  await form.saved();
  await page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  await page.getByRole('link', { name: 'Hôm nay' }).click();
  await deletes.waitFor();
  await phone.context.setOffline(false);
  await deletes.waitFor({ state: 'detached' });
  await page.close();
});

test('on an iPhone, and inside a chat, a link keeps its code for where the app can stay', async () => {
  const made = await server.command('user', 'code', 'canbo2.longkhanh');
  const code = made.match(/code: (\S+)/)[1];
  await safari.start();
  const session = await safari.context.newCDPSession(safari.page);
  const held = safari.page.locator('.passing-by');
  for (const [userAgent, platform, told] of [
    [IPHONE, 'iPhone', 'Thêm vào MH chính'],
    ['Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36 Zalo', 'Linux', 'mở bằng Chrome'],
  ]) {
    await session.send('Emulation.setUserAgentOverride', { userAgent, platform });
    await safari.page.goto('about:blank');
    await safari.page.goto(`${server.url}/sign-in#${code}`);
    await held.getByText(told).waitFor();
    assert.equal(await held.locator('.sign-in-code').innerText(), code);
  }
  await safari.screenshot('passing-by');
  assert.deepEqual(await faults(safari, 'passing-by'), []);
  // Behind the icon it is good still, and then used: where somebody stays all the same, they are told.
  await icon.start();
  await icon.page.goto(server.url);
  await icon.page.locator('#code').fill(code);
  await icon.page.getByRole('button', { name: 'Đăng nhập bằng mã' }).click();
  await icon.page.getByRole('navigation').first().waitFor();
  await held.getByRole('button', { name: 'Đăng nhập ngay ở đây' }).click();
  await safari.page.getByText('Mã không đúng, đã dùng rồi, hoặc hết hạn.').waitFor();
  // Inside of the chat by name and password: Today says each time that nothing stays there.
  await new App(safari, server).signIn('canbo.longkhanh');
  await safari.page.locator('.today').getByText('mở bằng Chrome').waitFor();
  await safari.page.locator('.today').getByRole('button', { name: 'Sao chép đường dẫn' }).waitFor();
});
