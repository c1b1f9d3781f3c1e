/** What a Java class says of its own type. */
export interface ClassFile {
  readonly superName: string | undefined;
  readonly interfaceNames: readonly string[];
  /** Its generic signature, where it has one. */
  readonly signature: string | undefined;
}

const MAGIC = 0xcafebabe;

/** Sizes of constants by their tag, without the tag; a text (1) has its own. */
const CONSTANT_SIZES: Readonly<Record<number, number>> = {
  ...{ 3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4 },
  ...{ 18: 4, 19: 2, 20: 2 },
};
const [TEXT, CLASS, LONG, DOUBLE] = [1, 7, 5, 6];

/** Reads numbers one after the other. */
class Cursor {
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u1(): number {
    return this.#view.getUint8(this.at++);
  }

  u2(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  u4(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }
}

/** The class that bytes are; undefined when they are none. Names have slashes, as in the file. */
export function classFile(bytes: Uint8Array): ClassFile | undefined {
  try {
    return readClass(bytes);
  } catch (error) {
    // A number in it leads out of it.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readClass(bytes: Uint8Array): ClassFile | undefined {
  const cursor = new Cursor(bytes);
  if (cursor.u4() !== MAGIC) return undefined;
  cursor.at += 4;
  const { classes, texts } = constants(cursor, bytes);
  const className = (index: number) => texts.get(classes.get(index) ?? 0);
  cursor.at += 4;
  const superName = className(cursor.u2());
  const interfaceNames = Array.from({ length: cursor.u2() }, () => className(cursor.u2()) ?? "");
  // Fields, then methods: nothing of them is of interest.
  for (let kind = 0; kind < 2; kind++) {
    for (let left = cursor.u2(); left > 0; left--) {
      cursor.at += 6;
      attributes(cursor, () => {});
    }
  }
  let signature: string | undefined;
  attributes(cursor, (name) => {
    if (texts.get(name) === "Signature") signature = texts.get(cursor.u2());
  });
  return { superName, interfaceNames, signature };
}

function constants(cursor: Cursor, bytes: Uint8Array) {
  const decoder = new TextDecoder();
  const texts = new Map<number, string>();
  const classes = new Map<number, number>();
  const count = cursor.u2();
  for (let index = 1; index < count; index++) {
    const tag = cursor.u1();
    if (tag === TEXT) {
      const length = cursor.u2();
      texts.set(index, decoder.decode(bytes.subarray(cursor.at, cursor.at + length)));
      cursor.at += length;
    } else if (tag === CLASS) {
      classes.set(index, cursor.u2());
    } else {
      const size = CONSTANT_SIZES[tag];
      if (size === undefined) throw new RangeError(`Cannot read a constant: no tag is ${tag}`);
      cursor.at += size;
      // These take two places.
      if (tag === LONG || tag === DOUBLE) index++;
    }
  }
  return { classes, texts };
}

function attributes(cursor: Cursor, look: (name: number) => void): void {
  for (let left = cursor.u2(); left > 0; left--) {
    const name = cursor.u2();
    const length = cursor.u4();
    const end = cursor.at + length;
    look(name);
    cursor.at = end;
  }
}
