/** Numbers and quantities that were read from secret values, as a server prints them. Pure. */

/** A number of fewer digits is no secret in another spelling than its own. */
const DIGITS_MIN = 4;

const NUMBER =
  /^[+-]?(?:(0[xX][0-9a-fA-F]+|0[oO][0-7]+)|(\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)([A-Za-z]{0,2}))$/;
/** What units of quantities multiply with. */
const BINARY_UNITS = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL_UNITS = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const LENGTH_MAX = 64;

interface Quantity {
  readonly value: number;
  readonly hasUnit: boolean;
}

function quantityFrom(text: string): Quantity | undefined {
  const trimmed = text.trim();
  if (trimmed.length > LENGTH_MAX) return undefined;
  const [, whole, decimal, unit = ""] = NUMBER.exec(trimmed) ?? [];
  const digits = whole ?? decimal;
  if (digits === undefined) return undefined;
  const factor = unitFactor(unit);
  return factor === undefined
    ? undefined
    : { value: Number(digits.replaceAll("_", "")) * factor, hasUnit: unit !== "" };
}

function unitFactor(unit: string): number | undefined {
  const binary = BINARY_UNITS.indexOf(unit);
  if (binary >= 0) return 1024 ** (binary + 1);
  const decimal = DECIMAL_UNITS.indexOf(unit);
  return decimal < 0 ? undefined : 10 ** (3 * (decimal - 3));
}

/** A number as one of them is compared with another. */
export function numberKey(value: number): string {
  return value.toPrecision(12);
}

/** Whether a number is long enough to be told from others. */
function isTelling(value: number): boolean {
  const [mantissa = ""] = value.toPrecision(12).split("e");
  const digits = mantissa.replace(/\D/g, "").replace(/^0+/, "");
  const last = [...digits].findLastIndex((digit) => digit !== "0");
  return Math.abs(value) >= 10 ** (DIGITS_MIN - 1) || last + 1 >= DIGITS_MIN;
}

/** The numbers that may stand for a secret value, in all units, as keys; none where it is no number of some length. */
export function numberKeys(secret: string): string[] {
  const quantity = quantityFrom(secret);
  if (quantity === undefined || !isTelling(quantity.value)) return octalKeys(secret);
  const decimal = DECIMAL_UNITS.map((unit) => quantity.value / (unitFactor(unit) ?? 1));
  const binary = BINARY_UNITS.flatMap((unit) => {
    const factor = unitFactor(unit) ?? 1;
    return [quantity.value / factor, quantity.value * factor];
  });
  const keys = [...decimal, ...binary].filter((value) => Number.isFinite(value) && isTelling(value))
    .map(numberKey);
  return [...keys, ...octalKeys(secret)];
}

/** YAML 1.1 reads a number that begins with 0 by eights. */
function octalKeys(secret: string): string[] {
  const [, digits] = /^0([0-7]{4,20})$/.exec(secret.trim()) ?? [];
  return digits === undefined ? [] : [numberKey(Number(`0o${digits}`))];
}

/** How a server spells a quantity that was written with a unit: `1024Ki` is `1Mi`. */
export function quantityWords(secret: string): string[] {
  const quantity = quantityFrom(secret);
  if (quantity === undefined || !quantity.hasUnit) return [];
  return [...BINARY_UNITS, ...DECIMAL_UNITS].flatMap((unit) => {
    const count = quantity.value / (unitFactor(unit) ?? 1);
    return Number.isInteger(count) && count > 0 && unit !== "" ? [`${count}${unit}`] : [];
  });
}
