import { assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { component, type Spec } from "./components.ts";
import { conditionText, e2eTest, type Pod, type Resource, type Story } from "./story.ts";

const SHOWN_WITHIN_MS = 240_000;

/** A function that cannot work, and how that looks. */
export interface Trouble {
  /** Begins the name of the namespace. */
  readonly slug: string;
  /** What the test says, after "status names". */
  readonly name: string;
  /** Members of the Function's spec, given the topics. */
  readonly spec: (story: Story) => Promise<Spec> | Spec;
  /** Reason of a container state, by which the pod shows it. */
  readonly shown: RegExp;
  /** What Ready of the Function says: `False Reason: message`. */
  readonly says: RegExp;
  /** Something that the pod needs besides. */
  readonly objects?: (story: Story) => readonly KubeObject[];
}

/** When a thing was seen first. */
interface Sighting {
  readonly atMs: number;
  readonly text: string;
}

/**
 * Registers a test of a trouble: a commit of a mesh with one function that cannot work. Once the pod shows it,
 * Function and FunctionMesh name the cause, and the MeshSync says that the commit is not healthy; how soon is in the record.
 */
export function troubleTest(trouble: Trouble): void {
  e2eTest(trouble.slug, `status names ${trouble.name}`, async (story) => {
    const spec = { name: "broken", ...await trouble.spec(story) };
    const commit = await story.commit({
      pulsar: story.pulsarConfig(),
      mesh: component("FunctionMesh", "mesh", { spec: { functions: [spec] } }),
      ...Object.fromEntries(
        (trouble.objects?.(story) ?? []).map((object) => [object.metadata.name, object]),
      ),
    });
    const seen = await watched(story, trouble);
    const delays = Object.entries(seen)
      .map(([who, { atMs }]) => [who, Math.round(atMs - seen.pod.atMs)] as const);
    const words = delays.map(([who, delayMs]) => `${who} ${delayMs} ms`).join(", ");
    await story.record(trouble.name, `Seen after the pod showed it: ${words}\n\n`);
    assertMatch(seen.sync.text, /^False .*mesh.*broken/s);
    const { status } = await story.meshSync();
    assertMatch(status?.lastAppliedRevision ?? "", new RegExp(commit));
  });
}

/** Looks at pod and statuses until all have shown it. */
async function watched(
  story: Story,
  trouble: Trouble,
): Promise<Record<"pod" | "function" | "mesh" | "sync", Sighting>> {
  const { shown, says } = trouble;
  const words = withoutStart(says);
  const looks = {
    pod: async () => found(shown, podStates(await story.pods("mesh-broken-function"))),
    function: async () => found(says, await story.ready("Function", "mesh-broken")),
    mesh: async () => found(words, await story.ready("FunctionMesh", "mesh")),
    sync: async () => found(words, healthText(await story.find("MeshSync", story.sync))),
  };
  const [pod, ...rest] = await Promise.all(
    [looks.pod, looks.function, looks.mesh, looks.sync].map(firstSighting),
  );
  const [ofFunction, mesh, sync] = rest;
  if (pod === undefined || ofFunction === undefined || mesh === undefined || sync === undefined) {
    throw new Error("Cannot happen: four looks are four sightings");
  }
  return { pod, function: ofFunction, mesh, sync };
}

/** Looks ten times a second. @throws {Error} with the last text when nothing is to be seen for too long */
async function firstSighting(
  look: () => Promise<{ readonly isThere: boolean; readonly text: string }>,
): Promise<Sighting> {
  const deadlineMs = performance.now() + SHOWN_WITHIN_MS;
  while (true) {
    const { isThere, text } = await look();
    if (isThere) return { atMs: performance.now(), text };
    if (performance.now() > deadlineMs) throw new Error(`Cannot see it: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function found(
  pattern: RegExp,
  text: string,
): { readonly isThere: boolean; readonly text: string } {
  return { isThere: pattern.test(text), text };
}

/** Meshes and syncs quote the words of the function: what stands after its own status and reason. */
function withoutStart(says: RegExp): RegExp {
  return new RegExp(says.source.replace(/^\^False \S+: /, ""), says.flags);
}

function healthText(sync: Resource | undefined): string {
  return conditionText(sync?.status?.["conditions"], "Healthy");
}

/** Reasons of all container states, now and before. */
function podStates(pods: readonly Pod[]): string {
  return pods.flatMap(({ status }) =>
    (status.containerStatuses ?? []).flatMap(({ state = {}, lastState = {} }) =>
      [...Object.entries(state), ...Object.entries(lastState)]
        .map(([name, { reason }]) => `${name} ${reason ?? ""}`)
    )
  ).join("\n");
}
