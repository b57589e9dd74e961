// A fault in the program itself: it stops at once and says so, with a way back, wherever it happens.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from '../harness/stage.mjs';

const FORM = 'lk_kho_khan';

const stage = new Stage();
const phone = stage.device('officer');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(phone, 'canbo.longkhanh');
});

/** From now on the browser gives the app's module nothing to draw with, which it rightly takes for impossible. */
function breakDrawing() {
  for (const [prototype, name] of [[Document.prototype, 'createElement'], [Document.prototype, 'createElementNS'], [Document.prototype, 'createTextNode'], [Node.prototype, 'cloneNode']]) {
    const original = prototype[name];
    prototype[name] = function (...args) {
      if (/wasm/.test(new Error().stack)) throw new TypeError('broken by the test');
      return original.apply(this, args);
    };
  }
}

async function saysSo() {
  const failure = phone.page.locator('#failure');
  await failure.waitFor();
  assert.match(await failure.innerText(), /Ứng dụng gặp lỗi và đã dừng lại\.\s+Những gì đã lưu vẫn còn trên máy\.\s+Mở lại/);
}

test('a list that is closed before its first frame is left alone by that frame', async () => {
  const { page } = phone;
  const form = await app.begin(FORM);
  await page.evaluate(() => {
    const waiting = new Map();
    let count = 0;
    window.requestAnimationFrame = (run) => waiting.set((count += 1), run) && count;
    window.cancelAnimationFrame = (frame) => waiting.delete(frame);
    window.drawFrames = () => {
      const due = [...waiting.values()];
      waiting.clear();
      due.forEach((run) => run(0));
    };
  });
  const sheet = page.getByRole('dialog').filter({ visible: true });
  await form.question('nhom').locator('.choose-button').click();
  await sheet.waitFor();
  await page.keyboard.press('Escape');
  await form.question('nhom').locator('dialog > *').first().waitFor({ state: 'detached' });
  await page.evaluate(() => window.drawFrames());
  assert.equal(await page.locator('#failure').count(), 0);
  await page.reload();
  await app.backInForm();
  await page.locator('.form-head button').first().click();
  await page.locator('.today').waitFor();
});

test('a fault after a tap covers the page, and one tap on the way out brings back what was answered', async () => {
  const form = await app.begin(FORM);
  await form.type('tom_tat', 'Thiếu kinh phí tập huấn');
  await form.saved();
  await phone.page.evaluate(breakDrawing);
  await phone.page.locator('.standing-line').click();
  await saysSo();
  await phone.screenshot('crashed');
  await phone.page.getByRole('button', { name: 'Mở lại' }).click();
  const back = await app.backInForm();
  assert.equal(await back.question('tom_tat').locator('input, textarea').first().inputValue(), 'Thiếu kinh phí tập huấn');
});

test('a record that fails each time it is opened is left for the list, from which all else can be reached', async () => {
  const { page } = phone;
  const form = await app.begin(FORM);
  await form.type('tom_tat', 'Thiếu người');
  await form.saved();
  await phone.context.addInitScript(`if (location.pathname.endsWith('/edit')) (${breakDrawing})();`);
  await page.reload();
  await saysSo();
  const again = page.getByRole('button', { name: 'Mở lại' });
  await Promise.all([page.waitForEvent('domcontentloaded'), again.click()]);
  await saysSo();
  await again.click();
  await page.locator('.record-row').first().waitFor();
  await page.getByRole('link', { name: 'Hôm nay' }).click();
  await page.locator('.today').waitFor();
});

test('a fault while the app starts is told as one, and not as an old browser', async () => {
  await phone.context.addInitScript(breakDrawing);
  await app.open('/');
  await saysSo();
});
