// A roster on a device: its rows as cards, and the search above them.
import { until } from '../harness/until.mjs';

export function rosterOf(device) {
  const cards = () => device.page.locator('.row-card').filter({ visible: true });
  const card = (name) => cards().filter({ has: device.page.getByText(name, { exact: true }) });
  /** Opens a row once it is in sight: rows are laid out when they come near the screen, and those around them move then. */
  async function openCard(name) {
    await card(name).scrollIntoViewIfNeeded();
    await until(`${name} is open`, async () => {
      if (await card(name).locator('.row-body').count()) return true;
      await card(name).locator('.row-summary').click();
      return false;
    });
  }
  const search = () => device.page.locator('[data-repeat] input[type="search"]');
  return { cards, card, openCard, search };
}
