// The map of the operator's own file, moved as a person moves it: by finger, mouse, wheel and keys. What is put on it is what
// would be submitted; without a network or without a file there are the coordinates, as ever.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from '../harness/axe.mjs';
import { mbtiles } from '../harness/mbtiles.mjs';
import { square } from '../harness/picture.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { DESK, PHONE } from '../harness/phone.mjs';
import { App } from '../pages/app.mjs';
import { FormPage } from '../pages/form.mjs';

/** Where the file's pictures are, and how near they go. */
const HERE = { latitude: 10.93, longitude: 107.24 };
const ZOOMS = [12, 13, 14, 15, 16];
const BOUNDS = [107.2, 10.9, 107.28, 10.96];

const SURVEY = [
  ['begin_group', 'noi', 'Nơi chốn', 'field-list'],
  ['geopoint', 'dat', 'Đặt ở đâu', 'placement-map'],
  ['geopoint', 'do', 'Đo ở đâu', 'maps'],
  ['geopoint', 'thuong', 'Ở đâu', ''],
  ['end_group', '', '', ''],
  ['begin_group', 'net', 'Đường và thửa', 'field-list'],
  ['geotrace', 'duong', 'Đường đi', 'placement-map'],
  ['geoshape', 'thua', 'Thửa đất', 'placement-map'],
  ['end_group', '', '', ''],
  ['begin_group', 'chon', 'Chọn trên bản đồ', 'field-list'],
  ['select_one cay', 'cay', 'Cây nào', 'map'],
  ['end_group', '', '', ''],
];
const TREES = [
  ['sau', 'Sầu riêng', '10.931 107.238 0 0'],
  ['chom', 'Chôm chôm', '10.928 107.243 0 0'],
  ['vuon', 'Vườn tiêu', '10.932 107.241 0 0;10.932 107.244 0 0;10.934 107.244 0 0;10.932 107.241 0 0'],
  ['khac', 'Cây khác', ''],
];
const FORM = [
  ['survey'], ['', 'type', 'name', 'label', 'appearance'], ...SURVEY.map((row) => ['', ...row]),
  ['choices'], ['', 'list_name', 'name', 'label', 'geometry'], ...TREES.map((row) => ['', 'cay', ...row]),
];

const stage = new Stage();
const phone = stage.device('officer');
let server;
let app;
let form;

/** Web Mercator, as everybody has it: from 0 to 1 from west to east and from north to south. */
const spot = ({ latitude, longitude }) => {
  const sine = Math.sin((latitude * Math.PI) / 180);
  return { x: longitude / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
};
const place = ({ x, y }) => ({
  latitude: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI,
  longitude: (x - 0.5) * 360,
});
const metres = (a, b) => {
  const north = (a.latitude - b.latitude) * 111_195;
  const east = (a.longitude - b.longitude) * 111_195 * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(north, east);
};
/** Where the middle lies once the map was moved by so many pixels. */
const moved = (from, zoom, dx, dy) => {
  const { x, y } = spot(from);
  const world = 256 * 2 ** zoom;
  return place({ x: x - dx / world, y: y - dy / world });
};
const metresPerPixel = (zoom) => (40_075_016.7 / (256 * 2 ** zoom)) * Math.cos((HERE.latitude * Math.PI) / 180);

function map(path) {
  const tiles = ZOOMS.flatMap((z) => {
    const at = ({ x, y }) => [Math.floor(x * 2 ** z), Math.floor(y * 2 ** z)];
    const [west, north] = at(spot({ latitude: BOUNDS[3], longitude: BOUNDS[0] }));
    const [east, south] = at(spot({ latitude: BOUNDS[1], longitude: BOUNDS[2] }));
    const found = [];
    for (let x = west; x <= east; x += 1) {
      for (let y = north; y <= south; y += 1) {
        found.push({ z, x, y, bytes: square([200 + ((x * 37) % 50), 215 + ((y * 53) % 40), 190 + ((z * 29) % 50)]) });
      }
    }
    return found;
  });
  const says = {
    name: 'Long Khánh', format: 'png', bounds: BOUNDS.join(','), center: `${HERE.longitude},${HERE.latitude},15`,
    attribution: '<b>&copy;</b> người vẽ bản đồ',
  };
  return mbtiles(path, says, tiles);
}

const file = (name, text) => {
  const path = join(stage.folder, name);
  writeFileSync(path, text);
  return path;
};
const question = (name) => form.question(name);
const windowOf = (name) => question(name).locator('.map-window');
const put = (name) => question(name).getByRole('button', { name: 'Đặt điểm ở tâm bản đồ' });

/** What would be submitted, by name. */
async function stored(name) {
  const xml = await phone.page.evaluate(() => window.__peerSerialize());
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}
const placesIn = (text) => text.split(';').filter(Boolean).map((corner) => {
  const [latitude, longitude] = corner.trim().split(' ').map(Number);
  return { latitude, longitude };
});

async function middle(name) {
  const text = await question(name).getByText('Tâm bản đồ:').innerText();
  const [latitude, longitude] = text.split(':')[1].split(',').map(Number);
  return { latitude, longitude };
}
/** By the pictures: the file's nearest ones are shown larger, nearer than that. */
async function zoomOf(name) {
  const tile = windowOf(name).locator('.map-tile').first();
  const z = Number((await tile.getAttribute('src')).split('/').at(-3));
  return z + Math.log2((await tile.evaluate((element) => element.getBoundingClientRect().width)) / 256);
}

/** The pictures in sight are here. */
async function seen(name) {
  await windowOf(name).scrollIntoViewIfNeeded();
  await until(`the pictures of ${name} are here`, async () => {
    const widths = await windowOf(name).locator('.map-tile').evaluateAll((tiles) => tiles.map((tile) => tile.naturalWidth));
    return widths.length > 0 && widths.every((width) => width === 256);
  });
}

/** Drags the map with the mouse by so many pixels. */
async function drag(name, dx, dy) {
  await windowOf(name).scrollIntoViewIfNeeded();
  // What a press has added below it may move the page by a few frames.
  const box = await until('the map stands still', async () => {
    const before = await windowOf(name).boundingBox();
    await phone.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const now = await windowOf(name).boundingBox();
    return now.y === before.y && now;
  });
  const { mouse } = phone.page;
  const from = [box.x + box.width / 2, box.y + box.height / 2];
  await mouse.move(...from);
  await mouse.down();
  for (let step = 1; step <= 5; step += 1) await mouse.move(from[0] + (dx * step) / 5, from[1] + (dy * step) / 5);
  await mouse.up();
}

const near = (found, expected, zoom, what) => {
  const far = metres(found, expected);
  assert.ok(far <= 1.5 * metresPerPixel(zoom), `${what}: ${far} m of ${metresPerPixel(zoom)} m a pixel`);
};

/** Looks at a question in both sizes, and at what keeps a person out. */
async function looked(name, shot) {
  for (const [size, suffix] of [[PHONE, ''], [DESK, '-desk']]) {
    await phone.page.setViewportSize(size);
    await seen(name);
    await question(name).evaluate((element) => element.scrollIntoView());
    await phone.screenshot(`${shot}${suffix}`);
  }
  await phone.page.setViewportSize(PHONE);
  await phone.page.emulateMedia({ colorScheme: 'dark' });
  await question(name).evaluate((element) => element.scrollIntoView());
  await phone.screenshot(`${shot}-dark`);
  assert.deepEqual(await faults(phone, shot), []);
}

async function open() {
  await app.open('/forms/preview');
  const markdown = FORM.map((row) => `| ${row.join(' | ')} |`).join('\n');
  await phone.page.locator('input[type="file"]').first().setInputFiles([file('ban_do.md', markdown)]);
  form = await new FormPage(phone.page).ready();
}

async function at(heading) {
  if ((await form.heading()) !== heading) await form.goTo(heading);
  await until(`the page ${heading} shows`, async () => (await form.heading()) === heading);
}

before(async () => {
  server = await stage.server();
  server.settings.SOTAY_MAP = map(join(stage.folder, 'long_khanh.mbtiles'));
  await server.start();
  await phone.start();
  await phone.context.grantPermissions(['geolocation'], { origin: server.url });
  await phone.context.setGeolocation({ ...HERE, accuracy: 9 });
  app = new App(phone, server);
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  await open();
});

test('a place is put by moving the map under the cross, with finger, wheel and buttons', async () => {
  await seen('dat');
  assert.equal(await windowOf('dat').locator('.map-tile').first().evaluate((tile) => new URL(tile.src).origin), server.url);
  await question('dat').getByText('© người vẽ bản đồ', { exact: true }).waitFor();
  const zoom = await zoomOf('dat');
  assert.equal(zoom, 15, 'it begins as the file says');
  near(await middle('dat'), HERE, zoom, 'where it begins');
  await drag('dat', 90, -60);
  await put('dat').click();
  const expected = moved(HERE, zoom, 90, -60);
  const value = await stored('dat');
  assert.match(value, /^10\.\d+ 107\.\d+ 0\.0 0\.0$/, 'not measured: neither altitude nor accuracy');
  near(placesIn(value)[0], expected, zoom, 'after dragging');
  await seen('dat');

  // Two steps nearer by the button, one further by the wheel at the middle: the middle stays.
  await question('dat').getByRole('button', { name: 'Phóng to' }).click();
  await until('it is nearer', async () => (await zoomOf('dat')) === zoom + 1);
  const box = await windowOf('dat').boundingBox();
  assert.ok(box.x >= 8 && box.x + box.width <= PHONE.width - 8, 'beside the map the page scrolls');
  assert.equal(await windowOf('dat').evaluate((element) => getComputedStyle(element).touchAction), 'none');
  await phone.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await phone.page.mouse.wheel(0, 120);
  await until('it is further', async () => (await zoomOf('dat')) === zoom);
  near(await middle('dat'), expected, zoom, 'after nearer and further');

  // Two fingers that go apart bring it nearer, as far apart as they went.
  const session = await phone.context.newCDPSession(phone.page);
  const y = box.y + box.height / 2;
  const fingers = (type, apart) => session.send('Input.dispatchTouchEvent', {
    type,
    touchPoints: apart === 0 ? [] : [-1, 1].map((side, id) => ({ id, x: box.x + box.width / 2 + side * apart, y })),
  });
  await fingers('touchStart', 30);
  for (let apart = 35; apart <= 60; apart += 5) await fingers('touchMove', apart);
  await fingers('touchEnd', 0);
  await until('it is nearer by a step', async () => (await zoomOf('dat')) === zoom + 1);
  near(await middle('dat'), expected, zoom, 'after two fingers');

  // A call comes in the middle of that: the browser takes the fingers away, and the map stands at a whole step.
  await fingers('touchStart', 60);
  for (let apart = 55; apart >= 34; apart -= 7) await fingers('touchMove', apart);
  await fingers('touchCancel', 0);
  await until('it is further by a step', async () => (await zoomOf('dat')) === zoom);
  await fingers('touchStart', 30);
  for (let apart = 35; apart <= 60; apart += 5) await fingers('touchMove', apart);
  await fingers('touchEnd', 0);
  await until('it is nearer again', async () => (await zoomOf('dat')) === zoom + 1);
  near(await middle('dat'), expected, zoom, 'after fingers that were taken away');
  for (const name of ['Phóng to', 'Thu nhỏ']) {
    const button = await question('dat').getByRole('button', { name }).boundingBox();
    assert.ok(button.width >= 48 && button.height >= 48, `${name}: ${button.width} x ${button.height}`);
  }

  // Whoever cannot drag touches what is to come to the middle.
  const from = await middle('dat');
  const window = await windowOf('dat').boundingBox();
  await phone.page.mouse.click(window.x + window.width / 2 + 80, window.y + window.height / 2);
  await until('it moves', async () => metres(await middle('dat'), from) > 40 * metresPerPixel(zoom + 1));
  near(await middle('dat'), moved(from, zoom + 1, -80, 0), zoom + 1, 'after a touch');
  await looked('dat', 'map-point');
});

test('by keyboard too', async () => {
  await windowOf('dat').focus();
  const [zoom, from] = [await zoomOf('dat'), await middle('dat')];
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await phone.page.keyboard.press(key);
  near(await middle('dat'), moved(from, zoom, -128, -64), zoom, 'after three arrows');
  await phone.page.keyboard.press('-');
  await until('it is further', async () => (await zoomOf('dat')) === zoom - 1);
  await phone.page.keyboard.press('+');
  await until('it is nearer', async () => (await zoomOf('dat')) === zoom);
  for (const name of ['Phóng to', 'Thu nhỏ', 'Đặt điểm ở tâm bản đồ']) {
    await phone.page.keyboard.press('Tab');
    const focused = await phone.page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText);
    assert.equal(focused, name);
  }
  await phone.page.keyboard.press('Enter');
  near(placesIn(await stored('dat'))[0], moved(from, zoom, -128, -64), zoom, 'what was put');
});

test('maps shows where one was measured, with how sure that is, and puts nothing', async () => {
  await seen('do');
  assert.equal(await put('do').count(), 0);
  assert.equal(await question('do').locator('.map-cross').count(), 0);
  await form.locate('do');
  assert.deepEqual((await stored('do')).split(' ').map(Number), [HERE.latitude, HERE.longitude, 0, 9]);
  const around = await windowOf('do').locator('.map-around').boundingBox();
  const zoom = await zoomOf('do');
  const radius = 9 / metresPerPixel(zoom);
  assert.ok(Math.abs(around.width / 2 - radius) < 2, `${around.width / 2} of ${radius}`);
  const frame = await windowOf('do').boundingBox();
  assert.ok(Math.abs(around.x + around.width / 2 - (frame.x + frame.width / 2)) < 2, 'in the middle');
  await question('do').getByRole('link', { name: 'Mở bản đồ' }).waitFor();
  await looked('do', 'map-measured');
});

test('without an appearance a button shows the map, and hides it', async () => {
  assert.equal(await windowOf('thuong').count(), 0);
  await question('thuong').getByRole('button', { name: 'Hiện bản đồ' }).click();
  await seen('thuong');
  await question('thuong').getByRole('button', { name: 'Ẩn bản đồ' }).click();
  assert.equal(await windowOf('thuong').count(), 0);
});

/** Puts a corner where the map begins and after each of these moves; tells where they should be. */
async function putCorners(name, zoom, moves) {
  const corners = [HERE];
  await put(name).click();
  for (const [dx, dy] of moves) {
    await drag(name, dx, dy);
    corners.push(moved(corners.at(-1), zoom, dx, dy));
    await put(name).click();
  }
  return corners;
}

test('a line of three corners, the last of them put elsewhere', async () => {
  await at('Đường và thửa');
  await seen('duong');
  const zoom = await zoomOf('duong');
  const corners = await putCorners('duong', zoom, [[-70, 0], [0, -80]]);
  const check = async (what) => {
    const found = placesIn(await stored('duong'));
    assert.equal(found.length, corners.length, what);
    found.forEach((corner, index) => near(corner, corners[index], zoom, `${what}, corner ${index + 1}`));
  };
  await check('three corners');
  assert.equal(await windowOf('duong').locator('.map-chosen polyline').getAttribute('points').then((points) => points.split(' ').length), 3);
  await question('duong').getByRole('button', { name: 'Bỏ điểm cuối' }).click();
  const there = corners.pop();
  await check('after the last one went');
  await drag('duong', 50, 40);
  corners.push(moved(there, zoom, 50, 40));
  await put('duong').click();
  await check('with another one');
  await looked('duong', 'map-line');
});

test('an area is closed', async () => {
  await seen('thua');
  const zoom = await zoomOf('thua');
  const corners = await putCorners('thua', zoom, [[-80, 0], [0, -80]]);
  const found = placesIn(await stored('thua'));
  assert.equal(found.length, corners.length + 1);
  [...corners, corners[0]].forEach((corner, index) => near(found[index], corner, zoom, `corner ${index + 1}`));
  assert.deepEqual(found.at(-1), found[0]);
  assert.equal(await windowOf('thua').locator('.map-chosen polygon').count(), 1);
  await looked('thua', 'map-area');
});

test('a touch of a mark chooses, and so does the list below it', async () => {
  await at('Chọn trên bản đồ');
  await seen('cay');
  assert.equal(await windowOf('cay').locator('.map-mark').count(), 3, 'what lies nowhere is in the list alone');
  const touch = async (locator) => {
    const box = await locator.boundingBox();
    await phone.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  };
  await windowOf('cay').scrollIntoViewIfNeeded();
  await touch(windowOf('cay').locator('.map-mark circle').nth(1));
  assert.equal(await stored('cay'), 'chom');
  assert.equal(await question('cay').locator('input:checked').getAttribute('value'), 'chom');
  await touch(windowOf('cay').locator('polygon'));
  assert.equal(await stored('cay'), 'vuon');
  await form.choose('cay', 'sau');
  assert.equal(await stored('cay'), 'sau');
  assert.equal(await windowOf('cay').locator('.map-chosen').count(), 1);
  await form.choose('cay', 'khac');
  assert.equal(await windowOf('cay').locator('.map-chosen').count(), 0);
  await form.choose('cay', 'vuon');
  // Moving the map over a mark chooses nothing.
  await drag('cay', 60, 30);
  assert.equal(await stored('cay'), 'vuon');
  await looked('cay', 'map-choices');
});

test('when the network goes there is plain ground, words that say so, and everything else goes on', async () => {
  await at('Nơi chốn');
  await seen('dat');
  const news = question('dat').locator('.map-news');
  const [zoom, from] = [await zoomOf('dat'), await middle('dat')];
  await phone.context.setOffline(true);
  assert.equal(await news.innerText(), '', 'what is in sight is here');
  // Further than what browsers keep of what was seen before.
  for (let time = 0; time < 12; time += 1) await drag('dat', 130, 130);
  await news.getByText('Không có mạng: bản đồ chưa tải.').waitFor();
  await put('dat').click();
  near(placesIn(await stored('dat'))[0], moved(from, zoom, 1560, 1560), zoom, 'put without a network');
  await windowOf('dat').scrollIntoViewIfNeeded();
  await phone.screenshot('map-offline');
  await phone.context.setOffline(false);
  await seen('dat');
  assert.equal(await news.innerText(), '', 'what did not come is here now');
});

test('where the operator gave no map, a place is its coordinates, as ever', async () => {
  await server.stop();
  delete server.settings.SOTAY_MAP;
  await server.start();
  await open();
  await form.locate('dat');
  assert.equal(await phone.page.locator('.map').count(), 0);
  assert.equal(await put('dat').count(), 0);
  assert.equal(await question('thuong').getByRole('button', { name: 'Hiện bản đồ' }).count(), 0);
  await question('dat').getByRole('link', { name: 'Mở bản đồ' }).waitFor();
  await question('dat').getByText('Gõ tọa độ').waitFor();
  // Typed, it is an answer before the field is left: the app may lock or be killed in the midst of it.
  await question('thuong').getByText('Gõ tọa độ').click();
  await question('thuong').getByLabel('Vĩ độ').fill('10,95');
  await question('thuong').getByLabel('Kinh độ').fill('107,2');
  await until('it is taken', async () => (await stored('thuong')) === '10.95 107.2 0.0 0.0');
  await at('Chọn trên bản đồ');
  await form.choose('cay', 'chom');
  assert.equal(await stored('cay'), 'chom');
});
