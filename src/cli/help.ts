import type { Flag } from "./flag.ts";
import type { Verb } from "./verb.ts";

/** The overview of all verbs. */
export function overview(verbs: readonly Verb[]): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length));
  return [
    "Meshwright: Pulsar functions and connectors on Kubernetes, straight from Git.",
    "",
    "Usage: meshwright [VERB] [FLAGS]",
    "",
    ...verbs.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`),
    "",
    "Without a verb it runs. `meshwright VERB --help` explains one.",
  ].join("\n");
}

/** What one verb does, with all its flags. */
export function verbHelp(verb: Verb): string {
  return [
    `${verb.summary}.`,
    "",
    `Usage: meshwright ${verb.name}${verb.words === "" ? "" : ` ${verb.words}`} [FLAGS]`,
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
