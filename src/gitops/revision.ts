import type { Remote, Revision } from "#git";
import type { GitOpsContext } from "./context.ts";
import type { Inputs } from "./source/remote.ts";
import { type PassedOver, selectedFiles } from "./manifests/files.ts";
import type { Manifest, ManifestProblem } from "./manifests/manifest.ts";
import {
  definedKinds,
  kindKey,
  type Kinds,
  type TargetObject,
  targetObject,
} from "./manifests/target.ts";
import { duplicateProblems } from "./manifests/read.ts";
import { logName, type Step } from "./step.ts";
import { manifestsWith } from "./manifests/read.ts";

/** A commit that was fetched. */
export interface Found {
  readonly remote: Remote;
  readonly revision: Revision;
  /** When the remote was looked at before this commit was seen. */
  readonly lastLookAtMs: number | undefined;
  /** What else decides what is applied. */
  readonly inputs: Inputs;
}

/** What a revision says. */
export interface ReadRevision {
  readonly objects: TargetObject[];
  readonly problems: readonly ManifestProblem[];
  readonly passedOver: PassedOver;
}

/** Reads and validates all of a revision. */
export async function readRevision(found: Found, { sync, ctx }: Step): Promise<ReadRevision> {
  const { inputs, remote, revision } = found;
  const startMs = ctx.clock.now();
  const tree = revision.tree ?? "";
  const call = { signal: ctx.signal };
  const root = (sync.spec.path || ".").split("/").filter((part) => part !== "" && part !== ".")
    .join("/");
  const { files, problems: lost, selection } = await selectedFiles({
    root,
    entries: await ctx.git.listTree(remote, tree, call),
    read: (entries) => ctx.git.readFiles(remote, { ...call, tree, entries }),
  }, sync.spec);
  if (selection.submodules.length > 0) {
    ctx.log.warn("Passed over submodules", { sync: logName(sync), paths: selection.submodules });
  }
  const read = await manifestsWith(inputs, files);
  for (const warning of read.warnings.slice(0, 20)) {
    ctx.log.warn("Read a manifest with a flaw", { sync: logName(sync), ...warning });
  }
  const problems = [...lost, ...read.problems];
  if (problems.length > 0) return { objects: [], problems, passedOver: selection };
  const kinds = await kindsOf(read.documents, ctx);
  const objects = read.documents.map((manifest) => targetObject(manifest, sync, kinds));
  ctx.metrics.observeSyncPhase("read", (ctx.clock.now() - startMs) / 1000);
  // Again, as a target namespace can bring together what files kept apart.
  return { objects, problems: duplicateProblems(objects), passedOver: selection };
}

async function kindsOf(manifests: readonly Manifest[], ctx: GitOpsContext): Promise<Kinds> {
  const wanted = new Map(manifests.map(({ object }) => [kindKey(object), object]));
  const served: Kinds["served"] = new Map(
    (await Promise.all(
      [...wanted].sort(([a], [b]) => a < b ? -1 : 1).map(async ([key, { apiVersion, kind }]) => {
        const type = await ctx.cluster.resourceType(apiVersion, kind);
        return type === undefined ? [] : [[key, type] as const];
      }),
    )).flat(),
  );
  return { served, defined: definedKinds(manifests) };
}
