/** Headers of tar files (POSIX ustar), as far as our archives need them: plain files with short names. */

const BLOCK_BYTES = 512;
/** Eleven octal digits. */
const SIZE_BYTES_MAX = 8 ** 11 - 1;

/** A plain file. */
export interface TarFile {
  readonly sizeBytes: number;
  /** `0o644` when left out. */
  readonly mode?: number;
}

/**
 * The header of a plain file, with no time and no owner: same content, same bytes.
 *
 * @throws {RangeError} for names over 100 bytes and sizes over 8 GiB
 */
export function tarHeader(name: string, { sizeBytes, mode = 0o644 }: TarFile): Uint8Array {
  const encoder = new TextEncoder();
  const nameBytes = encoder.encode(name);
  if (nameBytes.length > 100 || sizeBytes > SIZE_BYTES_MAX) {
    throw new RangeError(`Cannot write ${name} of ${sizeBytes} bytes to a tar file: too long`);
  }
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (text: string, offset: number) => block.set(encoder.encode(text), offset);
  block.set(nameBytes);
  put(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124);
  put("00000000000\0", 136);
  // The checksum counts its own field as blanks.
  put("        ", 148);
  put("0", 156);
  put("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** What follows a file of that size, up to the next block. */
export function padding(sizeBytes: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - sizeBytes % BLOCK_BYTES) % BLOCK_BYTES);
}

/** The end of a tar file. */
export function endBlocks(): Uint8Array {
  return new Uint8Array(2 * BLOCK_BYTES);
}
