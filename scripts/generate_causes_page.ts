// deno-lint-ignore-file no-console -- a program of the command line
/**
 * Writes `docs/causes.md`, every cause that `explain` knows, from `src/topology/remedies.ts`.
 *
 * @module
 */
import {
  ENDED_REASONS,
  ENDED_REMEDIES,
  ENDS,
  POD_REMEDIES,
} from "../src/topology/remedies_of_pods.ts";
import { COMPONENT_REMEDIES, REFUSAL_REMEDIES } from "../src/topology/remedies_of_components.ts";
import type { Remedy } from "../src/topology/remedy.ts";
import { SYNC_REMEDIES } from "../src/topology/remedies_of_syncs.ts";
import { COMPONENT_CAUSES } from "../tests/support/causes/components.ts";
import { SYNC_CAUSES } from "../tests/support/causes/syncs.ts";

/** The page that it writes. */
export const CAUSES_PAGE = new URL("../docs/causes.md", import.meta.url);

const WALK = "tests/cluster/explain_causes_test.ts";

/** Tests that make a cause besides, or where the walk does not. */
export const OTHER_TESTS: Readonly<Record<string, string>> = {
  CacheBehind: "tests/scenario/component_scenarios_test.ts",
  Contested: "tests/cluster/gitops_objects_test.ts",
  CleanupGivenUp: "tests/cluster/cleanup_end_test.ts",
  CrashLoopBackOff: "tests/e2e/trouble_class_test.ts",
  CreateContainerConfigError: "tests/e2e/trouble_secret_test.ts",
  ErrImagePull: "tests/e2e/trouble_image_test.ts",
  GitFailed: "tests/simulation/going_back_stories_test.ts",
  GitTimeout: "tests/simulation/going_back_stories_test.ts",
  HostKeyUnknown: "tests/cluster/gitops_ssh_test.ts",
  ImagePullBackOff: "tests/e2e/trouble_image_test.ts",
  KindNotServed: "tests/simulation/object_stories_test.ts",
  LeftBehind: "tests/cluster/gitops_deletion_test.ts",
  NoServiceAccount: "tests/unit/gitops/stated_authority_test.ts",
  OOMKilled: "tests/e2e/trouble_memory_test.ts",
  ReadingTooLong: "tests/simulation/fault_stories_test.ts",
  Recreating: "tests/cluster/rollout_recreate_test.ts",
  Superseded: "tests/cluster/gitops_supersede_test.ts",
  SyncFailed: "tests/cluster/tenant_references_test.ts",
  Unavailable: "tests/scenario/component_scenarios_test.ts",
};

/** Causes that no test makes, and why. */
export const UNMADE: Readonly<Record<string, string>> = {
  RefMoved:
    "a race: the reference has to move between two requests to a Git server that gives nothing by its hash",
  Unknown: "the reason of a condition Healthy, and of a MeshSync that has no status at all",
};

/** The tests that make a cause. */
export function testsOf({ reason, remedy }: Pick<Remedy, "reason" | "remedy">): string[] {
  const isWalked = [...COMPONENT_CAUSES, ...SYNC_CAUSES].some((cause) =>
    cause.reason === reason && cause.remedy.test(remedy)
  );
  const other = OTHER_TESTS[reason];
  return [...(isWalked ? [WALK] : []), ...(other === undefined ? [] : [other])];
}

function madeBy(remedy: Remedy): string {
  const links = testsOf(remedy).map((path) =>
    `[${path.replace(/^tests\/|_test\.ts$/g, "")}](../${path})`
  );
  return links.length === 0 ? `no test: ${UNMADE[remedy.reason] ?? ""}` : links.join(", ");
}

function causeOf({ besides, reason, words }: Pick<Remedy, "besides" | "reason" | "words">): string {
  const quoted = (words ?? []).map((word) => `“${word}”`).join(", ");
  const more = besides === undefined ? "" : ` and “${besides}”`;
  return words === undefined ? `\`${reason}\`` : `\`${reason}\` with ${quoted}${more}`;
}

function table(remedies: readonly Remedy[]): string {
  const rows = remedies.map((entry) =>
    `| ${causeOf(entry)} | ${entry.means} | ${entry.remedy} | ${madeBy(entry)} |`
  );
  return ["| cause | what it means | what to do | made by |", "| --- | --- | --- | --- |", ...rows]
    .join("\n");
}

function words(): string {
  const rows = ENDS.map((end) =>
    `| ${end.words?.map((word) => `“${word}”`).join(", ")} | ${end.means} | ${end.remedy} |`
  );
  return ["| its last words hold | what it means | what to do |", "| --- | --- | --- |", ...rows]
    .join("\n");
}

/** The text of the page. */
export function causesPage(): string {
  const untold = ENDED_REMEDIES.filter((entry) => entry.words === undefined);
  const named = ENDED_REASONS.map((reason) => `\`${reason}\``).join(", ");
  return `# Causes, and what to do about them

Written by \`deno task causes-page\` from \`src/topology/remedies.ts\`: what \`meshwright explain KIND/NAME\`
says under “What to do”. A cause is the reason of the condition \`Ready\` (\`kubectl get -o wide\` shows
it); its message names the object. The last column has the test that makes the cause: on a real
control plane with simulated nodes (\`cluster/\`), on real pods (\`e2e/\`), or with an API server and a
Git in memory (\`simulation/\`, \`scenario/\`, \`unit/\`), where a cluster cannot be brought to it; or why there is
none. A test holds that each line has one.

## A container that ended

The cause is ${named}; what it said last decides, the first line that fits. Each is made by
[cluster/explain_causes](../${WALK}).

${words()}

What says none of this:

${table(untold)}

## Containers, pods and nodes

Reasons of Kubernetes, passed on as they are.

${table(POD_REMEDIES)}

## Components and meshes

${table(COMPONENT_REMEDIES)}

## Writes that the API server refuses

${table(REFUSAL_REMEDIES)}

## MeshSyncs

${table(SYNC_REMEDIES)}
`;
}

if (import.meta.main) {
  await Deno.writeTextFile(CAUSES_PAGE, causesPage());
  console.log("Wrote docs/causes.md");
}
