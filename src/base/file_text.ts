/**
 * The text in the bytes of a file: UTF-8, or UTF-16 where it begins with that byte order mark, as `kubectl` takes files.
 * The mark itself goes; bytes that are no text become U+FFFD.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fileText } from "#base";
 * assertEquals(fileText(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), "a");
 * assertEquals(fileText(new Uint8Array([0xff, 0xfe, 0x61, 0x00])), "a");
 * assertEquals(fileText(new Uint8Array([0xfe, 0xff, 0x00, 0x61])), "a");
 * ```
 */
export function fileText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}
