// A journey that shows a fault which is known and not mended yet. It must fail: the day it passes, this says so.
import { test } from 'node:test';
import assert from 'node:assert/strict';

export function knownGap(name, reason, journey) {
  test(`${name} [known gap: ${reason}]`, async (context) => {
    await assert.rejects(async () => journey(context), { name: 'AssertionError' }, `mended: "${name}" passes now, make it a test of its own`);
  });
}
