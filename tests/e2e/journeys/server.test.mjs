// The servers of the journeys are on their own, whatever the shell says that starts them.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from '../harness/server.mjs';

test('a server hears nothing of what the shell says to another', async () => {
  const said = { SOTAY_SERVER: 'env', DATABASE_URL: 'postgres://theirs', SOTAY_BLOBS: 's3://theirs' };
  const before = { ...process.env };
  Object.assign(process.env, said);
  try {
    const told = await new Server('/ours', 0).command();
    const settings = told.split('\n').filter((line) => /^(DATABASE_URL|SOTAY_\w+)=/.test(line));
    assert.deepEqual(settings, ['SOTAY_DATA=/ours']);
  } finally {
    for (const name of Object.keys(said)) delete process.env[name];
    Object.assign(process.env, before);
  }
});
