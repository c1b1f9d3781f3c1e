import { isPlainObject } from "#base";
import { withoutCredentials } from "./credentials.ts";
import { type Notes, shown } from "./notes.ts";

type Raw = Readonly<Record<string, unknown>>;

/**
 * A foreign object that is read a member at a time. What nobody asked for, and what is of another type than it should be, is
 * a line of the report in the end.
 */
export class Members {
  readonly #raw: Raw;
  readonly #path: string;
  readonly #notes: Notes;
  readonly #asked = new Set<string>();

  constructor(raw: Raw, path: string, notes: Notes) {
    this.#raw = raw;
    this.#path = path;
    this.#notes = notes;
  }

  /** Where a member is. */
  path(name: string): string {
    return memberPath(this.#path, name);
  }

  /** Whether a member is there, whatever it is. */
  has(name: string): boolean {
    return this.#member(name) !== undefined;
  }

  /** A text; an empty one is none. */
  text(name: string): string | undefined {
    const value = this.#asking(name);
    if (value === undefined || value === "") return undefined;
    return typeof value === "string" ? value : this.#wrong(name, "a text");
  }

  flag(name: string): boolean | undefined {
    const value = this.#asking(name);
    if (value === undefined || typeof value === "boolean") return value;
    return this.#wrong(name, "true or false");
  }

  /** A whole number of as many bits as a manifest has for it. */
  integer(name: string, bits: 32 | 64 = 32): number | undefined {
    const value = this.#asking(name);
    if (value === undefined) return undefined;
    const max = bits === 32 ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
    const fits = typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= max;
    return fits ? value : this.#wrong(name, `a whole number of ${bits} bits`);
  }

  number(name: string): number | undefined {
    const value = this.#asking(name);
    if (value === undefined) return undefined;
    return typeof value === "number" && Number.isFinite(value)
      ? value
      : this.#wrong(name, "a number");
  }

  /** One of several words, whatever their letters' size. */
  choice<const T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
    return found ?? this.#wrong(name, `one of ${choices.join(", ")}`);
  }

  /** Texts of a list. */
  texts(name: string): string[] | undefined {
    const value = this.#asking(name);
    if (value === undefined) return undefined;
    const isRight = Array.isArray(value) && value.every((item) => typeof item === "string");
    return isRight ? value : this.#wrong(name, "a list of texts");
  }

  /** Any object. */
  object(name: string): Raw | undefined {
    const value = this.#asking(name);
    if (value === undefined) return undefined;
    return isPlainObject(value) ? value : this.#wrong(name, "an object");
  }

  /** An object whose members are read one by one. */
  members(name: string): Members | undefined {
    const value = this.object(name);
    return value === undefined ? undefined : new Members(value, this.path(name), this.#notes);
  }

  /** The objects of a map, by name, sorted. */
  map(name: string): [string, Members][] {
    const value = this.object(name) ?? {};
    const all = new Members(value, this.path(name), this.#notes);
    return Object.keys(value).sort().flatMap((key) => {
      const item = all.members(key);
      return item === undefined ? [] : [[key, item] as [string, Members]];
    });
  }

  /** A map of texts without what looks like a credential, or undefined when nothing is left. */
  properties(name: string): Record<string, string> | undefined {
    const cleaned = this.configuration(name);
    const all = Object.entries(cleaned ?? {});
    const texts = all.filter((entry): entry is [string, string] => typeof entry[1] === "string");
    for (const [key] of all.filter(([, value]) => typeof value !== "string")) {
      this.#notes.unsaid(memberPath(this.path(name), key), "is no text, left out");
    }
    return texts.length === 0 ? undefined : Object.fromEntries(texts);
  }

  /** A free object without what looks like a credential, which is a task for each member that was taken out. */
  configuration(name: string): Raw | undefined {
    const given = this.object(name);
    if (given === undefined) return undefined;
    const { taken, value } = withoutCredentials(given);
    for (const steps of taken) {
      this.#notes.task(
        steps.reduce(memberPath, this.path(name)),
        "looks like a credential and is left out: give it to the component some other way",
      );
    }
    return value as Raw;
  }

  /** Says that a member that was asked for cannot be said, with its value unless that looks like a credential. */
  unsaid(name: string, why: string): void {
    this.#asked.add(name);
    const value = this.#member(name);
    if (value === undefined) return;
    this.#notes.unsaid(this.path(name), `${why} (${harmless(name, value)})`);
  }

  /** Makes members known that say nothing that matters here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#asked.add(name);
  }

  /** Reports what nobody asked for. */
  end(): void {
    for (const name of Object.keys(this.#raw).sort()) {
      if (!this.#asked.has(name)) this.unsaid(name, "is a member that is not known here, left out");
    }
  }

  #asking(name: string): unknown {
    this.#asked.add(name);
    return this.#member(name);
  }

  #member(name: string): unknown {
    return Object.hasOwn(this.#raw, name) ? this.#raw[name] ?? undefined : undefined;
  }

  #wrong(name: string, expected: string): undefined {
    this.#notes.unsaid(
      this.path(name),
      `is not ${expected}, left out (${harmless(name, this.#member(name))})`,
    );
    return undefined;
  }
}

/** Where a member is, in words that a line can hold. */
export function memberPath(path: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${path}[${shown(name).slice(1, -1)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** A value as a line may show it. */
function harmless(name: string, value: unknown): string {
  const { taken } = withoutCredentials({ [name]: value });
  return taken.length > 0 ? "a value that looks like a credential" : `\`${shown(value)}\``;
}
