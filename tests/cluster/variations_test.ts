import { problems, storable, warnings } from "#api";
import type { KubeObject } from "#base";
import { DEFAULT_SETTINGS, renderResource } from "#desired";
import { assertEquals } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { variations } from "../support/variations.ts";

const cluster = testCluster();
const COUNT = 300;
/** The control plane does not serve the vertical autoscaler's API. */
const SETTINGS = { ...DEFAULT_SETTINGS, verticalPodAutoscaler: false };

/** What a real API server says against objects, each under a name of its own. */
async function refusals(objects: readonly KubeObject[]): Promise<string> {
  const folder = new URL("../../crds/", import.meta.url).pathname;
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", folder]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=20s", "-f", folder]);
  await using space = await cluster.namespace();
  const items = objects.map((object, index) => {
    const { ownerReferences: _owners, uid: _uid, ...metadata } = object.metadata;
    return { ...object, metadata: { ...metadata, namespace: space.name, name: `v${index}` } };
  });
  const result = await cluster.tryKubectl(
    ["apply", "--server-side", "--dry-run=server", "--validate=false", "-o", "name", "-f", "-"],
    { stdin: items.map((item) => JSON.stringify(item)).join("\n") },
  );
  return result.stderr.split("\n").filter((line) => !line.startsWith("Warning:")).join("\n");
}

Deno.test("an API server takes every variation that problems() takes", async () => {
  const sound = [...variations(2 * COUNT, "broken"), ...variations(COUNT, "swapped")]
    .filter((input) => problems(input).length === 0);
  assertEquals(sound.length > COUNT / 2, true, `only ${sound.length}`);
  assertEquals(await refusals(sound.map(storable)), "");
});

Deno.test("an API server takes the objects of every variation that mounts what it declares", async () => {
  const sound = variations(COUNT, "swapped").filter((input) =>
    problems(input).length === 0 &&
    !warnings(input).some(({ message }) => message.includes("is no volume"))
  );
  assertEquals(sound.length > COUNT / 8, true, `only ${sound.length}`);
  const objects = sound.flatMap((input) =>
    [false, true].flatMap((enableInitContainers) => {
      const settings = { ...SETTINGS, enableInitContainers };
      return renderResource(input, { facts: {}, settings }).objects;
    })
  );
  assertEquals(await refusals(objects), "");
});
