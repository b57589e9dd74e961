// Sounds that are recorded: kept bit by bit while they go on, ended before they are too long to be sent, and told when another app
// has the microphone.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { workbook } from '../harness/workbook.mjs';
import { FormPage } from '../pages/form.mjs';

const stage = new Stage();
const phone = stage.device('officer');
const pack = join(stage.folder, 'pack');
let server;
let app;
let form;

before(async () => {
  cpSync(process.env.SOTAY_PACK, pack, { recursive: true });
  workbook(join(pack, 'forms/phong_van.xlsx'), {
    survey: [
      ['type', 'name', 'label', 'parameters'],
      ['audio', 'loi_ke', 'Lời kể', 'quality=voice-only'],
    ],
    settings: [['form_id', 'form_title', 'version'], ['lk_phong_van', 'Phỏng vấn', '1']],
  });
  appendFileSync(join(pack, 'tables/forms.csv'), 'phong_van,lk_phong_van,1,Phỏng vấn,Phỏng vấn,inspection,Cán bộ,,,,1,,0,0\n');
  server = await stage.serve(pack);
  app = await stage.start(phone, 'canbo.longkhanh');
  await listen();
  await app.readyForOffline();
  await server.stop();
});

const question = () => form.question('loi_ke');
const button = (name) => question().getByRole('button', { name, exact: true });
const kept = () => question().locator('.stored-file').innerText();
const isRunning = () => question().getByText('Đang ghi…');

/** The microphone may be used, and a minute of what is recorded passes in no time. */
async function listen() {
  await phone.context.grantPermissions(['microphone'], { origin: server.url });
  const hurry = () => {
    const Recorder = window.MediaRecorder;
    window.MediaRecorder = class extends Recorder {
      constructor(stream, how) {
        super(stream, how);
        Object.assign(window, { how, recorder: this, microphone: stream.getAudioTracks()[0] });
      }

      start() { super.start(200); }
    };
  };
  await phone.context.addInitScript(hurry);
  await phone.page.evaluate(hurry);
}

test('killed while a sound is recorded, without the app having gone from the front: what was heard is there', async () => {
  form = await app.begin('lk_phong_van');
  await button('Ghi âm').click();
  await isRunning().waitFor();
  await button('Mở').waitFor();
  assert.ok(await isRunning().isVisible(), 'it goes on');
  assert.equal(await phone.page.evaluate(() => window.how.audioBitsPerSecond), 16_000, 'as the form wants it');
  await form.saved();
  await phone.kill();
  await phone.start();
  await listen();
  await app.open('/');
  form = await new FormPage(phone.page).ready();
  await button('Mở').waitFor();
});

test('a microphone that another app takes is told of until it gives it back', async () => {
  await button('Ghi âm').click();
  await isRunning().waitFor();
  const tell = (event) => phone.page.evaluate((event) => window.microphone.dispatchEvent(new Event(event)), event);
  const told = question().getByText('Ứng dụng khác đang dùng micrô');
  await tell('mute');
  await told.waitFor();
  assert.ok(await isRunning().isVisible());
  assert.deepEqual(await faults(phone, 'a microphone that is taken'), []);
  await tell('unmute');
  await told.waitFor({ state: 'detached' });
});

test('a recording that grows too long to be sent ends by itself, with all that was heard', async () => {
  await phone.page.evaluate(() => {
    const data = new Blob([new Uint8Array(61 * 1024 * 1024)], { type: 'audio/webm' });
    window.recorder.dispatchEvent(new BlobEvent('dataavailable', { data }));
  });
  await question().getByText('Bản ghi đã dài hết mức').waitFor();
  await isRunning().waitFor({ state: 'detached' });
  await until('all of it is kept', async () => /61/.test(await kept()), 60_000);
  assert.equal(await question().getByText('Tệp lớn hơn 64 MB').count(), 0);
  await form.saved();
});
