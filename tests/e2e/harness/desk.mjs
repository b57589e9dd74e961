// What the server holds, asked as the coordinator asks: the proof that all went up, and went up once.
import assert from 'node:assert/strict';
import readSheets from 'read-excel-file/node';
import { PASSWORD, speaker } from './server.mjs';

export class Desk {
  #headers;

  constructor(url, cookie, name) {
    this.url = url;
    this.#headers = { Cookie: cookie, ...speaker(name) };
  }

  static async signIn(server, name = 'dieuphoi') {
    const answer = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Sotay': '1' },
      body: JSON.stringify({ name, password: PASSWORD, device: '0'.repeat(31) + '1', device_name: 'desk' }),
    });
    assert.equal(answer.status, 200);
    return new Desk(server.url, answer.headers.get('set-cookie').split(';')[0], name);
  }

  #get(path) {
    return fetch(`${this.url}${path}`, { headers: this.#headers });
  }

  /** The records of a form as the spreadsheet has them, a map from label to cell for each. */
  async rows(form) {
    return this.sheet(`/api/v1/records.xlsx?form=${form}&lang=vi`);
  }

  /** The same of a spreadsheet, by its address. */
  async sheet(path) {
    const answer = await this.#get(path);
    assert.equal(answer.status, 200);
    const [sheet] = await readSheets(Buffer.from(await answer.arrayBuffer()));
    const [head, ...rows] = sheet.data;
    return rows.map((row) => Object.fromEntries(head.map((label, at) => [label, row[at]])));
  }

  /** Every operation of a record that the server took, oldest first. */
  async history(record) {
    const answer = await this.#get(`/api/v1/records/${record}/history`);
    assert.equal(answer.status, 200);
    return answer.json();
  }

  async quarantine() {
    const answer = await this.#get('/api/v1/quarantine');
    assert.equal(answer.status, 200);
    return answer.json();
  }
}
