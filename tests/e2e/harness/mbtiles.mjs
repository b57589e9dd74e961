// A map as an operator has one: a file of MBTiles, which is a database of SQLite. What of its file format a few hundred small
// pictures need is written here, page by page: each table is one page.
import { writeFileSync } from 'node:fs';

const PAGE = 65_536;

/** Writes the file: `says` by name, and tiles `{z, x, y, bytes}`, their rows counted from the north. Returns its path. */
export function mbtiles(path, says, tiles) {
  const metadata = Object.entries(says);
  const rows = tiles.map(({ z, x, y, bytes }) => [z, x, 2 ** z - 1 - y, bytes]);
  const tables = [
    ['metadata', 'name text, value text', metadata],
    ['tiles', 'zoom_level integer, tile_column integer, tile_row integer, tile_data blob', rows],
  ];
  const schema = tables.map(([name, columns], at) => ['table', name, name, at + 2, `CREATE TABLE ${name} (${columns})`]);
  const pages = [table(schema, 100), ...tables.map(([, , content]) => table(content, 0))];
  head(pages.length).copy(pages[0]);
  writeFileSync(path, Buffer.concat(pages));
  return path;
}

/** What stands before the first page's own beginning. */
function head(pages) {
  const bytes = Buffer.alloc(100);
  bytes.write('SQLite format 3\0', 'latin1');
  bytes.writeUInt16BE(1, 16); // pages of 65,536 bytes
  bytes.set([1, 1, 0, 64, 32, 32], 18);
  for (const [at, value] of [[24, 1], [28, pages], [40, 1], [44, 4], [56, 1], [92, 1], [96, 3_051_003]]) {
    bytes.writeUInt32BE(value, at);
  }
  return bytes;
}

/** A page of a table, with all its rows. */
function table(rows, from) {
  const page = Buffer.alloc(PAGE);
  let end = PAGE;
  rows.forEach((values, at) => {
    const record = recordOf(values);
    const cell = Buffer.concat([varint(record.length), varint(at + 1), record]);
    end -= cell.length;
    cell.copy(page, end);
    page.writeUInt16BE(end, from + 8 + 2 * at);
  });
  if (end < from + 8 + 2 * rows.length) throw new Error(`${rows.length} rows are more than a page holds`);
  page[from] = 13; // a leaf
  page.writeUInt16BE(rows.length, from + 3);
  page.writeUInt16BE(end % PAGE, from + 5);
  return page;
}

function recordOf(values) {
  const parts = values.map((value) => {
    if (typeof value === 'number') {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      return [4, bytes];
    }
    const bytes = Buffer.from(value);
    return [2 * bytes.length + (typeof value === 'string' ? 13 : 12), bytes];
  });
  const types = Buffer.concat(parts.map(([type]) => varint(type)));
  return Buffer.concat([varint(types.length + 1), types, ...parts.map(([, bytes]) => bytes)]);
}

function varint(number) {
  const bytes = [number & 0x7f];
  for (let rest = number >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return Buffer.from(bytes);
}
