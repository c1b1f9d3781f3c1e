import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { syncLabels } from "#manifests";
import { ApiError, type ClusterClient, type ResourceType } from "#kube";
import { explanationLines } from "../../src/cli/explain_text.ts";
import { observedFacts } from "../../src/cli/explain_facts.ts";
import { explanation } from "#topology";
import { meshwright } from "../support/cli.ts";
import { testRepository } from "../support/git_repository.ts";
import { functionObject } from "../support/objects.ts";

Deno.test("explain wants one resource of a kind that it knows", async () => {
  const said = async (...words: string[]) => {
    const { code, notes } = await meshwright(["explain", ...words]);
    assertEquals(code, 2, words.join(" "));
    return notes.join();
  };
  assertMatch(await said(), /Name one resource/);
  assertMatch(await said("Function/a", "Function/b"), /Name one resource/);
  assertMatch(await said("orders"), /say KIND\/NAME/);
  assertMatch(await said("functon/a"), /did you mean function\/a\?/);
});

Deno.test("explain says what it may not read, and explains the rest", async () => {
  const object = functionObject("orders", {}, {
    labels: {
      "gitops.functionmesh.io/name": "meshes",
      "gitops.functionmesh.io/namespace": "platform",
    },
  });
  const refuse = (type: ResourceType): Promise<KubeObject[]> =>
    Promise.reject(
      new ApiError({
        ask: { verb: "list", kind: type.kind },
        status: 403,
        reason: "Forbidden",
        text: "no",
      }),
    );
  const cluster = {
    get: async (type: ResourceType) => (await refuse(type))[0],
    list: refuse,
  } as unknown as ClusterClient;
  const transport = { stream: () => Promise.reject(new Error("not asked")) };
  const signal = new AbortController().signal;
  const facts = await observedFacts(object, { checkout: "/", cluster, transport, signal });
  const lines = explanationLines(explanation(facts), 0);
  const unread = lines.slice(lines.indexOf("What could not be read") + 1);
  assertEquals(
    unread,
    [
      "MeshSyncs of platform: you may not read this",
      "StatefulSet shop/orders-function: you may not read this",
      "Pods of shop: you may not read this",
      "Events of shop: you may not read this",
      "Components of shop: you may not read this",
    ].map((line) => `  ${line}`),
  );
  assertMatch(lines[0] ?? "", /^Function shop\/orders: not known/);
});

Deno.test("observedFacts() find the MeshSync of an object where a label holds the start of its name only", async () => {
  const name = `${"long-".repeat(15)}name`;
  const sync = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "platform", name },
  };
  const alike = {
    ...sync,
    metadata: { namespace: "platform", name: `${"long-".repeat(15)}other` },
  };
  const labels = syncLabels(sync);
  assertEquals(labels["gitops.functionmesh.io/name"]?.length, 63);
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "shop", labels },
  };
  const cluster = {
    list: (type: ResourceType) => Promise.resolve(type.kind === "MeshSync" ? [alike, sync] : []),
  } as unknown as ClusterClient;
  const transport = { stream: () => Promise.reject(new Error("not asked")) };
  const { signal } = new AbortController();
  const facts = await observedFacts(object, { checkout: "/", cluster, transport, signal });
  assertEquals(facts.sync, sync);
});

Deno.test("explain tells file, line and the commit that changed it last, where a working copy has the applied commit", async () => {
  await using repository = await testRepository();
  const config = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
  const file = "meshes/all.yaml";
  const text = (image: string) =>
    `${config}---\napiVersion: compute.functionmesh.io/v1alpha1\nkind: Function\n` +
    `metadata:\n  name: orders\n  namespace: shop\nspec:\n  image: ${image}\n`;
  await repository.commit({ [file]: text("runner:1") }, "Add orders");
  const changed = await repository.commit({ [file]: text("runner:2") }, "Use the new runner");
  const applied = await repository.commit({ "meshes/b.yaml": config }, "Add b");
  await repository.commit({ [file]: text("runner:3") }, "Not applied yet");
  const sync = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "shop", name: "meshes" },
    spec: { url: "https://git.example/meshes.git" },
    status: { lastAppliedRevision: `main@sha1:${applied}` },
  };
  const labels = syncLabels(sync);
  const annotations = { "gitops.functionmesh.io/file": file };
  const object = functionObject("orders", {}, { labels, annotations });
  const list = (type: ResourceType) => Promise.resolve(type.kind === "MeshSync" ? [sync] : []);
  const cluster = { get: () => Promise.resolve(undefined), list } as unknown as ClusterClient;
  const transport = { stream: () => Promise.reject(new Error("not asked")) };
  const { signal } = new AbortController();
  const linkIn = async (checkout: string) => {
    const facts = await observedFacts(object, { checkout, cluster, transport, signal });
    assertEquals(facts.unread, []);
    return explanation(facts).chain.find(({ what }) => what.startsWith("File "));
  };
  const told = {
    what: "File meshes/all.yaml:6",
    says: `changed last by ${changed.slice(0, 12)} (Ada Author: Use the new runner)`,
  };
  assertEquals(await linkIn(repository.directory), told);
  assertEquals(await linkIn(`${repository.directory}/meshes`), told);
  const untold = {
    what: "File meshes/all.yaml",
    says: "as of when it was written; explain --checkout tells line and commit",
  };
  assertEquals(await linkIn("/"), untold);
  // Anybody may write an annotation.
  annotations["gitops.functionmesh.io/file"] = "../../etc/passwd";
  assertEquals((await linkIn(repository.directory))?.what, "File ../../etc/passwd");
});
