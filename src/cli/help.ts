import type { Flag } from "./flag.ts";
import type { ProgramName } from "./program_name.ts";
import type { Verb } from "./verb.ts";

/** The overview of all verbs. */
export function overview(verbs: readonly Verb[], { isPlugin, text }: ProgramName): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length));
  return [
    "Meshwright: Pulsar functions and connectors on Kubernetes, straight from Git.",
    "",
    `Usage: ${text} [VERB] [FLAGS]`,
    "",
    ...verbs.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`),
    "",
    `${isPlugin ? "" : "Without a verb it runs. "}\`${text} VERB --help\` explains one.`,
  ].join("\n");
}

/** What one verb does, with all its flags. */
export function verbHelp(verb: Verb, { text }: ProgramName): string {
  return [
    `${verb.summary}.`,
    "",
    `Usage: ${text} ${verb.name}${verb.words === "" ? "" : ` ${verb.words}`} [FLAGS]`,
    "",
    ...verb.description,
    ...(verb.flags.length === 0 ? [] : ["", "Flags (each also by the variable in brackets):", ""]),
    ...verb.flags.flatMap(flagHelp),
  ].join("\n");
}

function flagHelp(flag: Flag): string[] {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const value = flag.kind === "boolean" ? "" : ` ${flag.value ?? "VALUE"}`;
  const fallback = flag.default === "" ? "" : ` (default: ${flag.default})`;
  return [`  ${short}--${flag.name}${value} [${flag.env}]`, `      ${flag.help}${fallback}`];
}
