import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import {
  cleanupJob,
  DEFAULT_SETTINGS,
  desiredChildren,
  renderResource,
  type Settings,
} from "#desired";
import { withDefaults } from "#api";
import { testCluster } from "../support/control_plane.ts";
import { goldenCases } from "../golden/golden_cases.ts";
import { aFunction, aSink, aSource, at, fullFunction, namesIn } from "../unit/desired/fixtures.ts";

const cluster = testCluster();
/** The control plane does not serve the vertical autoscaler's API. */
const SETTINGS: Settings = { ...DEFAULT_SETTINGS, verticalPodAutoscaler: false };
const INIT: Settings = { ...SETTINGS, enableInitContainers: true };

/** What a real API server says against a server-side apply of objects: fields that it does not know included. */
async function refusals(objects: readonly KubeObject[]): Promise<string> {
  await using namespace = await cluster.namespace();
  const items = objects.map((object) => {
    // Owners are not in this cluster, and two cases may use one name.
    const { ownerReferences: _owners, ...metadata } = object.metadata;
    return { ...object, metadata: { ...metadata, namespace: namespace.name } };
  });
  const result = await cluster.tryKubectl(
    ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-o", "name", "-f", "-"],
    { stdin: items.map((item) => JSON.stringify(item)).join("\n") },
  );
  return result.code === 0 ? "" : result.stderr;
}

Deno.test("an API server takes every object that a component becomes", async () => {
  const secret = { secretName: "s", secretKey: "k", asVolume: "/keys" };
  const twice = aFunction({
    input: { sourceSpecs: { a: { cryptoConfig: { cryptoSecrets: [secret, secret] } } } },
    pod: {
      labels: { app: "mine", name: "mine" },
      env: [{ name: "POD_NAME", value: "a" }, { name: "A", value: "1" }, { name: "A", value: "2" }],
      liveness: { periodSeconds: 5 },
    },
  });
  const generic = aFunction({ genericRuntime: { functionFile: "fn.py", language: "python" } });
  const cleaned = aSink({
    cleanupSubscription: true,
    pulsar: { pulsarConfig: "p", authSecret: "a" },
  });
  const job = cleanupJob(cleaned, {}, SETTINGS);
  const objects = [withDefaults(fullFunction()), twice, generic, aSource(), cleaned].flatMap((
    component,
  ) => [
    ...desiredChildren(component, {}, SETTINGS),
    ...desiredChildren(component, {}, INIT),
  ]);
  assertEquals(await refusals([...objects, ...job === undefined ? [] : [job]]), "");
});

/** Whether every volume that a resource's own containers mount is one that it declares. Not so in some made cases. */
function declaresItsVolumes(input: KubeObject): boolean {
  const pod = at(input, "spec", "pod");
  const declared = new Set([
    ...namesIn(at(pod, "volumes")),
    ...input.kind === "Function"
      ? namesIn(at(input, "spec", "volumeClaimTemplates"), "metadata").map((meta) =>
        at(meta, "name")
      )
      : [],
  ]);
  const containers = ["sidecars", "initContainers"].flatMap((list) => at(pod, list) ?? []);
  const mounted = [at(input, "spec"), ...containers].flatMap((place) =>
    namesIn(at(place, "volumeMounts"))
  );
  return mounted.every((name) => declared.has(name));
}

Deno.test("an API server takes every object of the golden cases", async () => {
  const inputs = goldenCases().map(({ input }) => input).filter(declaresItsVolumes);
  const objects = inputs.flatMap((input) =>
    [SETTINGS, INIT].flatMap((settings) => renderResource(input, { facts: {}, settings }).objects)
  ).filter((object) => !object.apiVersion.startsWith("compute."));
  assertEquals(objects.length > 500, true, `only ${objects.length} objects`);
  assertEquals(await refusals(objects), "");
});
