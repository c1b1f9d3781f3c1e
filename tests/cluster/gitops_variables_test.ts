import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { resourceOf } from "#api";
import type { KubeObject } from "#base";
import { reconcileSync } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { filesHolding } from "../support/disk_search.ts";
import { configMapText, functionText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const SECRET = "s3cret-of-the-shop";

Deno.test("variables come from the spec, a ConfigMap and a Secret, and a change of one is applied without a commit", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "${STAGE}/${REGION}/${PASSWORD}"),
  });
  await story.sync({
    variables: { STAGE: "prod" },
    variablesFrom: [
      { kind: "ConfigMap", name: "place" },
      { kind: "Secret", name: "keys" },
      { kind: "ConfigMap", name: "missing", optional: true },
    ],
  });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False VariablesNotFound: Cannot read variables of ConfigMap .*\/place: it does not exist$/,
  );
  const place = (region: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "place", namespace },
    data: { REGION: region, STAGE: "overridden by the spec" },
  });
  await cluster.apply(place("eu"), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "keys", namespace },
    stringData: { PASSWORD: SECRET },
  });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  const valueOf = async () =>
    (await cluster.get<{ data: { value: string } }>(["configmap", "a", "-n", namespace])).data
      .value;
  assertEquals(await valueOf(), `prod/eu/${SECRET}`);

  await cluster.apply(place("us"));
  await story.pass();
  assertEquals(await valueOf(), `prod/us/${SECRET}`);
  const seen = JSON.stringify([await story.status(), story.events, story.logs]);
  assert(!seen.includes(SECRET));
  assertEquals(await filesHolding(story.cacheDirectory, [SECRET]), []);
});

Deno.test("a variable that nobody declared holds the revision back with file and line", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "${STAGE}"),
    "meshes/b.yaml": configMapText("b", "${STAEG}"),
  });
  await story.sync({ variables: { STAGE: "prod" } });
  await story.pass();
  const ready = await story.ready();
  assertMatch(ready, /^False InvalidManifests: Held back main@sha1:\w+, nothing was applied/);
  assertStringIncludes(ready, "meshes/b.yaml:6: uses ${STAEG}, which is not declared");
  const { code } = await cluster.tryKubectl(["get", "configmap", "a", "-n", story.namespace]);
  assertEquals(code, 1);
});

Deno.test("a manifest is taken as it is where no variables are declared", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "${HOME} $${HOME}") });
  await story.sync();
  await story.pass();
  const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", story.namespace]);
  assertEquals(live.data, { value: "${HOME} $${HOME}" });
});

Deno.test("the API server's words about a variable from a Secret are told without its value", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  const value = "Not-A-Type-But-Secret";
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "keys", namespace },
    stringData: { TYPE: value },
  });
  await story.repository.commit({
    "meshes/a.yaml":
      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  type: ${TYPE}\n  ports: [{port: 80}]\n",
  });
  await story.sync({ variablesFrom: [{ kind: "Secret", name: "keys" }] });
  await story.pass();
  const ready = await story.ready();
  assertMatch(ready, /^False ApplyFailed: .*meshes\/a\.yaml:1: Service\/a: /);
  assertStringIncludes(ready, 'Service/a: spec.type: supported values: "ClusterIP", ');
  assert(!JSON.stringify([await story.status(), story.events, story.logs]).includes(value));
});

Deno.test("a correction that fails is told without the value of a variable from a Secret", async () => {
  await using story = await syncStory(cluster);
  const { client, key, namespace } = story;
  const name = { namespace, name: "exclaim" };
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "keys", namespace },
    stringData: { IMAGE: SECRET },
  });
  await story.repository.commit({
    "meshes/f.yaml": functionText("exclaim").replace("example/runner:1", "${IMAGE}"),
  });
  await story.sync({ variablesFrom: [{ kind: "Secret", name: "keys" }] });
  await story.pass();
  const patch = JSON.stringify({ spec: { image: "evil/image:1" } });
  await cluster.kubectl([
    "patch",
    "function",
    "exclaim",
    "-n",
    namespace,
    "--type=merge",
    "-p",
    patch,
  ]);
  const context = story.context();
  const after = await client.cluster.get(resourceOf("Function"), name) as KubeObject;
  assertEquals(context.proofs.notice({ after }), [key]);
  // A server that repeats what it refuses, as an admission webhook may.
  const refusing = new Proxy(client.cluster, {
    get: (target, member) => {
      if (member === "apply") return () => Promise.reject(new Error(`Refused image ${SECRET}`));
      const value: unknown = Reflect.get(target, member);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await reconcileSync(key, { ...context, cluster: refusing });
  assertMatch(
    await story.ready(),
    /^False ApplyFailed: Cannot correct what somebody changed: Function .*: Refused image \*\*\*$/,
  );
  assert(!JSON.stringify([await story.status(), story.events, story.logs]).includes(SECRET));
});
