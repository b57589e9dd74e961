// Photos: taken in the page, by the phone's own camera, or picked; made small beside the page, upright and without the
// place where they were taken; on the disk before anything else happens; and awaited when the phone ended the app for them.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { cameraPhoto } from '../harness/exif.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { picture } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

const FORM = 'lk_kt_phuong_xa';
/** A page that is not drawn anew for so long is felt. */
const LONG_MS = 100;

const stage = new Stage();
const { folder } = stage;
const phone = stage.device('officer');
let server;
let app;
let form;

before(async () => {
  server = await stage.serve();
  await start();
  app = new App(phone, server);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
});

async function start() {
  await phone.start();
  await phone.context.grantPermissions(['camera'], { origin: server.url });
  // What the page switched on, to be asked whether it is off again; and the pictures that it shows.
  await phone.context.addInitScript(() => {
    window.shown = {};
    const show = URL.createObjectURL;
    URL.createObjectURL = (file) => {
      const url = show(file);
      window.shown[url] = file;
      return url;
    };
    const { mediaDevices } = navigator;
    if (!mediaDevices) return;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    window.opened = [];
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      window.opened.push({ wanted, stream });
      return stream;
    };
  });
}

const question = (name) => form.question(name);
const dialog = () => phone.page.locator('dialog.sheet-full[open]');
const button = (name) => dialog().getByRole('button', { name, exact: true });

async function openCamera(name) {
  await question(name).getByRole('button', { name: /^(Chụp ảnh|Chụp lại)$/ }).click();
  await dialog().locator('[data-camera="live"]').waitFor();
}

/** The size of a question's photo, and what is on top and at the bottom. */
async function look(name) {
  const image = question(name).locator('img').first();
  await until('the photo is drawn', () => image.evaluate((image) => image.complete && image.naturalWidth > 0));
  return image.evaluate((image) => {
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const at = (part) => {
      const { data } = context.getImageData(0, Math.trunc(canvas.height * part), canvas.width, 20);
      let [red, blue] = [0, 0];
      for (let byte = 0; byte < data.length; byte += 4) { red += data[byte]; blue += data[byte + 2]; }
      return red > blue ? 'red' : 'blue';
    };
    return { width: canvas.width, height: canvas.height, top: at(0.2), bottom: at(0.8) };
  });
}

test('a photo is taken in the page without a network: by the keyboard too, again if it is not good, and it is kept before the camera closes', async () => {
  await server.stop();
  form = await app.begin(FORM);
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.next();
  await form.choose('a1', 'chua_dat', 'Chưa đạt');
  await openCamera('a1_anh');
  await until('the shutter has the focus', () => button('Chụp').evaluate((button) => button === document.activeElement));
  const box = await button('Chụp').boundingBox();
  assert.ok(box.width >= 48 && box.height >= 48, `${box.width} x ${box.height}`);
  await phone.screenshot('camera');
  assert.deepEqual(await faults(phone, 'camera'), []);
  await phone.page.setViewportSize({ width: 640, height: 360 });
  await phone.screenshot('camera-across');
  assert.ok(await inSight(button('Chụp')), 'the shutter is in sight on a phone held across');
  await phone.page.setViewportSize(PHONE);
  await phone.page.keyboard.press('Enter');
  await button('Dùng ảnh này').waitFor();
  await phone.screenshot('camera-taken');
  assert.deepEqual(await faults(phone, 'camera, taken'), []);
  assert.equal((await rowsOf(phone.page, 'blobmeta')).length, 0, 'nothing is kept before the person says so');
  await button('Chụp lại').click();
  await dialog().locator('[data-camera="live"]').waitFor();
  await button('Chụp').click();
  await button('Dùng ảnh này').click();
  await dialog().waitFor({ state: 'hidden' });
  assert.equal((await rowsOf(phone.page, 'blobmeta')).length, 1, 'the photo is on the disk when the camera is closed');
  await question('a1_anh').locator('img').waitFor();
  const { width, height } = await look('a1_anh');
  assert.ok(Math.max(width, height) >= 640, `${width} x ${height}`);
  await off(1);
  const focused = () => phone.page.evaluate(() => document.activeElement?.closest('[data-q]')?.dataset.q);
  await until('the focus is back at the question', async () => (await focused()) === 'a1_anh');
});

test('killed as soon as the camera has closed: the photo is there', async () => {
  await form.saved();
  await phone.kill();
  await start();
  await app.open('/');
  form = await new FormPage(phone.page).ready();
  await question('a1_anh').locator('img').waitFor();
});

test('a photo that was removed is brought back', async () => {
  await question('a1_anh').getByRole('button', { name: 'Gỡ bỏ', exact: true }).click();
  await question('a1_anh').locator('img').waitFor({ state: 'detached' });
  await phone.page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await question('a1_anh').locator('img').waitFor();
  await form.saved();
});

test('the other camera, and a camera that is closed without a photo', async () => {
  await openCamera('a1_anh');
  await button('Đổi máy ảnh trước, sau').click();
  await until('the other camera was asked for', async () =>
    (await phone.page.evaluate(() => window.opened.map(({ wanted }) => wanted.video.facingMode))).join() === 'environment,user');
  await dialog().locator('[data-camera="live"]').waitFor();
  await phone.page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'hidden' });
  await off(2);
  await openCamera('a1_anh');
  await dialog().getByRole('button', { name: 'Đóng' }).click();
  await dialog().waitFor({ state: 'hidden' });
  await off(3);
  await question('a1_anh').locator('img').waitFor();
});

test('a camera that the page may not use is said in words, and the phone’s own takes the photo', async () => {
  await phone.page.evaluate(() => {
    window.allowed = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
  });
  await question('a1_anh').getByRole('button', { name: 'Chụp lại' }).click();
  await dialog().getByText('Trình duyệt không được phép dùng máy ảnh.').waitFor();
  await phone.screenshot('camera-refused');
  assert.deepEqual(await faults(phone, 'camera, refused'), []);
  const before = await question('a1_anh').locator('img').getAttribute('src');
  const own = dialog().locator('input[capture="environment"]');
  await own.setInputFiles(picture(join(folder, 'own.png'), 900, 600));
  await dialog().waitFor({ state: 'hidden' });
  await until('the photo takes the other one’s place', async () =>
    (await question('a1_anh').locator('img').first().getAttribute('src')) !== before);
  const { width, height } = await look('a1_anh');
  assert.deepEqual([width, height], [900, 600]);
  await question('a1_anh').getByRole('button', { name: 'Chụp lại' }).click();
  await dialog().getByText('Trình duyệt không được phép dùng máy ảnh.').waitFor();
  await phone.page.evaluate(() => { navigator.mediaDevices.getUserMedia = window.allowed; });
  await dialog().getByRole('button', { name: 'Thử lại' }).click();
  await dialog().locator('[data-camera="live"]').waitFor();
  await dialog().getByRole('button', { name: 'Đóng' }).click();
  await dialog().waitFor({ state: 'hidden' });
});

test('a camera that a call takes away is said in words, and opens anew: before the photo, and after one that is not good', async () => {
  /** As the browser says it when the track ends, or gives nothing for now. */
  const takeAway = (event) => dialog().locator('video').evaluate((video, event) => {
    video.srcObject.getVideoTracks()[0].dispatchEvent(new Event(event));
  }, event);
  const told = () => dialog().getByText('Máy ảnh vừa bị ngắt');
  await openCamera('a1_anh');
  for (const event of ['ended', 'mute']) {
    await takeAway(event);
    await told().waitFor();
    assert.equal(await button('Chụp').count(), 0, 'nobody shoots the last picture that there was');
    assert.deepEqual(await faults(phone, `camera, ${event}`), []);
    await dialog().getByRole('button', { name: 'Thử lại' }).click();
    await dialog().locator('[data-camera="live"]').waitFor();
  }
  await button('Chụp').click();
  await button('Dùng ảnh này').waitFor();
  await takeAway('ended');
  assert.equal(await told().count(), 0, 'the photo is good whatever became of the camera');
  const before = await phone.page.evaluate(() => window.opened.length);
  await button('Chụp lại').click();
  await dialog().locator('[data-camera="live"]').waitFor();
  assert.equal(await phone.page.evaluate(() => window.opened.length), before + 1, 'it was opened anew');
  await dialog().getByRole('button', { name: 'Đóng' }).click();
  await dialog().waitFor({ state: 'hidden' });
  await until('the cameras are off', async () => (await lights()).every((light) => light === 'ended'));
});

test('a photo of 12 million pixels is made small beside the page, upright and without the place', async (t) => {
  const path = join(folder, 'IMG_0342.jpg');
  const photo = await cameraPhoto(phone.page, path);
  assert.ok(photo.includes('Exif') && photo.length > 500_000, `${photo.length} bytes with EXIF`);
  const worst = [];
  // Whatever else the machine does may keep a page busy once; what shrinking costs is there every time.
  for (let turn = 0; turn < 3; turn += 1) {
    const before = await question('a1_anh').locator('img').first().getAttribute('src');
    await phone.page.evaluate(() => {
      window.tasks = [];
      window.watching = new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((task) => task.duration)));
      window.watching.observe({ type: 'longtask' });
    });
    await give(question('a1_anh').locator('input[type="file"]'), path);
    await until('the photo is kept', async () =>
      ((await question('a1_anh').locator('img').first().getAttribute('src').catch(() => before)) ?? before) !== before);
    const tasks = await phone.page.evaluate(() => {
      window.watching.disconnect();
      return window.tasks;
    });
    worst.push(Math.max(0, ...tasks));
    if (turn < 2) {
      await question('a1_anh').getByRole('button', { name: 'Gỡ bỏ' }).click();
      await form.photograph('a1_anh', picture(join(folder, `between-${turn}.png`), 300 + turn, 200));
    }
  }
  t.diagnostic(`longest task of the page in three turns, ms: ${worst.map(Math.round).join(', ')}`);
  assert.ok(Math.min(...worst) <= LONG_MS, `the page stood still for ${worst.join(', ')} ms`);
  assert.deepEqual(await look('a1_anh'), { width: 1200, height: 1600, top: 'red', bottom: 'blue' });
  assert.equal(await hasExif('a1_anh'), false);
  assert.equal(await phone.page.evaluate(() => performance.getEntriesByType('resource').some((entry) => /photo-[0-9a-f]{16}\.js/.test(entry.name))), true, 'the worker did it');
});

test('a browser without a canvas in workers does it in the page: just as upright, and without the place', async () => {
  const path = join(folder, 'IMG_0343.jpg');
  await cameraPhoto(phone.page, path, 2000, 1500);
  await question('a1_anh').getByRole('button', { name: 'Gỡ bỏ' }).click();
  await phone.page.evaluate(() => {
    window.Worker = undefined;
    const { close } = ImageBitmap.prototype;
    window.bitmapsClosed = 0;
    ImageBitmap.prototype.close = function () {
      window.bitmapsClosed += 1;
      close.call(this);
    };
  });
  await give(question('a1_anh').locator('input[type="file"]'), path);
  assert.deepEqual(await look('a1_anh'), { width: 1200, height: 1600, top: 'red', bottom: 'blue' });
  assert.equal(await hasExif('a1_anh'), false);
  assert.equal(await phone.page.evaluate(() => window.bitmapsClosed), 1, 'the large picture is let go of at once');
  await form.saved();
});

test('killed while the phone’s own camera is in front: a cold start stands at the question, and says that the photo did not come', async () => {
  await form.choose('a2', 'chua_dat', 'Chưa đạt');
  await question('a2_anh').getByRole('button', { name: 'Chụp ảnh' }).click();
  await dialog().locator('[data-camera="live"]').waitFor();
  const before = await onDisk();
  const chooser = phone.page.waitForEvent('filechooser');
  await dialog().getByText('Máy ảnh của điện thoại').click();
  await chooser;
  await until('the disk knows that a photo is on its way', async () => (await onDisk()) > before);
  await phone.kill();
  await start();
  await app.open('/');
  form = await new FormPage(phone.page).ready();
  await question('a2_anh').getByText('Máy đã đóng ứng dụng trong lúc chụp').waitFor();
  await until('the question has the focus', async () =>
    (await phone.page.evaluate(() => document.activeElement?.closest('[data-q]')?.dataset.q)) === 'a2_anh');
  await phone.screenshot('photo-awaited');
  assert.deepEqual(await faults(phone, 'a photo that did not come'), []);
  await openCamera('a2_anh');
  await button('Chụp').click();
  await button('Dùng ảnh này').click();
  await dialog().waitFor({ state: 'hidden' });
  await question('a2_anh').locator('img').waitFor();
  assert.equal(await question('a2_anh').getByText('Máy đã đóng ứng dụng').count(), 0);
  await form.saved();
  await phone.kill();
  await start();
  await app.open('/');
  form = await new FormPage(phone.page).ready();
  await question('a2_anh').locator('img').waitFor();
  assert.equal(await question('a2_anh').getByText('Máy đã đóng ứng dụng').count(), 0);
});

test('a form that asks for a new photo of who fills it in gets the front camera, and no picture from elsewhere', async () => {
  await server.start();
  // The session's cookie is the browser's matter: it may have been killed before the disk had it.
  await app.open('/sign-in');
  await app.enter('canbo.longkhanh');
  await app.open('/forms/preview');
  const file = join(folder, 'chan_dung.csv');
  writeFileSync(file, 'survey\n,type,name,label,appearance\n,image,mat,Ảnh chân dung,new-front\n');
  await phone.page.locator('input[type="file"]').first().setInputFiles(file);
  form = await new FormPage(phone.page).ready();
  assert.equal(await question('mat').locator('input[type="file"]').count(), 0);
  await openCamera('mat');
  assert.equal(await phone.page.evaluate(() => window.opened.at(-1).wanted.video.facingMode), 'user');
  assert.equal(await dialog().locator('input[type="file"]').getAttribute('capture'), 'user');
  await phone.page.setViewportSize(DESK);
  await phone.screenshot('camera-desk');
  await phone.page.setViewportSize(PHONE);
  await button('Chụp').click();
  await button('Dùng ảnh này').click();
  await dialog().waitFor({ state: 'hidden' });
  await question('mat').locator('img').waitFor();
});

/** Whether the cameras that the page switched on are still on. */
function lights() {
  return phone.page.evaluate(() => window.opened.map(({ stream }) => stream.getTracks()[0].readyState));
}

/** Waits until so many cameras were switched on, and all of them are off. */
function off(count) {
  return until('the cameras are off', async () => (await lights()).join() === Array(count).fill('ended').join());
}

async function inSight(what) {
  const box = await what.boundingBox();
  const { width, height } = phone.page.viewportSize();
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
}

/** Gives a file to an input as the browser's own dialog does: read by nobody on the way. */
async function give(input, path) {
  await input.evaluate((input) => { window.given = input; });
  const session = await phone.context.newCDPSession(phone.page);
  const { result } = await session.send('Runtime.evaluate', { expression: 'window.given' });
  await session.send('DOM.setFileInputFiles', { files: [path], objectId: result.objectId });
  await session.detach();
}

/** Whether the photo that is kept says how or where it was taken. */
async function hasExif(name) {
  const src = await question(name).locator('img').first().getAttribute('src');
  const bytes = Buffer.from(await phone.page.evaluate(async (src) => [...new Uint8Array(await window.shown[src].arrayBuffer())], src));
  assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xd8], 'a JPEG');
  return bytes.includes('Exif');
}

/** How long the row is that says which form is on screen: it grows by what says that a file is on its way. */
async function onDisk() {
  return (await rowsOf(phone.page, 'place')).find(([key]) => key === 'filling')?.[1] ?? 0;
}
