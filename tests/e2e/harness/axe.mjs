// What axe-core finds on the screen of a device.
import axe from 'axe-core';
import { DESK, PHONE } from './phone.mjs';

const debuggers = new WeakMap();

// Without these a reader has nothing to go to, though nobody calls it more than moderate.
const LANDMARKS = ['landmark-one-main', 'page-has-heading-one'];

const keepsOut = ({ id, impact, tags }) =>
  ['serious', 'critical'].includes(impact) || LANDMARKS.includes(id) || impact === 'moderate' && tags.some((tag) => /^wcag2/.test(tag));

/** What keeps a person out, by rule and place, and what slides sideways, at a phone's and a desk's size and in both themes. */
export async function faults(device, screen) {
  const { page } = device;
  const before = page.viewportSize();
  const found = [];
  for (const size of [PHONE, DESK]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await inject(device);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      for (const { id, impact, nodes } of violations.filter(keepsOut)) {
        const places = nodes.map((node) => `${node.target} (${node.failureSummary.split('\n')[1]?.trim()})`);
        found.push(`${screen} ${size.width} ${colorScheme}: ${impact} ${id}: ${places.slice(0, 4).join(' | ')}`);
      }
      for (const wide of await page.evaluate(tooWide)) found.push(`${screen} ${size.width} ${colorScheme}: wider than its room: ${wide}`);
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

/** In the page: what is read from top to bottom and is wider than its room. A table that scrolls in itself is none. */
function tooWide() {
  const scrollers = [document.documentElement, ...document.querySelectorAll('.form-scroll, .page')];
  const wide = scrollers.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1);
  return wide.map(({ localName, className, scrollWidth, clientWidth }) => `${localName}.${className}: ${scrollWidth} in ${clientWidth}`);
}

/** By the debugger, which the page's content security policy does not bind. It stays: one that goes takes the page's authenticators along. */
async function inject(device) {
  if (!debuggers.has(device.page)) debuggers.set(device.page, await device.context.newCDPSession(device.page));
  await debuggers.get(device.page).send('Runtime.evaluate', { expression: axe.source });
}
