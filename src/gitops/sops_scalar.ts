import type { Scalar } from "yaml";

const NOTHING = /^(?:|~|null|Null|NULL)$/;
const TRUE = /^(?:true|True|TRUE)$/;
const FALSE = /^(?:false|False|FALSE)$/;
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * A readable value as SOPS counts it for a MAC; undefined for null, which does not count. SOPS reads YAML 1.2 as Go's
 * yaml.v3 does, and writes values back in one way each, whatever they look like in the file.
 */
export function macText(node: Scalar): string | undefined {
  if (node.type !== "PLAIN") return node.value === null ? undefined : String(node.value);
  const source = node.source ?? String(node.value ?? "");
  if (NOTHING.test(source)) return undefined;
  if (TRUE.test(source)) return "True";
  if (FALSE.test(source)) return "False";
  if (DATE.test(source)) return `${source}T00:00:00Z`;
  const digits = source.replaceAll("_", "");
  if (INTEGER.test(digits)) return integerText(digits);
  return FLOAT.test(digits) ? floatText(Number(digits)) : source;
}

function integerText(digits: string): string {
  const [, sign = "", body = ""] = /^([-+]?)(.*)$/.exec(digits) ?? [];
  // A leading zero alone means octal, as it did in YAML 1.1.
  const value = BigInt(/^0[0-7]+$/.test(body) ? `0o${body.slice(1)}` : body.toLowerCase());
  return String(sign === "-" ? -value : value);
}

/** Without an exponent, with as many digits as are needed. */
function floatText(value: number): string {
  const text = String(value);
  const [, sign = "", whole = "", rest = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?e([-+]\d+)$/.exec(text) ?? [];
  if (whole === "") return text;
  const shift = Number(exponent);
  const digits = whole + rest;
  if (shift < 0) return `${sign}0.${"0".repeat(-shift - 1)}${digits}`;
  return `${sign}${digits.padEnd(shift + 1, "0")}`;
}
