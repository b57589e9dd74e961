// The records of the benches of sync, and what they cost the page.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A record by its number: those of the harness that measures others, if it is here. */
export const { makeRec } = process.env.PEERS
  ? await import(pathToFileURL(resolve(process.env.PEERS, 'store/rec.js')))
  : { makeRec: own };

/** A record's fields as texts; lists as a form's many choices. */
export function flat(record) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) =>
    [name.replace(/^_/, 'r'), Array.isArray(value) ? value.join(' ') : String(value)]));
}

/** Forty answers of an inspection. */
function own(at) {
  return Object.fromEntries(Array.from({ length: 40 }, (_, field) =>
    [`f${field}`, field % 4 ? String((at * 7919 + field * 104_729) % 100_000) : `Phường ${at % 15}, mục ${field}: đã kiểm tra, không có gì bất thường`]));
}

/** Begins to count the processor time that the page's own thread works; asked again, how many seconds it was. */
export async function cpu(phone) {
  const session = await phone.context.newCDPSession(phone.page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value;
  const before = await spent();
  return async () => (await spent()) - before;
}

export function round(number) {
  return Math.round(number * 1000) / 1000;
}
