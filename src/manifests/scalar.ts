/**
 * What a text in YAML stands for, as `kubectl` reads it: a reader of YAML 1.1 written in Go, with Go's numbers. Pure.
 *
 * @module
 */

/** A value, or why there is none. */
export type ScalarValue =
  | {
    readonly value: Scalar;
    /** Whether Go holds it as a float; as the name of a member it reads otherwise then. */
    readonly isFloat?: true;
  }
  | { readonly message: string };

/** A value that holds no others. */
export type Scalar = string | number | boolean | null;

/** A scalar as it is written. */
export interface WrittenScalar {
  readonly text: string;
  /** Without quotes and not as a block. */
  readonly isPlain: boolean;
  /** In full (`tag:yaml.org,2002:int`); absent without one. */
  readonly tag?: string | undefined;
}

const PREFIX = "tag:yaml.org,2002:";

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...withCases(["y", "yes", "on", "true"], true),
  ...withCases(["n", "no", "off", "false"], false),
  ...withCases(["null"], null),
  ["", null],
  ["~", null],
]);

function withCases<T>(words: readonly string[], value: T): [string, T][] {
  return words.flatMap((word) => {
    const title = word.slice(0, 1).toUpperCase() + word.slice(1);
    return [word, title, word.toUpperCase()].map((spelling): [string, T] => [spelling, value]);
  });
}

/**
 * The value of a scalar.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scalarValue } from "./scalar.ts";
 * const plain = (text: string) => scalarValue({ text, isPlain: true });
 * assertEquals(["on", "0644", "0o17", "10:30", "~"].map(plain), [
 *   { value: true }, { value: 420 }, { value: 15 }, { value: "10:30" }, { value: null },
 * ]);
 * assertEquals(plain("1e3"), { value: 1000, isFloat: true });
 * assertEquals(scalarValue({ text: "12", isPlain: true, tag: "tag:yaml.org,2002:str" }), { value: "12" });
 * ```
 */
export function scalarValue({ isPlain, tag, text }: WrittenScalar): ScalarValue {
  if (tag === undefined) return isPlain ? untagged(text) : { value: text };
  switch (tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : "") {
    case "int":
      return fitting(text, tag, (value) => typeof value === "number" && !isFloatText(text));
    case "float":
      return fitting(text, tag, (value) => typeof value === "number");
    case "bool":
      return fitting(text, tag, (value) => typeof value === "boolean");
    case "null":
      return fitting(text, tag, (value) => value === null);
    case "timestamp":
      return isTimestamp(text) ? { value: text } : { message: misfit(text, tag) };
    case "binary":
      return binary(text);
    default:
      return { value: text };
  }
}

function fitting(
  text: string,
  tag: string,
  isFitting: (value: Scalar) => boolean,
): ScalarValue {
  const read = untagged(text);
  if ("message" in read) return read;
  return isFitting(read.value) ? read : { message: misfit(text, tag) };
}

function misfit(text: string, tag: string): string {
  const name = tag.slice(PREFIX.length);
  // The text itself may be a secret.
  return `is tagged !!${name}, which its ${text.length} characters are not; remove the tag`;
}

function binary(text: string): ScalarValue {
  try {
    return { value: new TextDecoder().decode(Uint8Array.fromBase64(text.replace(/[\r\n]/g, ""))) };
  } catch {
    // The words of the library could repeat the text.
    return { message: "is tagged !!binary, but is no base64" };
  }
}

function untagged(text: string): ScalarValue {
  const word = WORDS.get(text);
  if (word !== undefined) return { value: word };
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) {
    return { value: text.startsWith("-") ? -Infinity : Infinity, isFloat: true };
  }
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return { value: NaN, isFloat: true };
  // Go looks at nothing else than what begins like a number; a date is a text.
  if (!/^[-+.0-9]/.test(text) || isTimestamp(text)) return { value: text };
  const digits = text.startsWith(".") ? text : text.replaceAll("_", "");
  return integer(digits) ?? float(digits) ?? { value: text };
}

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

function isFloatText(text: string): boolean {
  return integer(text.replaceAll("_", "")) === undefined;
}

/** Largest of Go's integers; a longer number is a float. */
const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MIN = -(2n ** 63n);

/** `strconv.ParseInt` with base 0: a leading zero alone means octal. */
function integer(digits: string): ScalarValue | undefined {
  const isNegative = digits.startsWith("-");
  const body = isNegative || digits.startsWith("+") ? digits.slice(1) : digits;
  const value = integerOf(body);
  if (value === undefined) return undefined;
  const signed = isNegative ? -value : value;
  if (signed < INT64_MIN || signed > UINT64_MAX) return undefined;
  const number = Number(signed);
  // The JSON that is sent must say the same number.
  if (String(number) === String(signed)) return { value: number };
  return { message: unkeptNumber(body) };
}

/** Why a number is refused: without its digits, which may be a secret. */
export function unkeptNumber(digits: string): string {
  return `is a number of ${digits.length} characters that JSON cannot keep; put it in quotes if it is a text`;
}

/** More digits than any integer has, which would take long to read. */
const DIGITS_MAX = 100;

function integerOf(body: string): bigint | undefined {
  if (body.length > DIGITS_MAX) return undefined;
  if (/^0[0-7]+$/.test(body)) return BigInt(`0o${body.slice(1)}`);
  const isInteger = /^(?:0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(body);
  return isInteger ? BigInt(body.toLowerCase()) : undefined;
}

function float(digits: string): ScalarValue | undefined {
  if (!FLOAT.test(digits)) return undefined;
  const value = Number(digits);
  // What no float holds is a text to Go.
  return Number.isFinite(value) ? { value, isFloat: true } : undefined;
}

const DATE = /^\d{4}-\d{1,2}-\d{1,2}$/;
const TIME =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]| +)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?: *(?:Z|[-+]\d{1,2}(?::\d{2})?))?$/;

/** Whether a text is a date or a time, which stays the text that it is. */
function isTimestamp(text: string): boolean {
  return text.length < DIGITS_MAX && (DATE.test(text) || TIME.test(text));
}

/**
 * A value as the name of a member, as Go writes it; undefined for null, which is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memberName } from "./scalar.ts";
 * const names = [true, 8, null].map((value) => memberName({ value }));
 * assertEquals(names, ["true", "8", undefined]);
 * const floats = [0.1, 1, 1e21, 123456789.5].map((value) => memberName({ value, isFloat: true }));
 * assertEquals(floats, ["0.1", "1", "1e+21", "1.2345679e+08"]);
 * ```
 */
export function memberName(
  { isFloat, value }: { readonly value: Scalar; readonly isFloat?: true },
): string | undefined {
  if (value === null) return undefined;
  return typeof value === "number" && isFloat === true ? floatName(value) : String(value);
}

/** The fewest digits that a float of 32 bits needs, with an exponent where the number is long. */
function floatName(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value < 0 ? "-.inf" : ".inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  let text = "";
  for (let precision = 1; precision <= 9; precision++) {
    text = value.toExponential(precision - 1);
    if (Math.fround(Number(text)) === Math.fround(value)) break;
  }
  const [mantissa = "", exponent = "0"] = text.split("e");
  const power = Number(exponent);
  const digits = mantissa.replace(/[-.]/g, "").length;
  if (power >= -4 && power < 6) return Number(text).toFixed(Math.max(0, digits - 1 - power));
  const shown = String(Math.abs(power)).padStart(2, "0");
  return `${mantissa}e${power < 0 ? "-" : "+"}${shown}`;
}
