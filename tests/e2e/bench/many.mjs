// What benches share.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, PHONE } from '../harness/phone.mjs';
import { Server } from '../harness/server.mjs';
import { rowsOf } from '../harness/store.mjs';
import { until } from '../harness/until.mjs';
import { App } from '../pages/app.mjs';

const FORM = 'lk_kt_phuong_xa';

/** A phone at a server that holds so many records; nothing of them is on the phone yet. */
export async function withMany(records) {
  const folder = mkdtempSync(join(tmpdir(), 'sotay-bench-'));
  const server = await Server.withPack(folder);
  const phone = new Device('phone', folder, PHONE);
  const app = new App(phone, server);
  await filled(app, server, phone);
  multiply(join(folder, 'sotay.sqlite'), records);
  await server.start();
  await phone.start();
  return { folder, server, phone, app };
}

/** A phone that filled one record and sent it. Both are stopped then. */
async function filled(app, server, phone) {
  await server.start();
  await phone.start();
  await app.signIn('canbo.longkhanh');
  await app.readyForOffline();
  const form = await app.begin(FORM);
  await form.type('nguoi_lap', 'Nguyễn Thị Hoa');
  await form.next();
  for (const name of ['a1', 'a2', 'a3']) await form.choose(name, 'dat', 'Đạt');
  await form.saved();
  await phone.page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  await phone.page.locator('.record-row').first().waitFor();
  await until('the form is left', async () => !(await rowsOf(phone.page, 'place')).some(([key]) => key === 'filling'));
  await app.allSent();
  await phone.close();
  await server.stop();
}

/** Makes many records of the one that was sent: the same answers, under other ids and by people of other given names. */
function multiply(path, records) {
  execFileSync('python3', ['-c', `
import os, random, sqlite3, string, sys
seed = random.randrange(2**32)
print('seed', seed, file=sys.stderr)
dice = random.Random(seed)
database = sqlite3.connect(sys.argv[1])
id, rv, unit, form, author, received, changed, body = database.execute('SELECT id, rv, unit, form, author, received_ms, changed_ms, body FROM record').fetchone()
(rv,) = database.execute('SELECT rv FROM server').fetchone()
for count in range(1, int(sys.argv[2])):
    other = id[:8] + os.urandom(8)
    given = ''.join(dice.choices(string.ascii_lowercase, k=3)).capitalize()
    rv += 1
    database.execute('INSERT INTO record (id, rv, unit, form, author, received_ms, changed_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        (other, rv, unit, form, author, received, changed + count * 1000, body.replace(id, other).replace(b' Hoa', b' ' + given.encode())))
database.execute('UPDATE server SET rv = ?', (rv,))
database.commit()
`, path, String(records)]);
}

/** Waits until the phone keeps the summaries of so many records: pages of them stand, and no note of a pull beside them. */
export async function summariesKept(phone, records) {
  await until('their summaries are kept', async () => {
    const rows = await rowsOf(phone.page, 'summaries');
    const pages = rows.filter(([key]) => typeof key === 'number').length;
    return pages > records / 256 && rows.length - pages <= 1; // one note is of the phone's own work
  }, 300_000);
}

/**
 * Does something; what the page's own thread did meanwhile, in ms of the processor: all of it, and its longest task. Other
 * programs on the machine make neither longer.
 */
export async function worked(phone, act) {
  const session = await phone.context.browser().newBrowserCDPSession();
  const ended = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  const traceConfig = { includedCategories: ['toplevel', 'blink.user_timing'], recordMode: 'recordAsMuchAsPossible' };
  await session.send('Tracing.start', { transferMode: 'ReturnAsStream', traceConfig });
  const mark = () => phone.page.evaluate(() => performance.mark('sotay.act'));
  await mark();
  const result = await act();
  await mark();
  await session.send('Tracing.end');
  const { stream } = await ended;
  let text = '';
  for (let eof = false; !eof;) {
    const part = await session.send('IO.read', { handle: stream });
    text += part.data;
    ({ eof } = part);
  }
  await session.detach();
  const { traceEvents } = JSON.parse(text);
  const marks = traceEvents.filter(({ name }) => name === 'sotay.act');
  const [first, last] = [marks[0], marks.at(-1)];
  const tasks = traceEvents.filter(({ name, pid, tid, ts }) =>
    name === 'ThreadControllerImpl::RunTask' && pid === first.pid && tid === first.tid && ts > first.ts && ts < last.ts);
  const times = tasks.map(({ tdur, dur }) => (tdur ?? dur) / 1000); // a few are not told by the processor's clock
  return { result, busy: times.reduce((sum, time) => sum + time, 0), longest: Math.max(0, ...times) };
}

export async function repeat(times, measure) {
  const values = [];
  for (let run = 0; run < times; run += 1) values.push(await measure());
  return values;
}

export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => Number(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1));
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

export async function slow(phone, throttle) {
  const session = await phone.context.newCDPSession(phone.page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: throttle });
}
