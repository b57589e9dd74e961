// The line between a phone and the server: what goes through it goes as long as it is up.
import { connect, createServer } from 'node:net';
import { freePort } from './server.mjs';

export class Line {
  #sockets = new Set();
  #listener;
  #flapping;
  #isUp = true;
  /** How often it went away. */
  breaks = 0;
  /** Bytes that came to the phone and from it, and connections that it made. */
  down = 0;
  up = 0;
  connections = 0;

  static async to(server) {
    const line = new Line();
    line.port = await freePort();
    line.url = `http://127.0.0.1:${line.port}`;
    line.#listener = createServer((near) => {
      if (!line.#isUp) return near.destroy();
      const far = connect(server.port, '127.0.0.1');
      line.connections += 1;
      far.on('data', (bytes) => { line.down += bytes.length; });
      near.on('data', (bytes) => { line.up += bytes.length; });
      for (const [one, other] of [[near, far], [far, near]]) {
        line.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => (other.destroy(), line.#sockets.delete(one)));
        one.pipe(other);
      }
    });
    await new Promise((resolve, reject) => line.#listener.once('error', reject).listen(line.port, '127.0.0.1', resolve));
    return line;
  }

  /** Goes away and comes back, by turns, in the middle of whatever is on its way. */
  flap(every_ms) {
    this.#flapping = setInterval(() => {
      this.#isUp = !this.#isUp;
      if (this.#isUp) return;
      this.breaks += 1;
      for (const socket of this.#sockets) socket.destroy();
    }, every_ms);
  }

  /** Stays up from now on. */
  hold() {
    clearInterval(this.#flapping);
    this.#isUp = true;
  }

  async close() {
    clearInterval(this.#flapping);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }
}
