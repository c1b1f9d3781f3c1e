import { endBlocks, padding, tarHeader } from "../e2e/tar.ts";

/** A file of an archive. */
export interface ArchivedFile {
  /** Its name in the archive. */
  readonly name: string;
  readonly path: string;
  readonly mode: number;
}

/** Writes files as a `.tar.gz`; the same files give the same bytes. */
export async function writeArchive(path: string, files: readonly ArchivedFile[]): Promise<void> {
  const output = await Deno.open(path, { create: true, write: true, truncate: true });
  await ReadableStream.from(tarChunks(files))
    .pipeThrough(new CompressionStream("gzip"))
    .pipeTo(output.writable);
}

async function* tarChunks(files: readonly ArchivedFile[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const { name, path, mode } of files) {
    const bytes = await Deno.readFile(path);
    yield new Uint8Array(tarHeader(name, { sizeBytes: bytes.length, mode }));
    yield bytes;
    yield new Uint8Array(padding(bytes.length));
  }
  yield new Uint8Array(endBlocks());
}
