import { COMPUTE_API_VERSION } from "#api";
import { isPlainObject, keyOf, type KubeObject } from "#base";
import {
  type BackendConfigNames,
  backendFacts,
  type Facts,
  type RenderForm,
  type Rendering,
  renderResource,
} from "#desired";
import { manifestProblemText, readManifests } from "#manifests";
import { yamlStream } from "./crds.ts";
import { type Flag, type FlagValues, UsageError } from "./flag.ts";
import { outputFlag, SETTINGS_FLAGS, text } from "./flags.ts";
import { distinctFiles, emptyProblems, namedFiles } from "./named_files.ts";
import { backendNamesFrom, settingsFrom } from "./settings.ts";
import type { Invocation, Verb } from "./verb.ts";

const FORM_FLAG: Flag = {
  name: "form",
  env: "RENDER_FORM",
  kind: "choice",
  default: "auto",
  value: "FORM",
  choices: ["auto", "applied", "reference"],
  help: "applied, reference, or auto: applied for yaml, reference for json",
};

/** `meshwright render` */
export const renderVerb: Verb = {
  name: "render",
  summary: "Print what the controller would create, without a cluster",
  words: "[PATH...]",
  description: [
    "Reads resources from files, folders or standard input (`-f -`): YAML, JSON, or one JSON object a line.",
    "BackendConfigs of the input count for its other resources, as they would in a cluster.",
    "yaml prints the objects as a stream; json prints one line for each of our resources, in order,",
    "with its problems and objects. Exit code 1 when a resource has a problem, 2 when a path holds no object.",
    "yaml shows objects as they are applied; json in the form in which the reference operator's generators",
    "write them, for comparisons: it differs only where an API server or pulsarctl would refuse that form (a",
    "Service's version reads core/v1, for one). --form asks for either.",
  ],
  flags: [
    {
      ...text("filename", "RENDER_FILE", "", "PATH", "Resources; - for standard input"),
      short: "f",
    },
    outputFlag(["yaml", "json"]),
    FORM_FLAG,
    ...SETTINGS_FLAGS,
  ],
  async run({ flags, words, output }: Invocation) {
    const file = flags.text("filename");
    if (file === "" && words.length === 0) {
      throw new UsageError("Name what to render: -f PATH, or -f - for standard input");
    }
    const settings = await settingsFrom(flags);
    const { empty, objects, unread } = await readObjects(file === "" ? words : [file, ...words]);
    [...empty, ...unread].forEach((line) => output.note(line));
    const ours = objects.filter((object) => object.apiVersion === COMPUTE_API_VERSION);
    const names = backendNamesFrom(flags);
    const form = formFrom(flags);
    const rendered = ours.map((object) =>
      renderResource(object, { facts: factsFor(object, ours, names), settings, form })
    );
    if (flags.text("output") === "json") {
      rendered.forEach((result) => output.out(JSON.stringify(result)));
    } else {
      const made = rendered.flatMap((result) => result.objects);
      if (made.length > 0) output.out(yamlStream(made));
      rendered.flatMap(problemLines).forEach((line) => output.note(line));
    }
    if (empty.length > 0) return 2;
    const isSound = unread.length === 0 && rendered.every((result) => result.problems.length === 0);
    return isSound ? 0 : 1;
  },
};

function formFrom(flags: FlagValues): RenderForm {
  const form = flags.text("form");
  if (form === "auto") return flags.text("output") === "json" ? "reference" : "applied";
  return form === "reference" ? "reference" : "applied";
}

/** The BackendConfigs among the input that a cluster would apply to a resource. */
function factsFor(
  object: KubeObject,
  all: readonly KubeObject[],
  names: BackendConfigNames,
): Facts {
  const configs = all.filter((other) => other.kind === "BackendConfig");
  return backendFacts(
    object.metadata.namespace ?? "default",
    names,
    ({ namespace, name }) =>
      configs.find((config) => {
        const key = keyOf(config);
        return (key.namespace || "default") === namespace && key.name === name;
      }),
  );
}

function problemLines(result: Rendering): string[] {
  const { kind, name } = result.resource;
  return result.problems.map((problem) => `${kind}/${name} ${problem.path}: ${problem.message}`);
}

interface ReadObjects {
  readonly objects: readonly KubeObject[];
  /** What could not be read at all. */
  readonly unread: readonly string[];
  /** Paths under which there is no object. */
  readonly empty: readonly string[];
}

async function readObjects(words: readonly string[]): Promise<ReadObjects> {
  const named = await namedFiles(words);
  const files = distinctFiles(named);
  const listed = files.map((file) => ({ file, lines: jsonLines(file.text) }));
  const read = readManifests(listed.flatMap(({ file, lines }) => lines === undefined ? file : []));
  const objects = listed.flatMap(({ file, lines }) =>
    lines ?? read.documents.filter((manifest) => manifest.file === file.path)
      .map((manifest) => manifest.object)
  );
  const full = listed.flatMap(({ file, lines = [] }) => lines.map(() => ({ file: file.path })));
  const empty = emptyProblems(named, { ...read, documents: [...read.documents, ...full] });
  const unread = [
    ...named.flatMap((word) => word.problems),
    ...read.problems.filter((problem) => problem.kind === undefined),
  ];
  return {
    objects,
    unread: unread.map(manifestProblemText),
    empty: empty.map(manifestProblemText),
  };
}

/** Objects written one a line, which no YAML reader takes; undefined when the text is something else. */
function jsonLines(content: string): KubeObject[] | undefined {
  const lines = content.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0 || !lines.every((line) => line.trimStart().startsWith("{"))) {
    return undefined;
  }
  try {
    const objects: unknown[] = lines.map((line) => JSON.parse(line));
    return objects.every(isObject) ? objects : undefined;
  } catch {
    // Not one object a line: a JSON document over several lines, or YAML in braces.
    return undefined;
  }
}

function isObject(value: unknown): value is KubeObject {
  return isPlainObject(value) && typeof value["apiVersion"] === "string" &&
    typeof value["kind"] === "string" && isPlainObject(value["metadata"]);
}
