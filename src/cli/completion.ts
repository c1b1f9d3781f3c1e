import { type Flag, UsageError } from "./flag.ts";
import type { Verb } from "./verb.ts";

/** Shells for which there are completions. */
const SHELLS = ["bash", "zsh", "fish"] as const;

/** Names under which people call the program. */
const PROGRAMS = ["meshwright", "kubectl-mesh"] as const;

/** `meshwright completion SHELL`, for all verbs, itself included. */
export function completionVerb(others: readonly Verb[]): Verb {
  const verb: Verb = {
    name: "completion",
    summary: "Print completions for a shell",
    words: SHELLS.join("|"),
    description: [
      "bash: source <(meshwright completion bash)",
      "zsh:  source <(meshwright completion zsh), after compinit",
      "fish: meshwright completion fish | source",
    ],
    flags: [],
    run({ words, output }) {
      const [shell, ...rest] = words;
      const name = SHELLS.find((known) => known === shell);
      if (name === undefined || rest.length > 0) {
        throw new UsageError(`Name one shell: completion ${SHELLS.join("|")}`);
      }
      output.out(completionText(name, [...others, verb]));
      return Promise.resolve(0);
    },
  };
  return verb;
}

/** What a shell has to be told to complete verbs, flags, their values, files and names of resources. */
export function completionText(shell: typeof SHELLS[number], verbs: readonly Verb[]): string {
  switch (shell) {
    case "bash":
      return bashText(verbs);
    case "zsh":
      return zshText(verbs);
    case "fish":
      return fishText(verbs);
    default:
      return shell satisfies never;
  }
}

/** What comes after a verb, apart from flags. */
type Words =
  | { readonly kind: "nothing" | "files" | "syncs" }
  | { readonly kind: "choice"; readonly choices: readonly string[]; readonly thenNames: boolean };

function wordsOf({ words }: Verb): Words {
  if (words === "") return { kind: "nothing" };
  if (words.startsWith("PATH") || words.startsWith("[PATH")) return { kind: "files" };
  if (words === "NAME") return { kind: "syncs" };
  // A word that only its writer knows, as KIND/NAME.
  if (/^[A-Z]/.test(words)) return { kind: "nothing" };
  const [choices = ""] = words.split(" ");
  return { kind: "choice", choices: choices.split("|"), thenNames: words.includes("NAME") };
}

/** What a flag's value is one of; undefined for a flag without one, nothing where only its writer knows. */
function valuesOf({ choices, kind, value }: Flag): "files" | readonly string[] | undefined {
  if (kind === "boolean") return undefined;
  if (choices !== undefined) return choices;
  return value === "FILE" || value === "FOLDER" ? "files" : [];
}

function namesOf({ name, short }: Flag): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

const HELP: Flag = {
  name: "help",
  env: "",
  kind: "boolean",
  default: "",
  short: "h",
  help: "What it does",
};

function flagsOf(verb: Verb): readonly Flag[] {
  return [...verb.flags, HELP];
}

/** Asks the cluster for names, in front of the slash their kind; what cannot be known is not completed. */
function namesCommand(what: string): string {
  return `get "${what}" -o name 2>/dev/null`;
}

function bashText(verbs: readonly Verb[]): string {
  return [
    "# Completions of meshwright for bash.",
    "_meshwright_names() {",
    `  local names=$("\${COMP_WORDS[0]}" ${namesCommand("$1")} | sed 's|.*/||')`,
    '  COMPREPLY=($(compgen -W "$names" -- "$cur"))',
    "}",
    "_meshwright() {",
    "  local cur prev",
    "  COMPREPLY=()",
    "  cur=${COMP_WORDS[COMP_CWORD]}",
    "  prev=${COMP_WORDS[COMP_CWORD - 1]}",
    // bash makes three words of --flag=value.
    '  if [[ $cur == "=" ]]; then cur=""',
    '  elif [[ $prev == "=" ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi',
    "  if ((COMP_CWORD == 1)); then",
    `    COMPREPLY=($(compgen -W "${verbs.map(({ name }) => name).join(" ")}" -- "$cur"))`,
    "    return",
    "  fi",
    "  case ${COMP_WORDS[1]} in",
    ...verbs.flatMap((verb) => [
      `    ${verb.name})`,
      ...bashVerb(verb).map((line) => `      ${line}`),
      "      ;;",
    ]),
    "  esac",
    "}",
    `complete -F _meshwright ${PROGRAMS.join(" ")}`,
  ].join("\n");
}

function bashVerb(verb: Verb): string[] {
  const flags = flagsOf(verb);
  return [
    "case $prev in",
    ...flags.flatMap((flag) => {
      const values = valuesOf(flag);
      if (values === undefined) return [];
      const from = values === "files" ? "-f" : `-W "${values.join(" ")}"`;
      return [`  ${namesOf(flag).join("|")}) COMPREPLY=($(compgen ${from} -- "$cur")); return ;;`];
    }),
    "esac",
    "if [[ $cur == -* ]]; then",
    `  COMPREPLY=($(compgen -W "${flags.flatMap(namesOf).join(" ")}" -- "$cur"))`,
    "  return",
    "fi",
    ...bashWords(wordsOf(verb)),
  ];
}

function bashWords(words: Words): string[] {
  switch (words.kind) {
    case "nothing":
      return [];
    case "files":
      return ['COMPREPLY=($(compgen -f -- "$cur"))'];
    case "syncs":
      return ["_meshwright_names syncs"];
    case "choice": {
      const choice = `COMPREPLY=($(compgen -W "${words.choices.join(" ")}" -- "$cur"))`;
      const isFirst = "((COMP_CWORD == 2))";
      return words.thenNames
        ? [`if ${isFirst}; then ${choice}; else _meshwright_names "\${COMP_WORDS[2]}"; fi`]
        : [`if ${isFirst}; then ${choice}; fi`];
    }
    default:
      return words satisfies never;
  }
}

function zshText(verbs: readonly Verb[]): string {
  return [
    `#compdef ${PROGRAMS.join(" ")}`,
    "# Completions of meshwright for zsh.",
    "_meshwright_names() {",
    `  compadd -- \${(f)"$($words[1] ${namesCommand("$1")} | sed 's|.*/||')"}`,
    "}",
    "_meshwright() {",
    "  local -a verbs flags",
    "  if ((CURRENT == 2)); then",
    "    verbs=(",
    ...verbs.map(({ name, summary }) => `      ${quoted(`${name}:${summary}`)}`),
    "    )",
    "    _describe verb verbs",
    "    return",
    "  fi",
    "  case $words[2] in",
    ...verbs.flatMap((verb) => [
      `    ${verb.name})`,
      ...zshVerb(verb).map((line) => `      ${line}`),
      "      ;;",
    ]),
    "  esac",
    "}",
    `compdef _meshwright ${PROGRAMS.join(" ")}`,
  ].join("\n");
}

function zshVerb(verb: Verb): string[] {
  const flags = flagsOf(verb);
  return [
    "case $words[CURRENT-1] in",
    ...flags.flatMap((flag) => {
      const values = valuesOf(flag);
      if (values === undefined) return [];
      const offered = values === "files" ? "_files" : `compadd -- ${values.join(" ")}`;
      return [`  ${namesOf(flag).join("|")}) ${offered}; return ;;`];
    }),
    "esac",
    "if [[ $PREFIX == -* ]]; then",
    "  flags=(",
    ...flags.flatMap((flag) =>
      namesOf(flag).map((name) => `    ${quoted(`${name}:${flag.help}`)}`)
    ),
    "  )",
    "  _describe flag flags",
    "  return",
    "fi",
    ...zshWords(wordsOf(verb)),
  ];
}

function zshWords(words: Words): string[] {
  switch (words.kind) {
    case "nothing":
      return [];
    case "files":
      return ["_files"];
    case "syncs":
      return ["_meshwright_names syncs"];
    case "choice": {
      const otherwise = words.thenNames ? "else _meshwright_names $words[3]; fi" : "fi";
      const first = `compadd -- ${words.choices.join(" ")}`;
      return [`if ((CURRENT == 3)); then ${first}; ${otherwise}`];
    }
    default:
      return words satisfies never;
  }
}

function fishText(verbs: readonly Verb[]): string {
  return [
    "# Completions of meshwright for fish.",
    "function __meshwright_verb_is",
    "  set -l words (commandline -opc)",
    '  test (count $words) -ge 2; and test $words[2] = "$argv[1]"',
    "end",
    "function __meshwright_at",
    "  test (count (commandline -opc)) -eq $argv[1]",
    "end",
    "function __meshwright_names",
    "  set -l words (commandline -opc)",
    `  $words[1] ${namesCommand("$argv[1]")} | string replace -r '.*/' ''`,
    "end",
    ...PROGRAMS.flatMap((program) => [
      `complete -c ${program} -f`,
      ...verbs.flatMap((verb) => fishVerb(program, verb)),
    ]),
  ].join("\n");
}

function fishVerb(program: string, verb: Verb): string[] {
  const under = `complete -c ${program} -n ${quoted(`__meshwright_verb_is ${verb.name}`)}`;
  return [
    `complete -c ${program} -n '__meshwright_at 1' -a ${verb.name} -d ${quoted(verb.summary)}`,
    ...flagsOf(verb).map((flag) => {
      const values = valuesOf(flag);
      const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
      const value = values === undefined
        ? ""
        : values === "files"
        ? " -r -F"
        : ` -x -a ${quoted(values.join(" "))}`;
      return `${under} -l ${flag.name}${short}${value} -d ${quoted(flag.help)}`;
    }),
    ...fishWords(under, verb),
  ];
}

function fishWords(under: string, verb: Verb): string[] {
  const words = wordsOf(verb);
  switch (words.kind) {
    case "nothing":
      return [];
    case "files":
      return [`${under} -F`];
    case "syncs":
      return [`${under} -a '(__meshwright_names syncs)'`];
    case "choice": {
      const at = (count: number) => `${under.slice(0, -1)}; and __meshwright_at ${count}'`;
      const first = `${at(2)} -a ${quoted(words.choices.join(" "))}`;
      const names = "'(__meshwright_names (commandline -opc)[3])'";
      return words.thenNames ? [first, `${at(3)} -a ${names}`] : [first];
    }
    default:
      return words satisfies never;
  }
}

/** For all three shells: nothing in single quotes means anything, and a single quote is said between two others. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
