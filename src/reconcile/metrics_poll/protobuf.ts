/** One field of a protobuf message: a number for varints, the bytes for everything else. */
export interface ProtobufField {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** More than messages have that are meant; a byte or two a field, others would take much memory. */
const FIELDS_MAX = 10_000;
/** How many bytes a varint of 64 bits takes at most. */
const VARINT_BYTES_MAX = 10;

/**
 * The fields of a protobuf message in their order, as far as its bytes alone tell: which number means what, and whether
 * bytes are a text, a message or a double, is for the reader.
 *
 * @throws {RangeError} when the bytes are no message
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { protobufFields } from "./protobuf.ts";
 * assertEquals(protobufFields(new Uint8Array([0x08, 0x96, 0x01])), [{ number: 1, value: 150n }]);
 * ```
 */
export function protobufFields(bytes: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = varint(bytes, at);
    const field = fieldAt(bytes, tag.end, Number(tag.value & 7n));
    if (fields.length >= FIELDS_MAX) {
      throw new RangeError(`Cannot read a protobuf message: more than ${FIELDS_MAX} fields`);
    }
    fields.push({ number: Number(tag.value >> 3n), value: field.value });
    at = field.end;
  }
  return fields;
}

/** What was read, and where the next thing starts. */
interface Read<T> {
  readonly value: T;
  readonly end: number;
}

function fieldAt(bytes: Uint8Array, at: number, wireType: number): Read<bigint | Uint8Array> {
  switch (wireType) {
    case 0:
      return varint(bytes, at);
    case 1:
      return slice(bytes, at, 8);
    case 2: {
      const length = varint(bytes, at);
      return slice(bytes, length.end, Number(length.value));
    }
    case 5:
      return slice(bytes, at, 4);
    default:
      throw new RangeError(`Cannot read a protobuf message: wire type ${wireType}`);
  }
}

function slice(bytes: Uint8Array, at: number, length: number): Read<Uint8Array> {
  const end = at + length;
  if (end > bytes.length) throw new RangeError("Cannot read a protobuf message: it ends early");
  return { value: bytes.subarray(at, end), end };
}

function varint(bytes: Uint8Array, at: number): Read<bigint> {
  let value = 0n;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw new RangeError("Cannot read a protobuf message: it ends early");
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: at + index + 1 };
  }
  throw new RangeError("Cannot read a protobuf message: a number does not end");
}
