// A form is tried before it is published: it runs in the page, and nothing of it is kept or sent.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { DESK } from '../harness/phone.mjs';
import { Stage } from '../harness/stage.mjs';
import { rowsOf } from '../harness/store.mjs';
import { FormPage } from '../pages/form.mjs';

const FORMS = join(process.env.SOTAY_PACK, 'forms');
const BROKEN = ['survey,,,,', ',type,name,label,relevant', ',text,ten,Tên,', ',chữ,tuoi,Tuổi,', ',text,que,Quê,${khong_co} = 1'];
const XFORM = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
  <h:head><h:title>Phiếu thử</h:title><model>
    <instance><data id="thu" version="1"><xa/><so/></data></instance>
    <instance id="xa" src="jr://file-csv/xa.csv"/>
    <bind nodeset="/data/xa" type="string"/><bind nodeset="/data/so" type="int" required="true()"/>
  </model></h:head>
  <h:body>
    <select1 ref="/data/xa"><label>Xã</label><itemset nodeset="instance('xa')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
    <input ref="/data/so"><label>Số người</label></input>
  </h:body></h:html>`;

const stage = new Stage();
const { folder } = stage;
const desk = stage.device('coordinator', DESK);
let server;
let app;

before(async () => {
  server = await stage.serve();
  app = await stage.start(desk);
});

const file = (name, text) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const give = (...paths) => desk.page.locator('input[type="file"]').first().setInputFiles(paths);

test('nobody signed in: an XForm and its list run, and a spreadsheet says what it needs', async () => {
  await app.open('/forms/preview');
  await desk.page.getByRole('heading', { name: 'Chạy thử mẫu phiếu' }).waitFor();
  await desk.screenshot('preview-empty');
  await give(file('thu.xml', XFORM), file('xa.csv', 'name,label\nx1,Xã Bảo Quang\nx2,Xã Hàng Gòn\n'));
  const form = await new FormPage(desk.page).ready();
  await form.choose('xa', 'x2', 'Xã Hàng Gòn');
  await form.next();
  await desk.page.locator('.form-head button').first().click();
  await give(join(FORMS, 'kho_khan.xlsx'));
  await desk.page.getByText('hãy đăng nhập trước').waitFor();
});

test('a list that is missing is told, and the form runs without it', async () => {
  await give(file('thu.xml', XFORM));
  await new FormPage(desk.page).ready();
  await desk.page.locator('.preview-problems summary').click();
  await desk.page.getByText('thiếu tệp jr://file-csv/xa.csv').waitFor();
  await desk.page.locator('.form-head button').first().click();
});

test('a submission that was made elsewhere is opened to be changed', async () => {
  const sent = '<data id="thu" version="1"><xa>x2</xa><so>7</so><meta><instanceID>uuid:cu</instanceID></meta></data>';
  await give(file('thu.xml', XFORM), file('xa.csv', 'name,label\nx1,Xã Bảo Quang\nx2,Xã Hàng Gòn\n'), file('da_gui.xml', sent));
  const form = await new FormPage(desk.page).ready();
  assert.ok(await form.question('xa').locator('input[value="x2"]').isChecked());
  assert.equal(await form.question('so').locator('input').inputValue(), '7');
  await desk.page.locator('.form-head button').first().click();
});

test('a position that is found after the form was left stops nothing', async () => {
  const places = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
    <h:head><h:title>Phiếu có vị trí</h:title><model><instance><data id="noi" version="1"><noi/></data></instance>
      <bind nodeset="/data/noi" type="geopoint"/></model></h:head>
    <h:body><input ref="/data/noi"><label>Vị trí</label></input></h:body></h:html>`;
  const { page, context } = desk;
  await desk.grant(server.url);
  // So inexact that it goes on measuring.
  await context.setGeolocation({ latitude: 10.93, longitude: 107.24, accuracy: 500 });
  await give(file('noi.xml', places));
  const form = await new FormPage(page).ready();
  await form.locate('noi');
  await page.locator('.form-head button').first().click();
  await page.locator('.preview a.button[href="/"]').click();
  await page.locator('input[name="name"]').waitFor();
  await context.setGeolocation({ latitude: 10.94, longitude: 107.25, accuracy: 5 });
  // After the app's own watch, and after what that does.
  const heard = () => new Promise((resolve, reject) => {
    navigator.geolocation.watchPosition(({ coords }) => setTimeout(() => resolve(coords.accuracy), 50), reject);
  });
  assert.equal(await page.evaluate(heard), 5);
  assert.equal(await page.locator('#failure').count(), 0);
  await app.open('/forms/preview');
});

// What is seen in the frame in which the form is ready is what a person has at first.
test('a form of a thousand questions on one page opens with its first ones; the others come behind, and an answer moves any of them', async () => {
  const names = Array.from({ length: 1000 }, (_, place) => `q${place}`);
  const each = (write) => names.map(write).join('');
  const behind = Array.from({ length: 300 }, (_, place) => `r${place}`);
  const long = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
    <h:head><h:title>Phiếu dài</h:title><model><instance><data id="dai" version="1">${each((name) => `<${name}/>`)}<g>${behind.map((name) => `<${name}/>`).join('')}</g></data></instance>
      <bind nodeset="/data/q999" relevant="/data/q0 = 'có'"/><bind nodeset="/data/g" relevant="/data/q1 = 'mở'"/></model></h:head>
    <h:body><group ref="/data" appearance="field-list">${each((name) => `<input ref="/data/${name}"><label>Câu ${name}</label></input>`)}
    <group ref="/data/g"><label>Nhóm</label>${behind.map((name) => `<input ref="/data/g/${name}"><label>Câu ${name}</label></input>`).join('')}</group></group></h:body></h:html>`;
  const noteFirst = (selector) => desk.page.evaluate((selector) => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector(`[data-form-ready] ${selector} input`)) return;
      window.questionsAtFirst = document.querySelectorAll(selector).length;
      watch.disconnect();
    });
    watch.observe(document.body, { childList: true, subtree: true });
  }, selector);
  const cameInPortions = async (last) => {
    await desk.page.locator(`[data-q="${last}"] input`).waitFor({ state: 'attached' });
    const atFirst = await desk.page.evaluate(() => window.questionsAtFirst);
    assert.ok(atFirst > 0 && atFirst <= 100, `${atFirst} questions stood there at first`);
  };
  await noteFirst('[data-q]');
  await give(file('dai.xml', long));
  const form = await new FormPage(desk.page).ready();
  await cameInPortions('q998');
  assert.equal(await desk.page.locator('[data-q]').count(), 999, 'all that are relevant');
  await form.question('q0').locator('input').fill('có');
  await desk.page.locator('[data-q="q999"] input').fill('cuối');
  await noteFirst('[data-q^="r"]');
  await form.question('q1').locator('input').fill('mở');
  await cameInPortions('r299');

  const xml = await desk.page.evaluate(() => [window.__peerSerialize(), window.__peerValidateAndSerialize()]);
  assert.match(xml[0], /<q0>có<\/q0>.*<q999>cuối<\/q999>/s, 'whoever measures gets the submission');
  assert.equal(xml[1], xml[0]);
  assert.ok((await desk.page.evaluate(() => window.__wasmBytes())) > 1e6, 'and the memory of the program');
  await desk.page.locator('.form-head button').first().click();
});

test('every problem of a spreadsheet stands there with its sheet, row and column', async () => {
  await app.signIn('dieuphoi');
  await app.readyForOffline();
  await app.open('/forms/preview');
  await give(file('hong.csv', BROKEN.join('\n')));
  await desk.page.getByText('Phiếu chưa chạy được').waitFor();
  const rows = desk.page.locator('.form-problems li');
  assert.equal(await rows.count(), 2);
  assert.match(await rows.nth(0).innerText(), /Lỗi\s+Trang survey, dòng 3, cột A \(type\)\s+'chữ' không phải là một loại câu hỏi/);
  assert.match(await rows.nth(1).innerText(), /Trang survey, dòng 4, cột D \(relevant\)\s.*khong_co/);
  await desk.screenshot('preview-broken');
  assert.deepEqual(await faults(desk, 'preview with problems'), []);
  await give(file('anh.xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'));
  await desk.page.getByText('không có mẫu phiếu nào').waitFor();
});

test('a form of the pack that is dropped on the page runs to its end, and nothing of it is kept or sent', async () => {
  const bytes = readFileSync(join(FORMS, 'kho_khan.xlsx')).toString('base64');
  const transfer = await desk.page.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'kho_khan.xlsx'));
    return transfer;
  }, bytes);
  await desk.page.locator('.drop-zone').dispatchEvent('drop', { dataTransfer: transfer });
  const form = await new FormPage(desk.page).ready();
  await desk.screenshot('preview-running');
  await form.type('tom_tat', 'Thiếu kinh phí');
  // It is kept in memory, and nobody is told that it is saved.
  const saved = desk.page.locator('.save-line[data-save="saved"]');
  await saved.waitFor({ state: 'attached' });
  assert.equal(await saved.innerText(), '');
  await desk.page.locator('.page-button').click();
  await desk.page.locator('.page-link').filter({ hasText: 'Xem lại và nộp' }).click();
  await desk.screenshot('preview-review');
  assert.deepEqual(await faults(desk, 'preview'), []);
  // All of it on one page, and back.
  assert.equal(await form.question('tinh_trang').count(), 0);
  await desk.page.locator('.page-button').click();
  await desk.page.getByRole('button', { name: 'Tất cả trên một trang' }).click();
  for (const name of ['tom_tat', 'tinh_trang']) await form.question(name).waitFor();
  await desk.screenshot('preview-whole');
  await desk.page.locator('.page-button').click();
  await desk.page.getByRole('button', { name: 'Từng trang một' }).click();
  await form.question('tinh_trang').waitFor({ state: 'detached' });
  const records = [...await rowsOf(desk.page, 'open'), ...await rowsOf(desk.page, 'outbox')];
  assert.equal(records.length, 0);
  await app.open('/records');
  assert.equal(await desk.page.locator('.record-row').count(), 0);
});

test('who tries more spreadsheets than the server reads for one person is told for how long to wait', async () => {
  await app.open('/forms/preview');
  await desk.page.evaluate(async () => {
    const headers = { 'X-Sotay': '1', 'Content-Type': 'application/octet-stream' };
    const ask = () => fetch('/api/v1/forms/preview?name=x.csv', { method: 'POST', headers, body: 'x' });
    while ((await ask()).status !== 429);
    // There is room for another now and then: it is taken before the page asks.
    window.others = setInterval(ask, 100);
  });
  await give(join(FORMS, 'kho_khan.xlsx'));
  await desk.page.getByText('Máy chủ yêu cầu chờ 1 phút').waitFor();
  await desk.screenshot('preview-wait');
  await desk.page.evaluate(() => clearInterval(window.others));
});

test('with no network an XForm runs from a cold start', async () => {
  await desk.page.context().setOffline(true);
  await app.open('/forms/preview');
  await give(file('thu.xml', XFORM), file('xa.csv', 'name,label\nx1,Xã Bảo Quang\n'));
  const form = await new FormPage(desk.page).ready();
  await form.type('so', '12');
  await desk.page.locator('.form-head button').first().click();
  await give(join(FORMS, 'kho_khan.xlsx'));
  await desk.page.getByText('cần có mạng').waitFor();
});
