// The real server as a process of its own, on a folder of its own, that can be stopped and started again.
import { spawn, execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './until.mjs';

const run = promisify(execFile);

export const PASSWORD = 'sotay-demo';

/** What the app says of itself with each request: whose it is. The server reads nothing out to a cookie alone. */
export function speaker(account) {
  return { 'X-Sotay-Account': Buffer.from(account).toString('hex') };
}

export class Server {
  #binary = process.env.SOTAY_SERVER;
  #process = null;

  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    /** The folder of the app to serve, when it is not the one built in. */
    this.app = null;
    /** What `serve` is told beside that, as variables. */
    this.settings = {};
  }

  /** A server with the pack and its demo users in it, not yet listening. */
  static async withPack(folder, pack = process.env.SOTAY_PACK) {
    const server = new Server(folder, await freePort());
    await server.command('pack', 'load', pack, '--demo-users', '--demo-password', PASSWORD);
    return server;
  }

  async command(...args) {
    const { stdout } = await run(this.#binary, args, { env: this.#environment() });
    return stdout;
  }

  /** What the shell says to another server would lead this one to that one's records. */
  #environment() {
    const isSetting = (name) => name === 'DATABASE_URL' || name.startsWith('SOTAY_');
    const others = Object.entries(process.env).filter(([name]) => !isSetting(name));
    return { ...Object.fromEntries(others), SOTAY_DATA: this.folder };
  }

  async start() {
    const log = openSync(join(this.folder, 'server.log'), 'a');
    this.#process = spawn(this.#binary, ['serve', '--listen', `127.0.0.1:${this.port}`], {
      env: { ...this.#environment(), ...(this.app && { SOTAY_APP: this.app }), ...this.settings },
      stdio: ['ignore', log, log],
    });
    await until('the server answers', async () => (await fetch(`${this.url}/healthz`)).ok);
  }

  /** Ends the process as an operator would, or as a power cut would. */
  async stop(signal = 'SIGTERM') {
    const server = this.#process;
    if (!server) return;
    this.#process = null;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
