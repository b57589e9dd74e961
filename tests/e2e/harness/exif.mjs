// A photo as a phone's camera writes it: lying on its side, with EXIF that says how to turn it and where it was taken.
import { writeFileSync } from 'node:fs';

/** Little-endian TIFF: orientation 6 (turn right), and a GPS directory with a latitude. */
function exif() {
  const tiff = Buffer.alloc(8 + 2 + 24 + 4 + 2 + 24 + 4 + 24);
  tiff.write('II*\0', 0, 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(2, 8);
  entry(tiff, 10, 0x0112, 3, 1, 6);
  entry(tiff, 22, 0x8825, 4, 1, 38);
  tiff.writeUInt16LE(2, 38);
  entry(tiff, 40, 0x0001, 2, 2, 'N'.charCodeAt(0));
  entry(tiff, 52, 0x0002, 5, 3, 68);
  [10, 1, 55, 1, 48, 1].forEach((number, at) => tiff.writeUInt32LE(number, 68 + 4 * at));
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

function entry(tiff, at, tag, type, count, value) {
  tiff.writeUInt16LE(tag, at);
  tiff.writeUInt16LE(type, at + 2);
  tiff.writeUInt32LE(count, at + 4);
  tiff.writeUInt32LE(value, at + 8);
}

/** Writes such a photo, `width` x `height` before it is turned: red on the left, which is to be on top, blue on the right. */
export async function cameraPhoto(page, path, width = 4000, height = 3000) {
  const plain = await page.evaluate(async ([width, height]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    context.fillStyle = '#d02020';
    context.fillRect(0, 0, width / 2, height);
    context.fillStyle = '#2020d0';
    context.fillRect(width / 2, 0, width / 2, height);
    // Grain, so that there is something to decode.
    for (let at = 0; at < 40_000; at += 1) {
      context.fillStyle = `rgb(${(at * 7) % 256} ${(at * 13) % 256} ${(at * 29) % 256} / 25%)`;
      context.fillRect((at * 7919) % width, (at * 104_729) % height, 40, 40);
    }
    const file = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
    return [...new Uint8Array(await file.arrayBuffer())];
  }, [width, height]);
  const bytes = Buffer.from(plain);
  const photo = Buffer.concat([bytes.subarray(0, 2), exif(), bytes.subarray(2)]);
  writeFileSync(path, photo);
  return photo;
}
