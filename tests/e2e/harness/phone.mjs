// A person's device: a Chromium process with a profile that outlives it, so that it can be killed and started cold.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, until } from './until.mjs';

const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-features=Translate', '--lang=vi-VN', '--remote-debugging-port=0',
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=2',
];

export const PHONE = { width: 360, height: 640 };
export const DESK = { width: 1280, height: 800 };

export class Device {
  #process = null;
  #browser = null;

  constructor(name, folder, size) {
    this.name = name;
    this.profile = join(folder, name);
    this.size = size;
    this.artifacts = process.env.SOTAY_ARTIFACTS ?? folder;
  }

  /** Starts the browser on the profile as the last process left it. */
  async start() {
    const active = join(this.profile, 'DevToolsActivePort');
    rmSync(active, { force: true });
    mkdirSync(this.profile, { recursive: true });
    // A killed browser leaves its lock behind; a phone's next start is not put off by it either.
    for (const lock of ['SingletonLock', 'SingletonCookie', 'SingletonSocket']) {
      rmSync(join(this.profile, lock), { force: true });
    }
    this.#process = spawn(
      process.env.CHROMIUM ?? 'chromium',
      [...FLAGS, `--user-data-dir=${this.profile}`, `--window-size=${this.size.width},${this.size.height}`, 'about:blank'],
      { stdio: 'ignore', detached: true },
    );
    const port = await until('Chromium opens its port', () => existsSync(active) && readFileSync(active, 'utf8').split('\n')[0]);
    this.#browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    const [context] = this.#browser.contexts();
    this.context = context;
    context.setDefaultTimeout(PATIENCE_MS);
    this.page = context.pages()[0] ?? (await context.newPage());
    this.errors = [];
    this.page.on('pageerror', (error) => this.errors.push(String(error)));
    this.page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
    await this.page.setViewportSize(this.size);
    return this.page;
  }

  async grant(origin) {
    await this.context.grantPermissions(['geolocation'], { origin });
    await this.context.setGeolocation({ latitude: 10.93, longitude: 107.24, accuracy: 8 });
  }

  /** Ends the browser as a person does, by closing it: what it keeps in memory goes to its disk. */
  async close() {
    const browser = this.#process;
    this.#process = null;
    const ended = new Promise((resolve) => browser.once('exit', resolve));
    const session = await this.#browser.newBrowserCDPSession();
    await session.send('Browser.close').catch(() => {});
    await ended;
    const stray = this.errors.filter((error) => error.includes('closure invoked'));
    if (stray.length > 0) throw new Error(`an event came when nobody listened any more: ${stray[0]}`);
  }

  /** What an out-of-memory kill or a flat battery does: the whole process group ends at once. */
  async kill() {
    const browser = this.#process;
    if (!browser) return;
    this.#process = null;
    const ended = new Promise((resolve) => browser.once('exit', resolve));
    process.kill(-browser.pid, 'SIGKILL');
    await ended;
    await this.#browser?.close().catch(() => {});
  }

  async screenshot(name) {
    const folder = join(this.artifacts, 'screenshots');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }
}
