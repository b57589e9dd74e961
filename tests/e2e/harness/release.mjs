// Versions of the built app, made from it: the same program, each of its text files marked with the version's name.
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

// The part of a file's name that stands for its version.
const HASH = /-[0-9a-f]{12,16}(?=[._])/g;

const built = process.env.SOTAY_DIST ?? process.env.SOTAY_APP;

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

export class Release {
  constructor(name, folder) {
    this.name = name;
    this.folder = join(folder, `app-${name}`);
    cpSync(built, this.folder, { recursive: true });
    // The compressed copies are of the bytes before the marks.
    for (const file of this.#files()) if (/\.(br|gz)$/.test(file)) rmSync(join(this.folder, file));
    this.#mark();
    this.#list();
  }

  /** SHA-256 by the path that the page asks for; the page itself is asked for by many. */
  get hashes() {
    return Object.fromEntries(this.#files().map((file) => [`/${file}`, sha256(readFileSync(join(this.folder, file)))]));
  }

  /** Puts this version's files where a server serves from; `only` some of them, as a copy that is cut short does. */
  deploy(to, only = () => true) {
    for (const file of this.#files().filter(only)) cpSync(join(this.folder, file), join(to, file));
  }

  #files() {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath ?? entry.path, entry.name)))
      .sort();
  }

  get #hash() {
    return `-${sha256(this.name).slice(0, 16)}`;
  }

  /** Names with a hash in them are other names in another version; the rest keep theirs. */
  #mark() {
    const page = join(this.folder, 'index.html');
    let html = readFileSync(page, 'utf8').replace('<head>', `<head><meta name="app-version" content="${this.name}">`);
    // What the browser fetches ahead is told with the hash of the bytes before the marks.
    html = html.replace(/<link rel="(?:modulepreload|preload)"[^>]*>/g, '');
    for (const file of this.#files()) {
      const path = join(this.folder, file);
      if (file.endsWith('.js')) {
        // The scripts name each other and the parts of the program.
        const script = readFileSync(path, 'utf8').replaceAll(HASH, this.#hash);
        writeFileSync(path, `${script}\n// version ${this.name}\n`);
      }
      if (file.endsWith('.css')) writeFileSync(path, `${readFileSync(path, 'utf8')}\n/* version ${this.name} */\n`);
      const renamed = file.replace(HASH, this.#hash);
      if (renamed === file) continue;
      cpSync(path, join(this.folder, renamed));
      rmSync(path);
      html = html.replaceAll(`/${file}`, `/${renamed}`);
    }
    writeFileSync(page, html);
  }

  /** The files that may be kept: those that the built app's service worker lists, by their names in this version. */
  get listed() {
    const isListed = (path) => path !== '/sw.js' && !path.endsWith('-512.png') && !path.includes('_map.');
    return Object.fromEntries(Object.entries(this.hashes).filter(([path]) => isListed(path)));
  }

  /** Those of them that only a desk keeps. */
  get desk() {
    return Object.keys(this.listed).filter((path) => path.includes('_desk.'));
  }

  /** Those of them that only a browser keeps that reads no codes, as the one of the journeys. */
  get codes() {
    return Object.keys(this.listed).filter((path) => path.includes('_codes.'));
  }

  /** What a phone keeps at which nobody opens the desk. */
  get kept() {
    return Object.fromEntries(Object.entries(this.listed).filter(([path]) => !this.desk.includes(path)));
  }

  /** Writes the service worker's list, as the build does. */
  #list() {
    const list = JSON.stringify(this.listed);
    const path = join(this.folder, 'sw.js');
    const worker = readFileSync(path, 'utf8');
    const manifest = `/*@precache*/{version:"${sha256(list + worker).slice(0, 16)}",files:${list},desk:${JSON.stringify(this.desk)},codes:${JSON.stringify(this.codes)}}/*@end*/`;
    writeFileSync(path, worker.replace(/\/\*@precache\*\/.*?\/\*@end\*\//s, () => manifest));
  }
}
