/** Quantities of Kubernetes: exact values and canonical text (`k8s.io/apimachinery` resource.Quantity). */

/** How a quantity is spelled: `1500m`, `1Gi`, `1e3`. */
export type QuantityFormat = "decimal" | "binary" | "exponent";

/** A parsed quantity: `value` × 10^`scale`. */
export interface ParsedQuantity {
  readonly value: bigint;
  /** Power of ten. */
  readonly scale: number;
  readonly format: QuantityFormat;
  /** The text as it was written, without a plus sign. */
  readonly text: string;
  /** Whether the reference keeps the text as it is when it prints the quantity. */
  readonly canonical: boolean;
}

const QUANTITY = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;
const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_EXPONENTS: Readonly<Record<string, number>> = {
  Ki: 10,
  Mi: 20,
  Gi: 30,
  Ti: 40,
  Pi: 50,
  Ei: 60,
};
const INT64_MAX = 2n ** 63n - 1n;
/** More digits than this are nobody's quantity, and arithmetic with them takes its time. */
export const QUANTITY_LENGTH_MAX = 256;
/** Larger exponents are refused: nobody means them, and the exact value would not fit in memory. */
const EXPONENT_MAX = 1000;

/**
 * A quantity with its exact value, or undefined when the text is none.
 *
 * As Kubernetes does: what does not fit 18 digits is rounded up to nine decimals.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseQuantity } from "#api";
 * assertEquals(parseQuantity("1Gi")?.value, 1073741824n);
 * assertEquals(parseQuantity("a lot"), undefined);
 * ```
 */
export function parseQuantity(quantity: string | number): ParsedQuantity | undefined {
  const text = String(quantity);
  if (text.length > QUANTITY_LENGTH_MAX) return undefined;
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, sign = "", integer = "", fraction = "", suffix = ""] = match;
  if (integer === "" && fraction === "") return undefined;
  const digits: Digits = {
    negative: sign === "-",
    integer: integer.replace(/^0+/, "") || "0",
    fraction,
  };
  const plain = text.replace(/^\+/, "");
  const binary = BINARY_EXPONENTS[suffix];
  if (binary !== undefined) return binaryQuantity(digits, binary, plain);
  const exponent = DECIMAL_EXPONENTS[suffix] ?? Number(suffix.slice(1));
  if (Math.abs(exponent) > EXPONENT_MAX) return undefined;
  const format = suffix in DECIMAL_EXPONENTS ? "decimal" : "exponent";
  return decimalQuantity(digits, exponent, { format, text: plain });
}

/**
 * The text that the reference prints for a quantity, the same for equal spellings that it does not keep
 * What cannot be parsed is answered as it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { canonicalQuantity } from "#api";
 * assertEquals(["0.1", "1.1G", "1024Mi", "1.5Gi", 2].map(canonicalQuantity), ["100m", "1100M", "1Gi", "1536Mi", "2"]);
 * ```
 */
export function canonicalQuantity(quantity: string | number): string {
  const parsed = parseQuantity(quantity);
  if (parsed === undefined) return String(quantity);
  if (parsed.canonical) return parsed.text;
  if (parsed.value === 0n) return "0";
  const whole = wholeValue(parsed);
  if (parsed.format === "binary" && whole !== undefined && magnitude(whole) >= 1024n) {
    return binaryText(whole);
  }
  return decimalText(parsed);
}

/** Less than 0, 0 or more than 0, as `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: ParsedQuantity, b: ParsedQuantity): number {
  const scale = Math.min(a.scale, b.scale);
  const difference = a.value * power(a.scale - scale) - b.value * power(b.scale - scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The value in thousandths, rounded up: `100m` is 100. */
export function milliValue(quantity: ParsedQuantity): bigint {
  return scaled(quantity, 3);
}

/** The value as an integer, rounded up: bytes for memory, `100m` is 1. */
export function integerValue(quantity: ParsedQuantity): bigint {
  return scaled(quantity, 0);
}

/** The value as the reference computes it in floating point: `0.7` is 0.7000000000000001. */
export function approximateValue(quantity: ParsedQuantity): number {
  const value = Number(quantity.value);
  return quantity.scale === 0 ? value : value * Number(`1e${quantity.scale}`);
}

interface Digits {
  readonly negative: boolean;
  readonly integer: string;
  readonly fraction: string;
}

function decimalQuantity(
  digits: Digits,
  exponent: number,
  spelling: { readonly format: QuantityFormat; readonly text: string },
): ParsedQuantity {
  const all = digits.integer + digits.fraction;
  const value = signed(BigInt(all), digits.negative);
  const scale = exponent - digits.fraction.length;
  if (all.length <= 18 && scale >= -9) {
    // Zero is judged by its digits as well: `0` stays `0`, `0.0` becomes it.
    const canonical = scale % 3 === 0 && !all.endsWith("000") && !all.startsWith("0");
    return { value, scale, ...spelling, canonical };
  }
  return { value: rounded(value, scale), scale: -9, ...spelling, canonical: false };
}

function binaryQuantity(digits: Digits, exponent: number, text: string): ParsedQuantity {
  const { integer, fraction, negative } = digits;
  const precise = 15 - integer.length - Math.trunc(exponent * 3 / 10) - 1 >= 0;
  const factor = 2n ** BigInt(exponent);
  if (fraction === "" && precise) {
    const value = signed(BigInt(integer) * factor, negative);
    const canonical = BigInt(integer) % 8n !== 0n;
    return { value, scale: 0, format: "binary", text, canonical };
  }
  const exact = BigInt(integer + fraction) * factor;
  const scale = -fraction.length;
  if (exact > INT64_MAX * power(-scale)) {
    const value = signed(INT64_MAX, negative);
    return { value, scale: 0, format: "binary", text, canonical: false };
  }
  const value = signed(rounded(exact, scale), negative);
  const format = exact > 0n && exact < power(-scale) ? "decimal" : "binary";
  return { value, scale: -9, format, text, canonical: false };
}

/** `value` × 10^`scale` in units of 10^-9, away from zero. */
function rounded(value: bigint, scale: number): bigint {
  return scaled({ value, scale }, 9);
}

/** The value in units of 10^-`digits`, rounded away from zero. */
function scaled(
  quantity: { readonly value: bigint; readonly scale: number },
  digits: number,
): bigint {
  const shift = quantity.scale + digits;
  if (shift >= 0) return quantity.value * power(shift);
  const divisor = power(-shift);
  const up = magnitude(quantity.value) + divisor - 1n;
  return signed(up / divisor, quantity.value < 0n);
}

function wholeValue(quantity: ParsedQuantity): bigint | undefined {
  if (quantity.scale >= 0) return quantity.value * power(quantity.scale);
  const divisor = power(-quantity.scale);
  return quantity.value % divisor === 0n ? quantity.value / divisor : undefined;
}

function binaryText(whole: bigint): string {
  const suffixes = ["", ...Object.keys(BINARY_EXPONENTS)];
  let value = whole;
  let step = 0;
  while (value % 1024n === 0n && step < suffixes.length - 1) {
    value /= 1024n;
    step++;
  }
  return `${value}${suffixes[step]}`;
}

function decimalText(quantity: ParsedQuantity): string {
  let { value, scale } = quantity;
  while (value % 10n === 0n) {
    value /= 10n;
    scale++;
  }
  while (scale % 3 !== 0) {
    value *= 10n;
    scale--;
  }
  if (quantity.format === "exponent") return scale === 0 ? `${value}` : `${value}e${scale}`;
  const suffix = Object.entries(DECIMAL_EXPONENTS).find(([, exponent]) => exponent === scale)?.[0];
  if (suffix !== undefined) return `${value}${suffix}`;
  return scale > 18 ? `${value * power(scale - 18)}E` : `${value}e${scale}`;
}

function signed(value: bigint, negative: boolean): bigint {
  return negative ? -value : value;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function power(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}
