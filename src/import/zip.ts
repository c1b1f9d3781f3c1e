import { boundedBytes } from "#base";

/** One file of an archive. */
interface Entry {
  readonly method: number;
  readonly packedSize: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_SIZE = 22;
const COMMENT_MAX = 0xffff;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
const [STORED, DEFLATED] = [0, 8];

/**
 * The files of a zip archive that somebody else made: a jar, a nar, a wheel. Nothing is written anywhere, names are only
 * compared, and no more is unpacked than asked for.
 */
export class ZipArchive {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(bytes: Uint8Array<ArrayBuffer>, entries: ReadonlyMap<string, Entry>) {
    this.#bytes = bytes;
    this.#entries = entries;
  }

  /** The archive that bytes are; undefined when they are none. */
  static of(bytes: Uint8Array<ArrayBuffer>): ZipArchive | undefined {
    try {
      const entries = entriesOf(bytes);
      return entries === undefined ? undefined : new ZipArchive(bytes, entries);
    } catch (error) {
      // A number in it leads out of it.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** Names of the files, as the archive orders them. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The content of a file; undefined when it is not there, is damaged, or has more bytes than `bytesMax`. */
  async read(
    name: string,
    { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const packed = this.#packed(name);
    if (packed === undefined) return undefined;
    const { bytes, method } = packed;
    if (method === STORED) return bytes.length > bytesMax ? undefined : bytes;
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    try {
      const read = await boundedBytes(inflated, { bytesMax, signal });
      return read.isWhole ? read.bytes : undefined;
    } catch (error) {
      signal.throwIfAborted();
      // Damaged data.
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  #packed(
    name: string,
  ): { readonly bytes: Uint8Array<ArrayBuffer>; readonly method: number } | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || ![STORED, DEFLATED].includes(entry.method)) return undefined;
    const { length } = this.#bytes;
    if (entry.offset + LOCAL_SIZE > length) return undefined;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
    if (view.getUint32(entry.offset, true) !== LOCAL_SIGNATURE) return undefined;
    const names = view.getUint16(entry.offset + 26, true) + view.getUint16(entry.offset + 28, true);
    const start = entry.offset + LOCAL_SIZE + names;
    const end = start + entry.packedSize;
    return end > length
      ? undefined
      : { bytes: this.#bytes.subarray(start, end), method: entry.method };
  }
}

function entriesOf(bytes: Uint8Array<ArrayBuffer>): Map<string, Entry> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view);
  if (end === undefined) return undefined;
  const count = view.getUint16(end + 10, true);
  const entries = new Map<string, Entry>();
  const decoder = new TextDecoder();
  let at = view.getUint32(end + 16, true);
  for (let index = 0; index < count; index++) {
    if (view.getUint32(at, true) !== ENTRY_SIGNATURE) return undefined;
    const nameLength = view.getUint16(at + 28, true);
    const more = view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    const name = decoder.decode(bytes.subarray(at + ENTRY_SIZE, at + ENTRY_SIZE + nameLength));
    entries.set(name, {
      method: view.getUint16(at + 10, true),
      packedSize: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    });
    at += ENTRY_SIZE + nameLength + more;
  }
  return entries;
}

/** Where the end of the directory is: behind it may be a comment. */
function endOf(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END_SIZE - COMMENT_MAX);
  for (let at = view.byteLength - END_SIZE; at >= first; at--) {
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  }
  return undefined;
}
