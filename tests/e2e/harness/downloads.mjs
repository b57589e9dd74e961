// Where a device's browser puts what it downloads.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.mjs';

/** Does something that downloads a file, and returns the file's path once it is whole. */
export async function downloaded(device, folder, act) {
  mkdirSync(folder, { recursive: true });
  const session = await device.context.newCDPSession(device.page);
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
  const before = new Set(readdirSync(folder));
  await act();
  const name = await until('the file is there', () =>
    readdirSync(folder).find((name) => !before.has(name) && !name.endsWith('.crdownload')));
  const path = join(folder, name);
  await until('it is whole', () => existsSync(path) && !existsSync(`${path}.crdownload`));
  return path;
}
