import type { MeshSync } from "#api";
import { healthRuleProblems } from "#gitops";
import {
  droppedVersionWarnings,
  isNestedSync,
  type Manifest,
  type ManifestFile,
  type ManifestProblem,
  manifestProblemText,
  manifestsOnce,
  ownerProblems,
  problemOf,
} from "#manifests";
import { UsageError } from "./flag.ts";
import { outputFlag } from "./flags.ts";
import { distinctFiles, emptyProblems, namedFiles } from "./named_files.ts";
import { REACH_FLAGS, tenantProblems } from "./tenant_problems.ts";
import { topologyFindings, topologyWarnings } from "./topology_findings.ts";
import type { Verb } from "./verb.ts";

/** `meshwright validate` */
export const validateVerb: Verb = {
  name: "validate",
  summary: "Check manifests without a cluster",
  words: "PATH...",
  description: [
    "Reads files whatever they are called, - for standard input, and folders with all that is below them and not",
    "hidden there: *.yaml, *.yml and *.json. A PATH without any object is a problem.",
    "Each problem is a line `file:line: Kind/name field.path: what is wrong, and what to do`.",
    "With --tenant-namespace or --gitops-rights also what the loop of a shared cluster would refuse.",
    "Warnings go to standard error and do not count, those between components (a shared subscription, a cycle,",
    "types that do not fit) among them; -o json has these as findings too, with what may be meant. Exit code 1 when",
    "there is a problem.",
  ],
  flags: [...REACH_FLAGS, outputFlag(["text", "json"])],
  async run({ flags, words, output }) {
    if (words.length === 0) throw new UsageError("Name what to check: meshwright validate PATH...");
    const named = await namedFiles(words);
    const files = distinctFiles(named);
    const read = await manifestsOnce({}, files);
    const { documents } = read;
    const problems = [
      ...named.flatMap((word) => word.problems),
      ...emptyProblems(named, read),
      ...read.problems,
      ...ownerProblems(documents),
      ...documents.flatMap(expressionProblems),
      ...tenantProblems(documents, flags),
    ];
    const findings = topologyFindings(documents, [...problems, ...read.warnings]);
    const warnings = [
      ...read.warnings,
      ...documents.flatMap(droppedVersionWarnings),
      ...topologyWarnings(findings),
    ];
    if (flags.text("output") === "json") {
      output.out(JSON.stringify({ objects: documents.length, problems, warnings, findings }));
    } else {
      problems.forEach((problem) => output.out(manifestProblemText(problem)));
      warnings.forEach((warning) => output.note(`warning: ${manifestProblemText(warning)}`));
      output.note(summary(files, { objects: documents.length, problems }));
    }
    return problems.length === 0 ? 0 : 1;
  },
};

/** What of a MeshSync only the loop knows: whether its expressions are any. */
function expressionProblems(manifest: Manifest): ManifestProblem[] {
  if (!isNestedSync(manifest.object)) return [];
  return healthRuleProblems(manifest.object as MeshSync)
    .map(({ message, path }) => problemOf(manifest, message, path));
}

function summary(
  files: readonly ManifestFile[],
  { objects, problems }: {
    readonly objects: number;
    readonly problems: readonly ManifestProblem[];
  },
): string {
  return `${counted(files.length, "file")}, ${counted(objects, "object")}, ${
    counted(problems.length, "problem")
  }`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
