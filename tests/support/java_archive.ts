/** Bytes of a zip archive whose files are stored as they are, or packed. */
export async function zipArchive(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
  { isPacked = false }: { readonly isPacked?: boolean } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = isPacked ? await deflated(content) : content;
    const encoded = new TextEncoder().encode(name);
    const common = [...le(isPacked ? 8 : 0, 2), ...le(0, 8), ...le(bytes.length, 4)];
    const sizes = [...common, ...le(content.length, 4), ...le(encoded.length, 2), ...le(0, 2)];
    const local = new Uint8Array([...le(0x04034b50, 4), ...le(20, 2), ...le(0, 2), ...sizes]);
    parts.push(local, encoded, bytes);
    const entry = [...le(0x02014b50, 4), ...le(20, 2), ...le(20, 2), ...le(0, 2), ...sizes];
    directory.push(new Uint8Array([...entry, ...le(0, 10), ...le(offset, 4)]), encoded);
    offset += local.length + encoded.length + bytes.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const count = Object.keys(files).length;
  const end = [...le(0x06054b50, 4), ...le(0, 4), ...le(count, 2), ...le(count, 2)];
  const tail = new Uint8Array([...end, ...le(size, 4), ...le(offset, 4), ...le(0, 2)]);
  return new Uint8Array(await new Blob([...parts, ...directory, tail]).arrayBuffer());
}

/** Bytes of a Java class of which only the head counts: what it extends and implements. */
export function classBytes(
  head: { readonly superName?: string; readonly interfaces?: readonly string[] } & {
    readonly signature?: string;
  },
): Uint8Array<ArrayBuffer> {
  const { interfaces = [], signature, superName = "java/lang/Object" } = head;
  const names = ["Own", superName, ...interfaces];
  const texts = [...names, "Signature", signature ?? ""].map((text) => {
    const bytes = new TextEncoder().encode(text);
    return [1, ...be(bytes.length, 2), ...bytes];
  });
  const classes = names.map((_, index) => [7, ...be(index + 1, 2)]);
  const classOf = (index: number) => be(texts.length + 1 + index, 2);
  const attribute = [...be(names.length + 1, 2), ...be(2, 4), ...be(names.length + 2, 2)];
  return new Uint8Array([
    ...[...be(0xcafebabe, 4), ...be(61, 4), ...be(texts.length + classes.length + 1, 2)],
    ...[...texts, ...classes].flat(),
    ...[...be(0x21, 2), ...classOf(0), ...classOf(1), ...be(interfaces.length, 2)],
    ...interfaces.flatMap((_, index) => classOf(index + 2)),
    ...be(0, 4),
    ...(signature === undefined ? be(0, 2) : [...be(1, 2), ...attribute]),
  ]);
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return await new Response(packed).bytes();
}

/** A number with its lowest byte first. */
function le(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => index < 4 ? (value >>> (8 * index)) & 0xff : 0);
}

function be(value: number, size: number): number[] {
  return le(value, size).reverse();
}
