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
const KILLS = Number(process.env.SOTAY_KILLS ?? 2);

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
    await form.photograph('a1_anh', photo);
    await form.saved();
    names.push(name);
    for (let turns = random.below(200); turns > 0; turns -= 1) await phone.page.evaluate(() => document.readyState);
    await phone.kill();
    await phone.start();
    await app.open('/');
    form = await new FormPage(phone.page).ready();
    assert.ok(await form.question('a1').locator('input[value="chua_dat"]').isChecked());
    await form.question('a1_anh').locator('img').first().waitFor();
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
