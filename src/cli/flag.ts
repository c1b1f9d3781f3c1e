import { errorText } from "#base";

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

/** Something wrong with the words on the command line: exit code 2. Its message says all, its cause is for debuggers. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Why a file or folder that somebody named cannot be read, in a few words. */
export function fileFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (error instanceof Deno.errors.NotADirectory) {
    return "something on the way to it is a file, and no folder";
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  const isRefused = error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable;
  return isRefused ? "it may not be read" : errorText(error);
}
