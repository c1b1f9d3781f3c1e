import { closestString } from "@std/text";
import { parseArgs } from "node:util";
import { durationMs } from "#api";
import { type Flag, FlagValues, UsageError } from "./flag.ts";

/** What a command line says, checked. */
export interface ParsedArguments {
  readonly flags: FlagValues;
  /** Words that are no flags. */
  readonly words: readonly string[];
  readonly help: boolean;
}

/** Booleans as Go's flag package takes them, which people's manifests rely on. */
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/**
 * Reads flags and words; a flag beats its environment variable, which beats the default.
 *
 * Long flags may start with one dash or two, as with the reference operator. Booleans take `--x` and `--x=false`.
 *
 * @throws {UsageError} for an unknown flag (with the nearest known one), a missing or a bad value
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseArguments } from "./parse.ts";
 * const flag = { name: "output", env: "OUTPUT", kind: "text", default: "yaml", short: "o", help: "" } as const;
 * assertEquals(parseArguments(["-o", "json", "x"], { flags: [flag], env: {} }).flags.text("output"), "json");
 * ```
 */
export function parseArguments(
  args: readonly string[],
  { flags, env }: {
    readonly flags: readonly Flag[];
    readonly env: Readonly<Record<string, string | undefined>>;
  },
): ParsedArguments {
  const given = new Map<string, string>();
  const words: string[] = [];
  let help = false;
  for (const token of tokens(args, flags)) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    if (token.name === "help") help = true;
    else given.set(token.name, givenValue(token, flags));
  }
  const values = new Map(flags.map((flag) => [flag.name, valueOf(flag, given, env)]));
  return { flags: new FlagValues(values), words, help };
}

type Token =
  | {
    readonly kind: "option";
    readonly name: string;
    readonly rawName: string;
    readonly value?: string | undefined;
  }
  | { readonly kind: "positional"; readonly value: string }
  | { readonly kind: "option-terminator" };

function tokens(args: readonly string[], flags: readonly Flag[]): readonly Token[] {
  const options = Object.fromEntries(flags.map((flag) => [flag.name, {
    type: flag.kind === "boolean" ? "boolean" as const : "string" as const,
    ...(flag.short === undefined ? {} : { short: flag.short }),
  }]));
  const parsed = parseArgs({
    args: args.map(withTwoDashes),
    options: { ...options, help: { type: "boolean", short: "h" } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return parsed.tokens as readonly Token[];
}

/** `-metrics-addr` is one flag with Go, and eleven with everybody else. */
function withTwoDashes(arg: string): string {
  return /^-[a-z][a-z-]+/.test(arg) ? `-${arg}` : arg;
}

function givenValue(
  token: { readonly name: string; readonly rawName: string; readonly value?: string | undefined },
  flags: readonly Flag[],
): string {
  const flag = flags.find((known) => known.name === token.name);
  if (flag === undefined) throw new UsageError(unknownFlag(token.rawName, flags));
  if (flag.kind === "boolean") return checked(flag, token.value ?? "true", `--${flag.name}`);
  if (token.value === undefined) {
    throw new UsageError(`--${flag.name} needs a value: --${flag.name} ${flag.value ?? "VALUE"}`);
  }
  return checked(flag, token.value, `--${flag.name}`);
}

function unknownFlag(rawName: string, flags: readonly Flag[]): string {
  const name = rawName.replace(/^-+/, "");
  const near = closestString(name, ["help", ...flags.map((flag) => flag.name)]);
  return `Unknown flag ${rawName}: did you mean --${near}? (--help lists all)`;
}

function valueOf(
  flag: Flag,
  given: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const value = given.get(flag.name);
  if (value !== undefined) return value;
  const variable = env[flag.env];
  return variable === undefined
    ? flag.default
    : checked(flag, variable, `the variable ${flag.env}`);
}

function checked(flag: Flag, value: string, origin: string): string {
  switch (flag.kind) {
    case "boolean":
      if (TRUE.has(value)) return "true";
      // An empty variable counts as false, as with the reference operator.
      if (FALSE.has(value) || value === "") return "false";
      throw new UsageError(`Cannot read ${origin}: "${value}" is neither true nor false`);
    case "integer":
      if (/^\d{1,9}$/.test(value)) return value;
      throw new UsageError(`Cannot read ${origin}: "${value}" is no whole number`);
    case "duration":
      if (value === "" || durationMs(value) !== undefined) return value;
      throw new UsageError(`Cannot read ${origin}: "${value}" is no duration such as 30s or 1m30s`);
    case "choice":
      if (flag.choices?.includes(value) === true) return value;
      throw new UsageError(
        `Cannot read ${origin}: "${value}" is none of ${flag.choices?.join(", ")}`,
      );
    case "text":
      return value;
    default:
      return flag.kind satisfies never;
  }
}
