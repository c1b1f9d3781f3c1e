/** One flag of a verb. Every flag can also be set by its environment variable; the flag wins. */
export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  readonly env: string;
  readonly kind: "text" | "boolean" | "integer" | "duration" | "choice";
  /** The value when neither flag nor variable is set; "" means none. */
  readonly default: string;
  /** What the value is, e.g. `FILE`; none for a boolean. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** A short form of one letter, without the dash. */
  readonly short?: string;
  readonly help: string;
}

/** Values of flags, read by name and kind. */
export class FlagValues {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new RangeError(`Cannot read the flag --${name}: not declared`);
    return value;
  }

  boolean(name: string): boolean {
    return this.text(name) === "true";
  }

  integer(name: string): number {
    return Number(this.text(name));
  }
}

/** Something wrong with the words on the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
