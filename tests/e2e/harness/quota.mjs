// How much the browser lets the app keep.
import { until } from './until.mjs';

// The limit lasts as long as the session that set it.
const limiting = new WeakMap();

/** How many bytes the app may keep, all that the disk has when none is given; in force when this returns. */
export async function quota(device, origin, bytes) {
  const { page, context } = device;
  if (!limiting.has(page)) limiting.set(page, await context.newCDPSession(page));
  const session = limiting.get(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin, ...(bytes && { quotaSize: bytes }) });
  await until('the browser has the limit', async () => {
    const space = await session.send('Storage.getUsageAndQuota', { origin });
    return space.overrideActive === Boolean(bytes) && (!bytes || space.quota === bytes);
  });
}
