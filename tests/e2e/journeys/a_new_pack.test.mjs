// A new pack is loaded while an officer is out, and the line goes before all of it is on the phone. Until then they fill in the
// forms and choose from the lists of the pack that is whole on it.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { workbook } from '../harness/workbook.mjs';

const LIST = {
  survey: [
    ['type', 'name', 'label', 'appearance'],
    ['select_one_from_file ap.csv', 'ap', 'Ấp nào', 'minimal autocomplete'],
  ],
  settings: [['form_id', 'form_title', 'version'], ['lk_ap', 'Kiểm tra ấp', '1']],
};

const stage = new Stage();
const phone = stage.device('officer');
const pack = join(stage.folder, 'pack');
const forms = join(pack, 'tables/forms.csv');
let server;
let app;
/** The address of what was filled in last with the old form. */
let begun;
let tables;

before(async () => {
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  tables = readFileSync(forms, 'utf8');
  mkdirSync(join(pack, 'forms/ap-media'));
  write('1', 'Sổ cũ', ['noi', 'Nơi kiểm tra'], 'a1,Ấp Một\n');
  server = await stage.serve(pack);
  app = await stage.start(phone, 'canbo.longkhanh');
  // What the officer's phone gets next: of one form another version, of the other another list.
  write('2', 'Sổ mới', ['ai', 'Ai kiểm tra'], 'a2,Ấp Hai\n');
});

function write(version, title, [name, label], hamlets) {
  workbook(join(pack, 'forms/so.xlsx'), {
    survey: [['type', 'name', 'label'], ['text', name, label]],
    settings: [['form_id', 'form_title', 'version'], ['lk_so', title, version]],
  });
  workbook(join(pack, 'forms/ap.xlsx'), LIST);
  writeFileSync(join(pack, 'forms/ap-media/ap.csv'), `name,label\n${hamlets}`);
  writeFileSync(forms, tables);
  appendFileSync(forms, `so,lk_so,${version},${title},${title},inspection,Cán bộ,,,,1,,0,0\n`);
  appendFileSync(forms, 'ap,lk_ap,1,Kiểm tra ấp,Kiểm tra ấp,inspection,Cán bộ,,,,1,,0,0\n');
}

/** The line breaks where one of these is asked for, and again; then it is gone altogether. The pack that asks for them came whole. */
async function lineGoesAt(what, addresses, breaks = (route) => route.abort()) {
  let came = 0;
  let cut = 0;
  const count = (response) => {
    if (new URL(response.url()).pathname === '/api/v1/pack' && response.status() === 200) came += 1;
  };
  phone.page.on('response', count);
  await phone.page.route(addresses, (route) => {
    cut += 1;
    return breaks(route);
  });
  for (const times of [1, 2]) {
    await phone.context.setOffline(true);
    await phone.context.setOffline(false);
    await until(`the phone asks for ${what} of the new pack`, () => cut >= times);
  }
  await phone.context.setOffline(true);
  await phone.page.unroute(addresses);
  phone.page.off('response', count);
  assert.ok(came <= 1, `what waits is not fetched again: ${came}`);
}

async function oldOnesAreFilledIn() {
  await app.open('/fill');
  await phone.page.locator('[data-form="lk_so"]').filter({ hasText: 'Sổ cũ' }).waitFor();
  const so = await app.begin('lk_so');
  await so.type('noi', 'Chợ Bảo Vinh');
  await so.saved();
  begun = phone.page.url();
  const ap = await app.begin('lk_ap');
  assert.equal(await phone.page.locator('.form-page .banner').count(), 0);
  await ap.choose('ap', 'a1', 'Ấp Một');
  await ap.saved();
}

test('the line goes before the new form is here: the old one is begun', async () => {
  await server.command('pack', 'load', pack);
  await lineGoesAt('forms', '**/api/v1/forms/**');
  await oldOnesAreFilledIn();
});

test('the server is started anew before the new form is here: the old one is begun', async () => {
  await lineGoesAt('forms', '**/api/v1/forms/**', (route) => route.fulfill({
    status: 502,
    contentType: 'text/html',
    body: '<html>Bad Gateway</html>',
  }));
  await oldOnesAreFilledIn();
});

test('the line goes before the new list is here: the old one is chosen from', async () => {
  await lineGoesAt('files', '**/api/v1/form-files/**');
  await oldOnesAreFilledIn();
});

test('the line holds: the new pack is in force, and what was begun with the old one goes on with it', async () => {
  await phone.context.setOffline(false);
  await app.open('/fill');
  await phone.page.locator('[data-form="lk_so"]').filter({ hasText: 'Sổ mới' }).waitFor();
  const so = await app.begin('lk_so');
  await so.type('ai', 'Phan Hữu Nghĩa');
  await so.saved();
  const ap = await app.begin('lk_ap');
  await ap.choose('ap', 'a2', 'Ấp Hai');
  await ap.saved();
  await phone.page.goto(begun);
  const old = await app.backInForm();
  assert.equal(await old.question('noi').locator('input, textarea').first().inputValue(), 'Chợ Bảo Vinh');
});

test('a form that cannot be had keeps nothing else of the next pack away', async () => {
  write('3', 'Sổ lạ', ['gi', 'Kiểm tra gì'], 'a3,Ấp Ba\n');
  await phone.page.route('**/api/v1/forms/**', (route) => route.fulfill({
    status: 404,
    contentType: 'application/json',
    body: JSON.stringify({ error: { code: 'not_found', message: 'no such form' } }),
  }));
  await server.command('pack', 'load', pack);
  await app.open('/fill');
  await phone.context.setOffline(true);
  await phone.context.setOffline(false);
  await phone.page.locator('[data-form="lk_so"]').filter({ hasText: 'Sổ lạ' }).waitFor();
  const ap = await app.begin('lk_ap');
  await ap.choose('ap', 'a3', 'Ấp Ba');
  await ap.saved();
  await phone.page.unroute('**/api/v1/forms/**');
});
