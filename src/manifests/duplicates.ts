import { groupOf, idText, keyOf, type KubeObject, perObject } from "#base";
import { type Manifest, type ManifestProblem, problemOf } from "./manifest.ts";

/**
 * A problem for each object that is there a second time, naming both places.
 *
 * @param manifests objects with their final namespaces
 */
export function duplicateProblems(manifests: readonly Manifest[]): ManifestProblem[] {
  const first = new Map<string, Manifest>();
  const problems: ManifestProblem[] = [];
  for (const manifest of manifests) {
    const { object } = manifest;
    // What has no name yet is nothing twice.
    if (typeof object.metadata.name !== "string" || object.metadata.name === "") continue;
    const id = objectText(object);
    const other = first.get(id);
    if (other === undefined) first.set(id, manifest);
    else {
      const message = `is given twice, first in ${other.file}:${other.line}; remove one of them`;
      problems.push(problemOf(manifest, message));
    }
  }
  return problems;
}

/** What an object is, in whatever version. */
const objectText = perObject((object: KubeObject) =>
  `${groupOf(object.apiVersion)} ${idText({ kind: object.kind, ...keyOf(object) })}`
);
