import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

async function fixture(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../fixtures/siblings/${name}`, import.meta.url));
}

function writes(story: SyncStory): string[] {
  return story.requests().filter(isWrite);
}

const SPELLED = (await fixture("spelled.yaml")).split("---\n");

for (const text of SPELLED) {
  const [, kind = ""] = /^kind: (.*)$/m.exec(text) ?? [];
  Deno.test(`a ${kind} in another spelling is no drift and no write`, async () => {
    await using story = await syncStory(cluster);
    await story.repository.commit({ "meshes/all.yaml": text });
    await story.sync({ health: { ignore: [{ kind }] } });
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
    for (const restart of [false, true, false]) {
      if (restart) story.restart();
      story.requests();
      await story.pass();
      assertEquals(writes(story), []);
    }
  });
}

const EMPTY_KEYS = [
  'stringData: {a: , b: "x"}',
  'data: {a: "eA==", b: "eA=="}\nstringData: {a: , b: "y"}',
  'data: {a: , b: "eA=="}',
  "stringData: {a: }",
  "stringData: ~",
];

for (const members of EMPTY_KEYS) {
  const shown = members.replaceAll("\n", " ");
  Deno.test(`a Secret with ${shown} has the keys that kubectl apply gives it`, async () => {
    await using story = await syncStory(cluster);
    const text = (name: string) =>
      `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\n${members}\n`;
    const data = async (name: string) =>
      (await cluster.get<{ data?: unknown }>(["secret", name, "-n", story.namespace])).data;
    await story.repository.commit({ "meshes/a.yaml": text("ours") });
    await story.sync();
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
    await cluster.kubectl(["apply", "-n", story.namespace, "-f", "-"], { stdin: text("theirs") });
    assertEquals(await data("ours"), await data("theirs"));
    story.restart();
    story.requests();
    await story.pass();
    assertEquals(writes(story), []);
  });
}

/** A definition of a group of its own. */
function defined(group: string, scope = "Namespaced"): string {
  const schema = "{type: object, x-kubernetes-preserve-unknown-fields: true}";
  const versions =
    `[{name: v1, served: true, storage: true, schema: {openAPIV3Schema: ${schema}}}]`;
  const names = "{kind: Knob, plural: knobs}";
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: knobs.${group} }
spec: {group: ${group}, names: ${names}, scope: ${scope}, versions: ${versions}}
`;
}

Deno.test("definitions of groups that are new to the cluster are applied, without a failure until they are served", async () => {
  await using story = await syncStory(cluster);
  const groups = Array.from({ length: 6 }, (_, at) => `k${at}.${story.namespace}.example.org`);
  await story.sync({ targetNamespace: story.namespace });
  for (const group of groups) {
    await story.repository.commit({ [`meshes/${group}.yaml`]: defined(group) });
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
  }
  const names = groups.map((group) => `knobs.${group}`);
  await cluster.kubectl(["delete", "crd", "--wait=false", ...names]);
});

/** What words of the fixture stand for, before and after. */
const SIDES = {
  SIDEPOLICY: { left: "Never", right: "PreemptLowerPriority" },
  SIDEMODE: { left: "Persistent", right: "Ephemeral" },
  CLUSTERIP: { left: '""', right: "None" },
  ADDRESSES: { left: "IPv4", right: "IPv6" },
  SCOPE: { left: "Namespaced", right: "Cluster" },
  SIDE: { left: "left", right: "right" },
};

/** The same, with what allows to delete it and make it anew. */
function annotated(text: string): string {
  const annotations = '{ gitops.functionmesh.io/replace: "true" }';
  return text.replace("metadata: {", `metadata: { annotations: ${annotations},`);
}

const IMMUTABLE = (await fixture("immutable.yaml")).split("---\n");

for (const text of IMMUTABLE) {
  const [, kind = ""] = /^kind: (.*)$/m.exec(text) ?? [];
  const [, named = ""] = /^metadata: \{ name: (.*) \}$/m.exec(text) ?? [];
  Deno.test(`a ${kind} of which Git changes what cannot be changed names field and remedy, and is made anew where it may be`, async () => {
    await using story = await syncStory(cluster);
    const one = `one-${story.namespace}`;
    const name = named.replace("NAME", one);
    const of = (side: "left" | "right") =>
      Object.entries(SIDES).reduce(
        (written, [word, values]) => written.replaceAll(word, values[side]),
        text.replaceAll("NAME", one),
      );
    await story.repository.commit({ "meshes/a.yaml": of("left") });
    const spec = { health: { ignore: [{ kind }] }, settleTime: "0s" };
    await story.sync(spec);
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
    const uid = async () => {
      const path = ["-n", story.namespace, "-o", "jsonpath={.metadata.uid}"];
      return await cluster.kubectl(["get", kind, name, ...path]);
    };
    const before = await uid();
    const holdsOthers = kind === "CustomResourceDefinition";
    await story.repository.commit({ "meshes/a.yaml": of("right") });
    await story.pass();
    assertMatch(
      await story.ready(),
      new RegExp(
        `^False ApplyFailed: .*${kind}/${name}: .*\\n?.*gitops\\.functionmesh\\.io/replace`,
        "s",
      ),
    );
    assertEquals((await story.ready()).includes("hunter2"), false, await story.ready());
    assertEquals(await uid(), before);
    // What takes others along is not replaced with all of its kind: its author has to ask for the one.
    if (holdsOthers) {
      assertEquals((await story.ready()).includes("spec.replace"), false, await story.ready());
      await story.repository.commit({ "meshes/a.yaml": annotated(of("right")) });
    } else await story.sync({ ...spec, replace: [{ kind }] });
    await eventually(async () => {
      await story.pass();
      return /^True Healthy/.test(await story.ready());
    });
    assertEquals(await uid() === before, false);
    await cluster.kubectl(["delete", kind, name, "-n", story.namespace, "--wait=false"]);
  });
}

for (const drift of ["correct", "report"]) {
  for (const scope of ["Namespaced", "Cluster"]) {
    Deno.test(`objects of a definition that is made anew as ${scope} are made anew with it, where drift is to ${drift}`, async () => {
      await using story = await syncStory(cluster);
      const group = `${story.namespace}.example.org`;
      const before = scope === "Cluster" ? "Namespaced" : "Cluster";
      const knob =
        `apiVersion: ${group}/v1\nkind: Knob\nmetadata: { name: one }\nspec: { turns: 3 }\n`;
      const of = (now: string) => annotated(defined(group, now));
      await story.repository.commit({ "meshes/a.yaml": of(before), "meshes/b.yaml": knob });
      await story.sync({
        targetNamespace: story.namespace,
        settleTime: "0s",
        drift: { mode: drift },
      });
      await eventually(async () => {
        await story.pass();
        return /^True Healthy/.test(await story.ready());
      });
      const uid = async () =>
        (await cluster.get<KubeObject>([`knobs.${group}`, "one", "-n", story.namespace])).metadata
          .uid;
      const old = await uid();
      const commit = await story.repository.commit({ "meshes/a.yaml": of(scope) });
      await eventually(async () => {
        await story.pass();
        return (await story.ready()).includes(commit) && /^True Healthy/.test(await story.ready());
      });
      assertEquals(await uid() === old, false);
      story.requests();
      await story.pass();
      assertEquals(writes(story), []);
      await cluster.kubectl(["delete", "crd", "--wait=false", `knobs.${group}`]);
    });
  }
}
