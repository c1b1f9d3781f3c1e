import { Buffer } from "node:buffer";

/** How others may repeat a secret value, by a name for the spelling: what no message may hold. */
export function secretSpellings(value: string): ReadonlyMap<string, string> {
  const bytes = new TextEncoder().encode(value);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const middle = Math.ceil(value.length / 2);
  const json = JSON.stringify(value);
  return new Map([
    ["raw", value],
    ["quoted", json],
    ["quoted twice", JSON.stringify(json)],
    ["HTML-safe JSON", json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)],
    ["base64", base64(value)],
    ["base64 without padding", base64(value).replace(/=+$/, "")],
    ["base64 of a URL", Buffer.from(value).toString("base64url")],
    ["base64 behind one character", base64(`x${value}`)],
    ["base64 between others", base64(`my:${value} and more`)],
    ["percent-encoded", encodeURIComponent(value)],
    ["hexadecimal", bytes.toHex()],
    ["bytes", `[${[...bytes].join(" ")}]`],
    ["a nested struct", `core.X{Env:[]v1.EnvVar{{Name:"A", Value:"${value}"}}}`],
    ["over two lines", `${value.slice(0, middle)}\n    ${value.slice(middle)}`],
    ["capitals", value.toUpperCase()],
    ["small letters", value.toLowerCase()],
    ["cut off", `${value.slice(0, value.length - 2)}…`],
  ]);
}

/** How a number that was read from a value may be repeated. */
export function numberSpellings(value: number): ReadonlyMap<string, string> {
  return new Map([
    ["digits", String(value)],
    ["a float", `${value}.0`],
    ["an exponent", value.toExponential().replace("e+", "e+0")],
    ["a nested struct", `got &value.valueUnstructured{Value:${value}}`],
    ["a quantity", `{i:{value:${value} scale:0} d:{Dec:<nil>} s: Format:DecimalSI}`],
    ["thousandths", `${value}000m`],
    ["hexadecimal", `0x${value.toString(16)}`],
  ]);
}

/** A part of each value in each spelling: what no text may hold that comes out. */
export function spelledParts(values: readonly string[]): readonly string[] {
  return values.flatMap((value) =>
    [...secretSpellings(value)].filter(([name]) => name !== "a nested struct")
      .map(([, spelling]) => spelling.slice(2, 10))
  );
}

/** What texts hold of these parts, each with its text. */
export function leaksIn(texts: readonly string[], parts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    parts.filter((part) => text.includes(part)).map((part) => `${part} in: ${text}`)
  );
}
