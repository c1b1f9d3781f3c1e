import { withoutValues } from "#base";
import { secretsIn } from "#gitops";
import type { Manifest, ManifestProblem } from "#manifests";
import {
  clustersIn,
  componentSources,
  type Finding,
  findings,
  findingText,
  topology,
} from "#topology";

/**
 * What is odd, or may be, between the components of files.
 *
 * @param told what is said of the files already; nothing is said twice of a field
 */
export function topologyFindings(
  documents: readonly Manifest[],
  told: readonly ManifestProblem[] = [],
): Finding[] {
  const known = new Set(told.map(placeText));
  const clusters = clustersIn(documents.map(({ object }) => object));
  const found = findings(topology(componentSources(documents), { clusters }));
  const secrets = secretsIn(documents);
  return found.filter((finding) => !known.has(placeText(problemOf(finding)))).map((finding) => ({
    ...finding,
    message: withoutValues(finding.message, secrets),
  }));
}

/** The findings that are warnings, as validate prints them. */
export function topologyWarnings(found: readonly Finding[]): ManifestProblem[] {
  return found.filter(({ severity }) => severity === "warning").map(problemOf);
}

function problemOf(finding: Finding): ManifestProblem {
  const { file = "", line = 0, object, path } = finding;
  return { file, line, ...object, path, message: findingText(finding) };
}

function placeText({ file, kind = "", name = "", path = "" }: ManifestProblem): string {
  return JSON.stringify([file, kind, name, path]);
}
