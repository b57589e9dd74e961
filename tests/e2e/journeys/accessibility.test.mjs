// Every main screen, measured by axe-core at a phone's and a desk's size; and the way to an answer by keys alone.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { PASSWORD } from '../harness/server.mjs';
import { faults } from '../harness/axe.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kho_khan';

const stage = new Stage();
const device = stage.device('officer');
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(device);
});

/** Presses Tab until the focus is on what is sought; fails when it never gets there. */
async function tabTo(selector, key = 'Tab', limit = 60) {
  const target = device.page.locator(selector).first();
  await target.waitFor();
  for (let step = 0; step <= limit; step += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await device.page.keyboard.press(key);
  }
  assert.fail(`Tab never reaches ${selector}`);
}

const press = (key) => device.page.keyboard.press(key);

const isOnPage = () => device.page.evaluate(() => document.activeElement?.id === 'content');

test('signing in has no fault, and needs no pointer', async () => {
  await app.open('/');
  await device.page.locator('input[name="name"]').waitFor();
  assert.deepEqual(await faults(device, 'sign-in'), []);
  await tabTo('input[name="name"]');
  await device.page.keyboard.type('canbo.longkhanh');
  await tabTo('input[type="password"]');
  await device.page.keyboard.type(PASSWORD);
  await press('Enter');
  await device.page.getByRole('navigation').first().waitFor();
  await until('whoever was let in is on the page', isOnPage);
  await app.readyForOffline();
});

test('from Today to a form by keys, and its first page answered', async () => {
  await tabTo('.tab[href="/fill"]', 'Shift+Tab');
  await press('Enter');
  await device.page.locator('input[type="search"]').waitFor();
  await tabTo(`[data-form="${FORM}"]`);
  await press('Enter');
  const form = await new FormPage(device.page).ready();
  const head = device.page.locator('.form-titles');
  assert.equal(await head.innerText(), 'Phiếu báo cáo khó khăn, vướng mắc và kiến nghị');
  await tabTo('[data-q="tom_tat"] input, [data-q="tom_tat"] textarea');
  await device.page.keyboard.type('Thiếu kinh phí tập huấn');
  await until('the record has its name below', async () => /kiến nghị\s+Thiếu kinh phí tập huấn$/.test(await head.innerText()));
  // A sheet of choices: opened and closed by keys; then the focus is back where it was.
  await tabTo('[data-q="nhom"] .choose-button');
  await press('Enter');
  await device.page.getByRole('dialog').filter({ visible: true }).waitFor();
  await press('Escape');
  await device.page.getByRole('dialog').filter({ visible: true }).waitFor({ state: 'detached' }).catch(() => {});
  assert.equal(await device.page.getByRole('dialog').filter({ visible: true }).count(), 0);
  assert.ok(await device.page.locator('[data-q="nhom"] .choose-button').evaluate((element) => element === document.activeElement));
  // A choice on the page: one stop for Tab, arrows within it.
  await tabTo('[data-q="muc_do"] input[type="radio"]');
  await press('ArrowDown');
  await press('ArrowUp');
  assert.equal(await device.page.locator('[data-q="muc_do"] input:checked').count(), 1);
  await form.saved();
  await tabTo('.form-foot button:last-of-type');
  assert.deepEqual(await faults(device, 'form'), []);
});

test('a reader is not told of each save', async () => {
  const { page } = device;
  const form = new FormPage(page);
  await page.evaluate(() => {
    window.said = [];
    const live = '[role="status"], [role="alert"], [aria-live]';
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const region = (target.nodeType === Node.TEXT_NODE ? target.parentElement : target)?.closest(live);
        if (region?.closest('.form-view')) window.said.push(`${region.className}: ${region.textContent}`);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  for (const text of ['Thiếu kinh phí', 'Thiếu kinh phí tập huấn', 'Thiếu kinh phí tập huấn năm nay']) {
    await form.type('tom_tat', text);
    await form.saved();
  }
  assert.deepEqual(await page.evaluate(() => window.said), []);
});

test('Next tells in one place, which was there before, how much is wrong on the page', async () => {
  const { page } = device;
  const form = await app.begin('lk_kho_khan');
  await page.evaluate(() => {
    window.said = [];
    const live = '[role="status"], [role="alert"], [aria-live]';
    const before = new Set(document.querySelectorAll(live));
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const region = (target.nodeType === Node.TEXT_NODE ? target.parentElement : target)?.closest(live);
        if (region?.closest('.form-view')) window.said.push([before.has(region) && region.getClientRects().length > 0, region.textContent]);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await page.locator('.form-foot').getByRole('button', { name: 'Tiếp', exact: true }).click();
  await page.locator('.form-foot-note').waitFor();
  await until('it is told', () => page.evaluate(() => window.said.length > 0));
  const said = await page.evaluate(() => window.said);
  assert.ok(said.every(([wasThere]) => wasThere), JSON.stringify(said));
  assert.match(said.at(-1)[1], /^Còn \d+ câu\. Trang này còn câu cần xem lại/);
  assert.equal(new Set(said.map(([, text]) => text)).size, 1, JSON.stringify(said));
  // Whoever leaves a question that is still wrong hears which and why.
  await form.question('tom_tat').locator('textarea, input').focus();
  await press('Tab');
  await until('the question that was left is told', () => page.evaluate(() => /^Tóm tắt/.test(window.said.at(-1)[1])));
});

for (const [screen, path] of [['today', '/'], ['fill', '/fill'], ['records', '/records'], ['reports', '/reports'], ['more', '/more'], ['preview', '/forms/preview']]) {
  test(`the screen ${screen} has no fault`, async () => {
    // The person leaves the form first: else the app brings them back to it.
    if (await device.page.locator('[data-form-ready]').count()) {
      await device.page.locator('.form-head button').first().click();
      await device.page.locator('.today').waitFor();
    }
    await app.open(path);
    await device.page.locator(screen === 'records' ? '.record-row' : '.page h1').first().waitFor();
    assert.deepEqual(await faults(device, screen), []);
  });
}

test('whoever opens a record is in it, and back in the list on its row', async () => {
  const { page } = device;
  await app.open('/records');
  const row = page.locator('.record-row').first();
  await row.waitFor();
  const href = await row.getAttribute('href');
  await row.press('Enter');
  await page.locator('[data-path], .form-view').filter({ visible: true }).first().waitFor();
  if (await page.locator('[data-form-ready]').count()) {
    // A draft goes on in its form: back on the list its row is where one was.
    await page.locator('.form-head button').first().click();
    await page.locator('.today').waitFor();
  } else {
    await until('the focus is in the page, on what is drawn', () => page.evaluate(() => {
      const active = document.activeElement;
      return Boolean(active.closest('main')) && active.getClientRects().length > 0;
    }));
    await page.goBack();
  }
  const id = href.match(/records\/([^/?]+)/)[1];
  await until('the focus is on the row again', () =>
    page.evaluate((id) => document.activeElement?.matches(`.record-row[href*="${id}"]`), id));
});

test('the skip link leads to the page and leaves the address as it is', async () => {
  await app.open('/more');
  await tabTo('.skip-link');
  await press('Enter');
  await until('the page has the focus', isOnPage);
  assert.equal(new URL(device.page.url()).hash, '');
});

test('whoever goes through a list by keys sees where they are: the ring is inside of what fills its row', async () => {
  for (const [path, selector] of [['/fill', '.list-row'], ['/records', '.record-row']]) {
    await app.open(path);
    await tabTo(selector);
    const [style, reach] = await device.page.evaluate(() => {
      const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(document.activeElement);
      return [outlineStyle, parseFloat(outlineWidth) + parseFloat(outlineOffset)];
    });
    assert.equal(style, 'solid', selector);
    assert.ok(reach <= 0, `${selector} ${reach}`);
  }
});

test('what its own press takes away leaves whoever pressed it on the page', async () => {
  await app.open('/records?q=zzzz');
  const clear = device.page.getByRole('button', { name: 'Bỏ lọc' });
  await clear.waitFor();
  await clear.press('Enter');
  await clear.waitFor({ state: 'detached' });
  await until('the page has the focus', isOnPage);
});

test('no moment and no news that comes by itself is read out', async () => {
  const { page } = device;
  await app.open('/');
  await app.allSent();
  const told = page.locator('.shell-head > [role="status"]');
  const before = await told.textContent();
  assert.doesNotMatch(before, /\d\d:\d\d/);
  await page.locator('.standing-line').filter({ hasText: /\d\d:\d\d/ }).waitFor();
  assert.equal(await told.textContent(), before);
});

test('a search tells what it found, in a place that was there before', async () => {
  const { page } = device;
  await app.open('/fill');
  const status = page.locator('.search-field [role="status"]');
  await status.waitFor({ state: 'attached' });
  await page.locator('input[type="search"]').fill('zzzz');
  await until('nothing matches', async () => (await status.textContent()) === 'Không có mục nào khớp.');
  await page.locator('input[type="search"]').fill('kho khan');
  await until('so many do', async () => /^Tìm thấy \d+$/.test(await status.textContent()));
});

test('a record has no fault, nor have its history and the sync log', async () => {
  await app.open('/records');
  await app.allSent();
  const href = await device.page.locator('.record-row').first().getAttribute('href');
  await app.open(href.replace('/edit', ''));
  await device.page.locator('[data-path]').filter({ visible: true }).first().waitFor();
  await device.page.getByRole('button', { name: 'Xem lịch sử' }).click();
  await device.page.locator('.history-list summary').first().click();
  await device.page.locator('.history-list [data-path]').first().waitFor();
  assert.deepEqual(await faults(device, 'record'), []);
  await app.open('/more');
  await device.page.locator('[data-sync-log] summary').click();
  await device.page.locator('[data-sync-log] li').first().waitFor();
  assert.deepEqual(await faults(device, 'sync log'), []);
});

test('the inspection form, with a rule broken, has no fault', async () => {
  const form = await app.begin('lk_kt_phuong_xa');
  await form.type('ky_tu', '2026-06-01');
  await form.type('ky_den', '2026-01-01');
  await form.question('ky_den').getByText('Không được trước ngày bắt đầu.').waitFor();
  // A button that opens choices is told to be wrong, and why, as a field is.
  await form.question('don_vi_kt').locator('.choose-button').focus();
  await press('Tab');
  const wrong = form.question('don_vi_kt').locator('.choose-button[aria-invalid="true"]');
  await wrong.waitFor();
  const why = await wrong.evaluate((button) =>
    button.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id)?.innerText).join(' '));
  assert.match(why, /Vui lòng nhập nội dung này/);
  assert.deepEqual(await faults(device, 'inspection'), []);
  await device.page.locator('[data-q="don_vi_lap"] .choose-button').click();
  await device.page.getByRole('dialog').filter({ visible: true }).waitFor();
  assert.deepEqual(await faults(device, 'choice sheet'), []);
  await press('Escape');
  await form.goTo('Xem lại');
  await device.page.locator('.review-item').first().waitFor();
  assert.deepEqual(await faults(device, 'review'), []);
});

test('a contrast theme tells by a ground which language is chosen', async () => {
  const { page } = device;
  await page.locator('.page-button').click();
  const grounds = () => page.locator('.form-head .segment').evaluateAll((segments) =>
    segments.map((segment) => getComputedStyle(segment).backgroundColor));
  await page.emulateMedia({ forcedColors: 'active' });
  await until('they differ', async () => new Set(await grounds()).size === 2);
  await page.emulateMedia({ forcedColors: 'none' });
  await press('Escape');
});

test('with the largest letters no choice of a long list is cut off', async () => {
  const { page } = device;
  const form = new FormPage(page);
  const sheet = page.getByRole('dialog').filter({ visible: true });
  const letters = (scale) => page.evaluate((scale) => {
    document.documentElement.style.setProperty('--text-scale', scale);
    window.dispatchEvent(new Event('resize'));
  }, scale);
  await letters('1.5');
  await form.goTo('A. Chỉ đạo');
  await form.choose('a4', 'chua_dat', 'Chưa đạt');
  await form.goTo('Phát hiện');
  await form.choose('ph_tieu_chi', 'a4', 'A4.');
  await form.goTo('Thông tin chung');
  await form.question('don_vi_lap').locator('.choose-button').click();
  await sheet.locator('.choice-row').first().waitFor();
  await device.screenshot('large-letters-choices');
  const cut = await sheet.locator('.choice-row').evaluateAll((rows) =>
    rows.filter((row) => row.scrollHeight > row.clientHeight).map((row) => row.innerText));
  assert.deepEqual(cut, []);
  await press('Escape');
  await letters('1');
  await form.goTo('Xem lại');
  await page.locator('.review-item').first().waitFor();
});

test('with letters twice as large nothing goes out of sight sideways', async () => {
  const { page } = device;
  const enlarge = () => page.evaluate(() => {
    document.documentElement.style.setProperty('--text-scale', '1.9');
    window.dispatchEvent(new Event('resize'));
  });
  const wide = () => page.evaluate(() => [...document.querySelectorAll('html, .shell-main, .form-view, .form-scroll, .records-panel')]
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `${box.className || 'page'}: ${box.scrollWidth} > ${box.clientWidth}`));
  await enlarge();
  assert.deepEqual(await wide(), [], 'review');
  const form = new FormPage(page);
  for (const name of ['Thông tin chung', 'A. Chỉ đạo', 'Phát hiện']) {
    await form.goTo(name);
    assert.deepEqual(await wide(), [], name);
  }
  await device.screenshot('large-letters-form');
  // What stands above the questions scrolls away with them: it would leave no room to answer in.
  await form.goTo('A. Chỉ đạo');
  await form.question('a5').scrollIntoViewIfNeeded();
  assert.ok((await page.locator('.form-head').boundingBox()).y < -200, 'the head went out of sight');
  await page.locator('.form-head button').first().click();
  await page.locator('.today').waitFor();
  const href = await page.locator('.record-row').first().getAttribute('href');
  for (const path of ['/', '/fill', '/records', href.replace('/edit', ''), '/reports', '/more', '/people']) {
    await app.open(path);
    await page.locator('main h1').filter({ visible: true }).first().waitFor();
    await enlarge();
    assert.deepEqual(await wide(), [], path);
  }
});
