// Figures of lists with very many records on the phone: opening the list, scrolling it, each filter, each order, a search without
// diacritics, and the list whole again. From the input to the frame that shows the first rows of the answer, to the frame that tells how
// many there are; and the processor's time on the way, of all that the page did and of its longest task. Also what the records take of the
// page's memory.
// Prints JSON. Nothing here is an assertion: figures depend on the machine.
import { rmSync } from 'node:fs';
import { until } from '../harness/until.mjs';
import { repeat, slow, spread, summariesKept, withMany, worked } from './many.mjs';

const RUNS = Number(process.env.RUNS ?? 5);
const RECORDS = Number(process.env.RECORDS ?? 100_000);
const THROTTLES = [1, 4];

const few = await prepared(1);
const { memory: empty_bytes } = await start(few, 1);
await end(few);

const many = await prepared(RECORDS);
const { phone } = many;
const figures = { unit: 'ms', runs: RUNS, records: RECORDS };
const steps = [
  'open', 'scroll', 'by_form', 'by_unit', 'by_state', 'oldest', 'by_title', 'by_title_again', 'search', 'search_on', 'search_rare', 'all_again',
];
for (const throttle of THROTTLES) {
  const { memory, whole } = await start(many, throttle);
  const runs = await repeat(RUNS, round);
  figures[`x${throttle}`] = {
    start_to_whole_lists: whole,
    bytes_per_record: Math.round((memory - empty_bytes) / RECORDS),
    ...Object.fromEntries(steps.map((step) => [step, Object.fromEntries(
      ['first_rows', 'counted', 'busy', 'longest_task'].map((figure) => [figure, spread(runs.map((run) => run[step][figure]))]))])),
  };
  await phone.close();
}
await end(many);
console.log(JSON.stringify(figures, null, 2));

/** A phone that keeps so many records and their summaries; not started. */
async function prepared(records) {
  const ready = await withMany(records);
  const { server, phone, app } = ready;
  await app.open('/records');
  await until(`${records} records are listed`, () => phone.page.evaluate((records) =>
    document.querySelector('.records .title-line .muted')?.textContent.replace(/\D/g, '') === String(records), records), 900_000);
  if (records > 256) await summariesKept(phone, records);
  await phone.close();
  await server.stop();
  return ready;
}

/** Starts the app on Today; when the lists are whole, what that took and what memory the program has. */
async function start({ phone, app }, throttle) {
  await phone.start();
  await slow(phone, throttle);
  await phone.page.addInitScript(() => {
    for (const name of ['instantiate', 'instantiateStreaming']) {
      const made = WebAssembly[name].bind(WebAssembly);
      WebAssembly[name] = async (...given) => {
        const result = await made(...given);
        window.programMemory ??= (result.instance ?? result).exports.memory;
        return result;
      };
    }
  });
  await app.open('/');
  await phone.page.locator('[data-records="whole"]').waitFor({ timeout: 300_000 });
  return phone.page.evaluate(() => ({ memory: window.programMemory?.buffer.byteLength ?? 0, whole: Math.round(performance.now()) }));
}

async function end({ folder, phone }) {
  await phone.kill(); // if it is not closed already
  rmSync(folder, { recursive: true, force: true });
}

/** One go through everything. `RECORDS` have the same form, unit and state: each filter keeps all, and has to look at all. */
async function round() {
  const figures = {};
  const select = ([place, value]) => {
    const select = document.querySelectorAll('.records .chips select')[place];
    select.value = value ?? [...select.options].find((option) => option.value !== '').value;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const search = (text) => {
    const field = document.querySelector('.records input[type="search"]');
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  figures.open = await measure(() => document.querySelector('nav a[href="/records"]').click(), RECORDS);
  figures.scroll = await measure(async () => {
    for (let step = 0; step < 20; step += 1) {
      document.querySelector('.record-list').scrollTop += 400;
      await new Promise(requestAnimationFrame);
    }
    document.querySelector('.record-list').scrollTop = 0;
  }, RECORDS);
  figures.by_form = await measure(select, RECORDS, [0]);
  figures.by_unit = await measure(select, RECORDS, [2]);
  figures.by_state = await measure(select, RECORDS, [3, 'draft']);
  figures.oldest = await measure(select, RECORDS, [4, 'oldest']);
  figures.by_title = await measure(select, RECORDS, [4, 'title']);
  figures.search = await measure(search, RECORDS, 'nguyen');
  figures.search_on = await measure(search, 0, 'nguyen thi khong co');
  figures.search_rare = await measure(search, null, 'nguyen thi ho');
  await measure(search, RECORDS, '');
  await measure(select, RECORDS, [4, '']);
  figures.by_title_again = await measure(select, RECORDS, [4, 'title']);
  figures.all_again = await measure(() => {
    for (const select of document.querySelectorAll('.records .chips select')) {
      select.value = '';
      select.dispatchEvent(new Event('change', { bubbles: true }));
    }
  }, RECORDS);
  await phone.page.evaluate(() => document.querySelector('nav a[href="/"]').click());
  await phone.page.locator('.today h1').waitFor();
  return figures;
}

/** Does something in the page; until the list that answers it has been painted. `records` it must say, if that is known. */
async function measure(act, records, given = null) {
  const asked = () => phone.page.evaluate(`(${answered})(${act}, ${records}, ${JSON.stringify(given)})`);
  const { result, busy, longest } = await worked(phone, asked);
  return { ...result, busy, longest_task: longest };
}

async function answered(act, records, given) {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const after = () => new Promise((done) => setTimeout(done));
  const rows = () => [...document.querySelectorAll('.records .record-row')];
  for (const row of rows()) row.isOld = true;
  await frame();
  await after();
  const from = performance.now();
  await act(given);
  const said = () => document.querySelector('.records .title-line .muted')?.textContent ?? '…';
  const isWhole = () => !said().includes('…') && (records === null || said().replace(/\D/g, '') === String(records));
  const isDrawn = () => (!rows().some((row) => row.isOld) && (!records || rows().length > 5));
  let [first_rows, isSought, unmoved] = [0, false, []];
  for (;;) {
    await frame();
    isSought ||= isDrawn() || !isWhole();
    if (!isSought && unmoved.push(performance.now() - from) === 60) return { first_rows: unmoved[0], counted: unmoved[0] };
    // A filter that keeps all leaves the rows where they stand: they are the answer once the count is whole again.
    if (!first_rows && isSought && (isDrawn() || isWhole())) {
      await after(); // the frame is painted
      first_rows = performance.now() - from;
    }
    if (first_rows && isWhole()) break;
  }
  await after();
  const counted = performance.now() - from;
  await frame();
  await after();
  return { first_rows, counted };
}
