// What a journey is played on: a folder of its own, the server with a pack, and people's devices. All of it is gone behind the last test.
import { after } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from './server.mjs';
import { Device, PHONE } from './phone.mjs';
import { App } from '../pages/app.mjs';

export class Stage {
  #devices = [];
  #undone = [];
  #server = null;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'sotay-journey-'));
    after(async () => {
      for (const device of this.#devices) await device.kill();
      for (const undo of this.#undone) await undo();
      await this.#server?.stop();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Somebody's device, not started. */
  device(name, size = PHONE) {
    const device = new Device(name, this.folder, size);
    this.#devices.push(device);
    return device;
  }

  /** The server with the pack, or with another, in it; not started. */
  async server(pack) {
    this.#server = await Server.withPack(this.folder, pack);
    return this.#server;
  }

  /** The same, and it listens. */
  async serve(pack) {
    const server = await this.server(pack);
    await server.start();
    return server;
  }

  /** Starts a device: the app on it, for somebody who is signed in and could go offline, if an account is named. */
  async start(device, account) {
    await device.start();
    const app = new App(device, this.#server);
    if (account) {
      await app.signIn(account);
      await app.readyForOffline();
    }
    return app;
  }

  /** What else is to end behind the last test, after the devices and before the server. */
  later(undo) {
    this.#undone.push(undo);
  }
}
