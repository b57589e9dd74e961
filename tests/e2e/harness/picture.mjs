// Pictures as PNG: a photo to take, of noise, so that shrinking it is real work; and a square of a map.
import { writeFileSync } from 'node:fs';
import { deflateSync, crc32 } from 'node:zlib';

function chunk(type, body) {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  const data = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(data));
  return Buffer.concat([head, data, check]);
}

/** A whole file: size, bits of a sample, kind of colours, the chunks between header and pixels, rows of pixels. */
function png(width, height, bits, colours, between, rows, level) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colours, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header), between, chunk('IDAT', deflateSync(rows, { level })), chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A square of 256 pixels in a colour, with a line of another at its northern and western edges. */
export function square([red, green, blue]) {
  const palette = chunk('PLTE', Buffer.from([red, green, blue, red >> 1, green >> 1, blue >> 1]));
  const row = Buffer.alloc(33);
  row[1] = 0x80;
  const edge = Buffer.alloc(33, 0xff);
  edge[0] = 0;
  return png(256, 256, 1, 3, palette, Buffer.concat([edge, ...Array(255).fill(row)]), 9);
}

/** Writes a picture of this size and returns its path. */
export function picture(path, width = 2000, height = 1500) {
  const row = width * 3 + 1;
  const pixels = Buffer.alloc(row * height);
  let state = 342;
  for (let at = 0; at < pixels.length; at += 1) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    pixels[at] = at % row === 0 ? 0 : ((at >> 6) + (state >> 26)) & 0xff;
  }
  writeFileSync(path, png(width, height, 8, 2, Buffer.alloc(0), pixels, 1));
  return path;
}
