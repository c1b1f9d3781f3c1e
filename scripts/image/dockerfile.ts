/**
 * The last stage of `Dockerfile`, read so that it can be followed where there is no Docker: it is the one place that says
 * what is in the image and how it starts.
 */

/** What the last stage does. */
export interface LastStage {
  /** The image it begins with. */
  readonly from: string;
  /** Its commands for the shell. */
  readonly script: string;
  readonly copies: readonly Copy[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly exposedPorts: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/** A file that comes into the image. */
export interface Copy {
  /** The stage that has it; the checkout when left out. */
  readonly stage?: string;
  readonly source: string;
  readonly target: string;
}

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Instructions that are followed; any other would be left out silently. */
const KNOWN = ["ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "LABEL", "RUN", "USER"];

/**
 * Reads the last stage.
 *
 * @param values of its arguments, where not their defaults
 * @throws {Error} for instructions that are not understood
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lastStage } from "./dockerfile.ts";
 * const stage = lastStage('FROM debian:13-slim\nARG V=1\nLABEL version="${V}"\nUSER 1:1\nCMD ["run"]', {});
 * assertEquals(stage.labels, { version: "1" });
 * assertEquals(stage.cmd, ["run"]);
 * ```
 */
export function lastStage(text: string, values: Readonly<Record<string, string>>): LastStage {
  const all = instructionsOf(text);
  const stage = all.slice(all.findLastIndex(({ name }) => name === "FROM"));
  const strange = stage.find(({ name }) => !KNOWN.includes(name));
  if (strange) throw new Error(`Cannot follow ${strange.name} of the Dockerfile without Docker`);
  const args = { ...settingsOf(restsOf(stage, "ARG")), ...values };
  const filled = (name: string) => restsOf(stage, name).map((rest) => withValues(rest, args));
  const [from = ""] = filled("FROM");
  return {
    from,
    script: filled("RUN").join("\n"),
    copies: filled("COPY").map(copyOf),
    env: settingsOf(filled("ENV")),
    labels: settingsOf(filled("LABEL")),
    user: filled("USER").at(-1) ?? "0:0",
    exposedPorts: filled("EXPOSE").flatMap((rest) => rest.split(" ")).map((port) => `${port}/tcp`),
    entrypoint: wordsOf(filled("ENTRYPOINT")),
    cmd: wordsOf(filled("CMD")),
  };
}

/** Continued lines are one instruction; comments between them are left out. */
function instructionsOf(text: string): Instruction[] {
  return text.replaceAll(/^\s*#.*\n/gm, "").replaceAll(/\\\n\s*/g, "").split("\n")
    .filter((line) => line.trim() !== "").map((line) => {
      const [, name = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name, rest };
    });
}

function restsOf(stage: readonly Instruction[], name: string): string[] {
  return stage.filter((one) => one.name === name).map(({ rest }) => rest);
}

/** `name=value`, several in a line, values in quotes or not. */
function settingsOf(rests: readonly string[]): Record<string, string> {
  const pairs = rests.flatMap((rest) => [...rest.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g)]);
  return Object.fromEntries(
    pairs.map(([, name = "", quoted, plain]) => [name, quoted ?? plain ?? ""]),
  );
}

function withValues(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{([A-Z]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`Cannot follow the Dockerfile: no argument ${name}`);
    return value;
  });
}

function copyOf(rest: string): Copy {
  const [, stage, source = "", target = ""] = /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(rest) ?? [];
  if (target === "") throw new Error(`Cannot follow COPY ${rest} of the Dockerfile without Docker`);
  return { ...(stage === undefined ? {} : { stage }), source, target };
}

/** Only the form that needs no shell. */
function wordsOf(rests: readonly string[]): string[] {
  const text = rests.at(-1);
  if (text === undefined) return [];
  const words: unknown = JSON.parse(text);
  if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  throw new Error(`Cannot follow ${text} of the Dockerfile: it is no list of words`);
}
