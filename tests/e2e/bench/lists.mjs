// Figures of lists with very many records on the phone: opening the list, each filter, a search without diacritics, and the list whole
// again. From the input to the frame in which the list is painted that answers it, and the longest task of the page on the way.
// Prints JSON. Nothing here is an assertion: figures depend on the machine.
import { rmSync } from 'node:fs';
import { countOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { repeat, slow, spread, withMany } from './many.mjs';

const RUNS = Number(process.env.RUNS ?? 5);
const RECORDS = Number(process.env.RECORDS ?? 100_000);
const THROTTLES = [1, 4];

const { folder, server, phone, app } = await withMany(RECORDS);
await app.open('/records');
await shows(RECORDS, 900_000);
await until('their summaries are kept', async () => (await countOf(phone.page, 'summaries')) > RECORDS / 256, 300_000);
await server.stop();

const figures = { unit: 'ms', runs: RUNS, records: RECORDS };
const steps = ['open', 'by_form', 'by_state', 'by_unit', 'search', 'search_on', 'all_again'];
for (const throttle of THROTTLES) {
  await phone.close();
  await phone.start();
  await slow(phone, throttle);
  await app.open('/');
  await phone.page.locator('[data-records="whole"]').waitFor({ timeout: 300_000 });
  const runs = await repeat(RUNS, round);
  figures[`x${throttle}`] = Object.fromEntries(steps.map((step) => [step, {
    painted: spread(runs.map((run) => run[step].painted)),
    longest_task: spread(runs.map((run) => run[step].longest)),
  }]));
}
await phone.close();
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(figures, null, 2));

/** Waits until the list says that it has so many records. */
async function shows(records, timeout) {
  await until(`${records} records are listed`, () => phone.page.evaluate((records) =>
    document.querySelector('.records .title-line .muted')?.textContent.replace(/\D/g, '') === String(records), records), timeout);
}

/** One go through everything. `RECORDS` have the same form, unit and state: each filter keeps all, and has to look at all. */
async function round() {
  const figures = {};
  figures.open = await measure(() => document.querySelector('nav a[href="/records"]').click(), RECORDS);
  for (const [step, place] of [['by_form', 0], ['by_unit', 1], ['by_state', 2]]) {
    figures[step] = await measure((place) => {
      const select = document.querySelectorAll('.records .chips select')[place];
      select.value = [...select.options].find((option) => option.value !== '' && (place !== 2 || option.value === 'draft')).value;
      select.dispatchEvent(new Event('change', { bubbles: true }));
    }, RECORDS, place);
  }
  const search = (text) => {
    const field = document.querySelector('.records input[type="search"]');
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  figures.search = await measure(search, RECORDS, 'nguyen');
  figures.search_on = await measure(search, 0, 'nguyen thi khong co');
  await measure(search, RECORDS, '');
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

/** Does something in the page; until the list that answers it has been painted. */
function measure(act, records, given = null) {
  return phone.page.evaluate(`(${answered})(${act}, ${records}, ${JSON.stringify(given)})`);
}

async function answered(act, records, given) {
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longest = Math.max(longest, entry.duration);
  });
  observer.observe({ type: 'longtask' });
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const after = () => new Promise((done) => setTimeout(done));
  await frame();
  await after();
  const from = performance.now();
  act(given);
  const said = () => document.querySelector('.records .title-line .muted')?.textContent.replace(/\D/g, '');
  const isDrawn = () => records === 0 || document.querySelectorAll('.records .record-row').length > 5;
  do { await frame(); } while (said() !== String(records) || !isDrawn());
  await after(); // the frame is painted
  const painted = performance.now() - from;
  await new Promise((done) => setTimeout(done, 100)); // long tasks are told late
  observer.disconnect();
  return { painted, longest };
}
