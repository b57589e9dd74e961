// A line that comes and goes five times a second while a person fills forms, takes photos and everything is being sent; and the
// browser is killed in the middle of it. `SOTAY_KILLS=50 cargo xtask test --journey "flapping"` goes on for longer.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Line } from '../harness/line.mjs';
import { Desk } from '../harness/desk.mjs';
import { picture } from '../harness/picture.mjs';
import { seeded } from '../harness/random.mjs';
import { Stage } from '../harness/stage.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';
const KILLS = Number(process.env.SOTAY_KILLS ?? 3);

const stage = new Stage();
const { folder } = stage;
const photo = picture(join(folder, 'photo.png'), 1200, 900);
const phone = stage.device('officer');
let server;
let line;
let app;

before(async () => {
  stage.later(() => line?.close());
  server = await stage.serve();
  line = await Line.to(server);
  app = new App(phone, line);
  await phone.start();
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await app.allSent();
  // A cookie is the browser's matter, which writes it down in its own time: the kills are about what the app keeps.
  await phone.close();
  await phone.start();
});

/** What the page says of the photo, if it says anything: whether it shows it, and all that is on screen as saved. */
async function told(form) {
  const photo = await form.question('a1_anh').locator('img').count();
  const saved = await phone.page.locator('.save-line').getAttribute('data-save');
  return photo > 0 && saved === 'saved';
}

/** Fills in a form's beginning and is killed at a moment that `random` draws; what was seen as saved until then. */
const KINDS = {
  async filling(form, random) {
    await form.saved();
    const field = form.question('a1_gc').locator('input, textarea').first();
    let seen = '';
    await field.focus();
    for (let keys = 1 + random.below(30); keys > 0; keys -= 1) {
      await phone.page.keyboard.insertText('đ');
      if ((await phone.page.locator('.save-line').getAttribute('data-save')) === 'saved') seen = await field.inputValue();
    }
    return { photo: false, note: seen };
  },
  async capturing(form, random) {
    await form.saved();
    // Not waited for: the moment is anywhere between the choice of the file and long after it is kept.
    form.photograph('a1_anh', photo).catch(() => {});
    let seen = false;
    for (let turns = random.below(60); turns > 0 && !seen; turns -= 1) seen = await told(form);
    return { photo: seen, note: '' };
  },
  async sending(form, random) {
    await form.photograph('a1_anh', photo);
    await form.saved();
    for (let turns = random.below(200); turns > 0; turns -= 1) await phone.page.evaluate(() => document.readyState);
    return { photo: true, note: '' };
  },
};

test(`a flapping line, and ${KILLS} kills while filling, capturing and sending: all arrives, once`, { timeout: 180_000 + 60_000 * KILLS }, async () => {
  const random = seeded();
  const names = [];
  line.flap(200);
  for (let at = 0; at < KILLS; at += 1) {
    const name = `Người lập số ${at}`;
    let form = await app.begin(FORM);
    await form.type('nguoi_lap', name);
    await form.next();
    await form.choose('a1', 'chua_dat', 'Chưa đạt');
    names.push(name);
    const kind = Object.keys(KINDS)[at % 3];
    const seen = await KINDS[kind](form, random);
    await phone.kill();
    await phone.start();
    await app.open('/');
    form = await new FormPage(phone.page).ready();
    const isChosen = form.question('a1').locator('input[value="chua_dat"]');
    assert.ok(await isChosen.isChecked(), `kill ${at}, ${kind}`);
    assert.ok((await form.question('a1_gc').locator('input, textarea').first().inputValue()).startsWith(seen.note), `kill ${at}, ${kind}: the note`);
    // A photo is there whole or not at all; one that was seen as saved is there.
    const image = form.question('a1_anh').locator('img').first();
    const names_a_file = form.question('a1_anh').getByRole('button', { name: 'Gỡ bỏ' });
    if (seen.photo || (await names_a_file.count())) {
      await image.waitFor();
      assert.ok(await image.evaluate(async (shown) => { await shown.decode(); return shown.naturalWidth > 0; }), `kill ${at}, ${kind}: the photo`);
    } else {
      await form.photograph('a1_anh', photo);
      await form.saved();
    }
    await phone.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
    await phone.page.locator('[data-form-ready]').waitFor({ state: 'detached' });
  }
  const { breaks } = line;
  line.hold();
  await phone.page.reload();
  await app.allSent();
  const rows = await (await Desk.signIn(server)).rows(FORM);
  const sent = rows.map((row) => Object.values(row).find((cell) => names.includes(cell)));
  assert.deepEqual(sent.toSorted(), names.toSorted());
  const photos = rows.map((row) => Object.values(row).filter((cell) => /\.(jpe?g|png|webp)$/.test(String(cell))).length);
  assert.ok(photos.every((count) => count === 1), `photos: ${photos}`);
  console.log(`campaign flapping line: 1 devices, ${names.length} records, ${breaks + KILLS} faults, 0 lost`);
});
