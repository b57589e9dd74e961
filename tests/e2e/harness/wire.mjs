// A phone that is no browser: it sends records that somebody else made, in the protocol's own bytes (docs/sync-protocol.md).
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { PASSWORD, speaker } from './server.mjs';

/** A whole number of CBOR with its kind before it. */
function head(kind, number) {
  const start = kind << 5;
  if (number < 24) return Buffer.from([start | number]);
  if (number < 0x100) return Buffer.from([start | 24, number]);
  if (number < 0x10000) return Buffer.from([start | 25, number >> 8, number & 255]);
  const bytes = Buffer.alloc(9);
  bytes[0] = start | 27;
  bytes.writeBigUInt64BE(BigInt(number), 1);
  return bytes;
}

/** CBOR of numbers from 0 up, texts, bytes, lists and `Map`s. */
function cbor(value) {
  if (typeof value === 'number') return head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, held]) => [cbor(key), cbor(held)])]);
}

const map = (...values) => new Map(values.map((value, key) => [key, value]));

export class Sender {
  #seq = 0;

  static async signIn(server, name) {
    const sender = new Sender();
    sender.device = randomBytes(16);
    sender.account = name;
    sender.url = server.url;
    const answer = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Sotay': '1' },
      body: JSON.stringify({ name, password: PASSWORD, device: sender.device.toString('hex'), device_name: 'sender' }),
    });
    if (answer.status !== 200) throw new Error(await answer.text());
    sender.cookie = answer.headers.get('set-cookie').split(';')[0];
    const profile = await answer.json();
    sender.unit = profile.unit;
    return sender;
  }

  /** The newest version of a form, as operations name it. */
  async form(id) {
    const pack = await (await fetch(`${this.url}/api/v1/pack`, { headers: { Cookie: this.cookie, ...speaker(this.account) } })).json();
    const { version, hash } = pack.forms.find((form) => form.id === id);
    return map(id, version, Buffer.from(hash, 'hex'));
  }

  /** Submitted records as operations of this device, `fields` of each by path: `{ seq, bytes }` each. */
  operations(form, records) {
    return records.map((fields) => {
      this.#seq += 1;
      const all = [['_state', 'submitted'], ...Object.entries(fields)];
      const id = randomBytes(16);
      id.writeUIntBE(Date.now(), 0, 6); // as the app makes them: by time
      const writes = new Map(all.map(([path, text]) => [path, map([1, [String(text)]], [])]));
      return { seq: this.#seq, bytes: cbor(map([this.device, this.#seq], id, form, this.unit, 0, writes, map(Date.now()), this.account)) };
    });
  }

  /** Sends submitted records in requests of 500. */
  async send(form, records) {
    for (let from = 0; from < records.length; from += 500) {
      const operations = this.operations(form, records.slice(from, from + 500)).map(({ seq, bytes }) => map(seq, bytes));
      const body = cbor(new Map([[0, 1], [1, this.device], [3, operations]]));
      const answer = await fetch(`${this.url}/api/v1/push`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/cbor', 'Content-Encoding': 'gzip', 'X-Sotay': '1', Cookie: this.cookie },
        body: gzipSync(body),
      });
      if (answer.status !== 200) throw new Error(await answer.text());
    }
  }
}
