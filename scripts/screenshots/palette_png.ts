import { joinedBytes } from "#base";
import { deflateSync, inflateSync } from "node:zlib";

/** More colours than this no palette of a PNG has. */
const COLOURS_MAX = 256;
/** So many of those that are seen most stay as they are: large areas, however much alike. */
const KEPT = 120;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
const TRUE_COLOUR = 2;
const PALETTE = 3;

/** A picture, three bytes a pixel. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/**
 * The same picture with a palette of 256 colours at most: a third of the bytes for a page, which has few colours and the
 * edges of its letters.
 *
 * @param png of eight bits a channel, without transparency, as Chromium writes it
 * @throws {Error} when it is another kind of PNG
 */
export function palettePng(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const { height, rgb, width } = pixelsOf(png);
  const palette = paletteOf(rgb);
  const nearest = new Map<number, number>();
  const rows = new Uint8Array((width + 1) * height);
  for (let at = 0; at < width * height; at++) {
    const colour = colourAt(rgb, at);
    let index = nearest.get(colour);
    if (index === undefined) nearest.set(colour, index = nearestIn(palette, colour));
    // Each row begins with its filter, which is none.
    rows[at + Math.floor(at / width) + 1] = index;
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, PALETTE, 0, 0, 0], 8);
  const colours = new Uint8Array(palette.flatMap((one) => [one >> 16, one >> 8 & 255, one & 255]));
  return joinedBytes([
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("PLTE", colours),
    chunk("IDAT", new Uint8Array(deflateSync(rows, { level: 9, memLevel: 9 }))),
    chunk("IEND", new Uint8Array()),
  ]);
}

function pixelsOf(png: Uint8Array): Pixels {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const parts: Uint8Array[] = [];
  let [width, height, kind, depth] = [0, 0, -1, 0];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = view.getUint32(at);
    const name = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    const data = png.subarray(at + 8, at + 8 + length);
    if (name === "IHDR") {
      [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      [depth = 0, kind = -1] = data.subarray(8, 10);
    }
    if (name === "IDAT") parts.push(data);
    at += 12 + length;
  }
  const isPlain = kind === TRUE_COLOUR || kind === 6;
  if (depth !== 8 || !isPlain) {
    throw new Error(`Cannot read a PNG of depth ${depth} and kind ${kind}`);
  }
  const channels = kind === TRUE_COLOUR ? 3 : 4;
  const rows = unfiltered(new Uint8Array(inflateSync(joinedBytes(parts))), {
    width,
    height,
    channels,
  });
  if (channels === 3) return { width, height, rgb: rows };
  return { width, height, rgb: rows.filter((_byte, index) => index % 4 !== 3) };
}

/** Takes back what each row says of the one above it and of what is left of it. */
function unfiltered(
  bytes: Uint8Array,
  { channels, height, width }: {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
  },
): Uint8Array {
  const length = width * channels;
  const rows = new Uint8Array(length * height);
  for (let row = 0; row < height; row++) {
    const filter = bytes[row * (length + 1)] ?? 0;
    const start = row * length;
    for (let at = 0; at < length; at++) {
      const left = at < channels ? 0 : rows[start + at - channels] ?? 0;
      const up = row === 0 ? 0 : rows[start - length + at] ?? 0;
      const corner = row === 0 || at < channels ? 0 : rows[start - length + at - channels] ?? 0;
      const told = bytes[row * (length + 1) + 1 + at] ?? 0;
      const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)];
      rows[start + at] = told + (guesses[filter] ?? 0);
    }
  }
  return rows;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The colours that are seen most; of those that are nearly the same only one. */
function paletteOf(rgb: Uint8Array): number[] {
  const counts = new Map<number, number>();
  for (let at = 0; at < rgb.length / 3; at++) {
    const colour = colourAt(rgb, at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || a - b).map(([colour]) => colour);
  for (let closeness = 0;; closeness += 6) {
    const palette = sorted.slice(0, KEPT);
    for (const colour of sorted.slice(KEPT)) {
      if (palette.length > COLOURS_MAX) break;
      if (palette.every((other) => distance(colour, other) > closeness * closeness)) {
        palette.push(colour);
      }
    }
    if (palette.length <= COLOURS_MAX) return palette;
  }
}

function nearestIn(palette: readonly number[], colour: number): number {
  let [best, index] = [Infinity, 0];
  palette.forEach((other, at) => {
    const far = distance(colour, other);
    if (far < best) [best, index] = [far, at];
  });
  return index;
}

function distance(a: number, b: number): number {
  const [red, green, blue] = [
    (a >> 16) - (b >> 16),
    (a >> 8 & 255) - (b >> 8 & 255),
    (a & 255) - (b & 255),
  ];
  return red * red + green * green + blue * blue;
}

function colourAt(rgb: Uint8Array, at: number): number {
  return (rgb[3 * at] ?? 0) << 16 | (rgb[3 * at + 1] ?? 0) << 8 | (rgb[3 * at + 2] ?? 0);
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? sum >>> 1 ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
