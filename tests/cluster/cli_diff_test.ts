import { assertEquals, assertMatch } from "@std/assert";
import { resourceOf } from "#api";
import { parse } from "@std/yaml";
import { eventually, testCluster } from "../support/control_plane.ts";
import { folderWith, meshwright } from "../support/cli.ts";
import { configMapText, functionText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

function diff(namespace: string, ...args: string[]) {
  const where = ["--kubeconfig", cluster.kubeconfigPath, "--namespace", namespace];
  return meshwright(["diff", ...args, ...where]);
}

const SECRET = (value: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${value}}\n`;

Deno.test("diff ends with 0 without and with 1 with differences, and writes nothing", async () => {
  await using space = await cluster.namespace();
  await using folder = await folderWith({ "a.yaml": configMapText("a", "1") });
  const first = await diff(space.name, folder.path);
  assertEquals(first.code, 1);
  assertEquals(first.out.slice(0, 2), ["--- /dev/null", `+++ planned ConfigMap ${space.name}/a`]);
  const find = ["get", "configmap", "a", "-n", space.name];
  assertEquals((await cluster.tryKubectl(find)).code, 1);
  await cluster.kubectl(["apply", "-n", space.name, "-f", `${folder.path}/a.yaml`]);
  assertEquals(await diff(space.name, folder.path), { code: 0, out: [], notes: [] });
  await Deno.writeTextFile(`${folder.path}/a.yaml`, configMapText("a", "2"));
  const changed = await diff(space.name, folder.path);
  assertEquals(changed.code, 1);
  assertEquals(changed.out.filter((line) => /^[-+] /.test(line)), [
    "-  value: '1'",
    "+  value: '2'",
  ]);
  assertEquals(changed.out.at(-1), "restarts no pods");
});

Deno.test("diff ends with 2 for a bad file, an object that the server refuses, and no server", async () => {
  await using space = await cluster.namespace();
  await using folder = await folderWith({ "a.yaml": "kind: [\n" });
  assertEquals((await diff(space.name, folder.path)).code, 2);
  const refused = configMapText("a", "1").replace("\ndata:", "\n  labels: {l: '!'}\ndata:");
  await Deno.writeTextFile(`${folder.path}/a.yaml`, refused);
  const result = await diff(space.name, folder.path);
  assertEquals([result.code, result.out], [2, []]);
  const words =
    /^meshwright diff: .*a\.yaml:1: ConfigMap\/a: metadata\.labels: a valid label must /;
  assertMatch(result.notes[0] ?? "", words);
  await Deno.writeTextFile(`${folder.path}/a.yaml`, configMapText("a", "1"));
  const away = await meshwright(["diff", folder.path, "--kubeconfig", "/nonexistent"]);
  assertEquals(away.code, 2);
});

Deno.test("diff of what was exported shows what the loop would do: nothing, and whose the rest is", async () => {
  await using space = await cluster.namespace();
  const stdin = `${SECRET("pw")}---
{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}}}
`;
  await cluster.kubectl(["create", "-n", space.name, "-f", "-"], { stdin });
  const get = ["get", "secret,svc,deploy,rs", "-n", space.name, "-o", "yaml"];
  await eventually(async () => (await cluster.kubectl(get)).includes("kind: ReplicaSet"));
  await using folder = await folderWith({ "all.yaml": await cluster.kubectl(get) });
  const { code, notes, out } = await diff(space.name, folder.path);
  assertEquals([code, out], [0, []]);
  assertEquals(notes.length, 1);
  assertMatch(
    notes[0] ?? "",
    /^ReplicaSet .*\/a-\w+: belongs to Deployment\/a, whose controller makes it: not applied$/,
  );
});

Deno.test("diff reads what is named by any spelling of its path, and ends with 2 where nothing is", async () => {
  await using space = await cluster.namespace();
  await using folder = await folderWith({
    ".k8s/a.yaml": configMapText("a", "1"),
    ".k8s/named": configMapText("b", "1"),
    "empty/.b.yaml": "",
    "none.yaml": "# nothing\n",
  });
  const at = (path: string) => `${folder.path}/${path}`;
  for (const path of [".k8s", "./.k8s/a.yaml", "empty/../.k8s", ".k8s/named", "empty/../.k?s/*"]) {
    const { code, out } = await diff(space.name, at(path));
    assertEquals([path, code], [path, 1]);
    assertMatch(out[1] ?? "", /^\+\+\+ planned ConfigMap /);
  }
  for (const path of ["empty", "none.yaml", "*.yml"]) {
    const { code, notes, out } = await diff(space.name, at(".k8s/a.yaml"), at(path));
    assertEquals([code, out], [2, []], path);
    assertMatch(notes.join(), /holds no |matches no file/);
  }
});

Deno.test("diff masks values of Secrets and says only whether they differ", async () => {
  await using space = await cluster.namespace();
  await using folder = await folderWith({ "s.yaml": SECRET("first-word") });
  const first = await diff(space.name, folder.path);
  await cluster.kubectl(["apply", "-n", space.name, "-f", `${folder.path}/s.yaml`]);
  await Deno.writeTextFile(`${folder.path}/s.yaml`, SECRET("second-word"));
  const second = await diff(space.name, folder.path);
  assertEquals(second.out.filter((line) => /^[-+] /.test(line)), [
    "-  password: '*** (before)'",
    "+  password: '*** (after)'",
  ]);
  const seen = JSON.stringify([first, second]);
  for (const word of ["first-word", "second-word"]) {
    assertEquals([seen.includes(word), seen.includes(btoa(word))], [false, false]);
  }
});

Deno.test("diff -o markdown is a comment: objects, pods, the part of the graph that changes, what is odd, no secret", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  const topics = (name: string, input: string, output: string) =>
    functionText(name).replace(/topics: .*/, `topics: [${input}]`)
      .replace(/topic: .*/, `topic: ${output}`);
  await using folder = await folderWith({
    "a.yaml": topics("ping", "a", "b"),
    "s.yaml": SECRET("first-word"),
  });
  await cluster.kubectl(["apply", "-n", namespace, "-f", folder.path]);
  const same = await diff(namespace, folder.path, "-o", "markdown");
  assertEquals([same.code, same.out[0]], [0, "### Nothing changes"]);
  await Deno.writeTextFile(`${folder.path}/b.yaml`, topics("pong", "b", "a"));
  await Deno.writeTextFile(`${folder.path}/s.yaml`, SECRET("second-word"));
  const { code, out } = await diff(namespace, folder.path, "-o", "markdown");
  const text = out.join("\n");
  assertEquals([code, out[0]], [1, "### 2 objects change"]);
  assertMatch(text, new RegExp(`\\| created \\| \`Function ${namespace}/pong\` \\|`));
  assertMatch(text, /```mermaid\nflowchart LR\n[^`]*pong<br\/>Function 1 pod, added/);
  assertMatch(text, /ping<br\/>Function 1 pod"/);
  assertMatch(text, /\*\*New warnings\*\*\n\n- `Function ping` feeds itself: ping -> pong -> ping/);
  assertMatch(text, /<details><summary>2 differences<\/summary>\n\n```diff\n---/);
  assertEquals(["first-word", "second-word"].map((word) => text.includes(word)), [false, false]);
});

Deno.test("diff names the pods that restart: of a function, of a mesh, through a BackendConfig", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  const backend = (image: string) =>
    "apiVersion: compute.functionmesh.io/v1alpha1\nkind: BackendConfig\n" +
    `metadata: {name: backend-config}\nspec:\n  env: {WHERE: ${image}}\n`;
  await using folder = await folderWith({
    "f.yaml": functionText("exclaim", "  replicas: 2\n"),
    "b.yaml": backend("here"),
  });
  const apply = ["apply", "--server-side", "-n", namespace, "-f", folder.path];
  await cluster.kubectl(apply);
  await Deno.writeTextFile(
    `${folder.path}/f.yaml`,
    functionText("exclaim", "  replicas: 2\n").replace("runner:1", "runner:2"),
  );
  const restart = `restarts 2 pods of StatefulSet ${namespace}/exclaim-function`;
  assertEquals((await diff(namespace, folder.path)).out.at(-1), restart);
  await cluster.kubectl(apply);
  await Deno.writeTextFile(
    `${folder.path}/f.yaml`,
    functionText("exclaim", "  replicas: 3\n").replace("runner:1", "runner:2"),
  );
  assertEquals((await diff(namespace, folder.path)).out.at(-1), "restarts no pods");
  await cluster.kubectl(apply);
  await Deno.writeTextFile(`${folder.path}/b.yaml`, backend("there"));
  const through = await diff(namespace, `${folder.path}/b.yaml`);
  assertEquals(through.out.at(-1), restart.replace("2 pods", "3 pods"));
  const mesh = (image: string) => {
    const { spec } = parse(functionText("one").replace("runner:1", image)) as { spec: object };
    return JSON.stringify({
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "FunctionMesh",
      metadata: { name: "orders" },
      spec: {
        functions: [{ name: "one", ...spec }, { name: "two", ...spec, image: "example/two:1" }],
      },
    });
  };
  await using meshes = await folderWith({ "m.json": mesh("runner:1") });
  await cluster.kubectl(["apply", "--server-side", "-n", namespace, "-f", meshes.path]);
  await Deno.writeTextFile(`${meshes.path}/m.json`, mesh("runner:2"));
  const ofMesh = await diff(namespace, meshes.path);
  assertEquals(ofMesh.out.filter((line) => line.startsWith("restarts")), [
    `restarts 1 pod of StatefulSet ${namespace}/orders-one-function`,
  ]);
  const json = await diff(namespace, `${folder.path}/b.yaml`, "-o", "json");
  assertEquals(JSON.parse(json.out[0] ?? "").restarts, [
    { workload: `StatefulSet ${namespace}/exclaim-function`, pods: 3 },
  ]);
});

Deno.test("diff --sync shows what that MeshSync would change and delete, and nothing else", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/b.yaml": configMapText("b", "1"),
  });
  await story.sync({ commonLabels: { team: "blue" } });
  await story.pass();
  const path = `${story.repository.directory}/meshes`;
  const same = await diff(story.namespace, path, "--sync", "shop");
  assertEquals(same, { code: 0, out: [], notes: [] });
  await Deno.remove(`${path}/b.yaml`);
  const sync = `${story.namespace}/shop`;
  const gone = await diff("default", path, "--sync", sync);
  assertEquals([gone.code, gone.out.slice(0, 2)], [1, [
    `--- live ConfigMap ${story.namespace}/b`,
    "+++ /dev/null",
  ]]);
  const live = await story.client.cluster.get(resourceOf("MeshSync"), story.key);
  assertEquals(live?.metadata.name, "shop");
  const missing = await diff(story.namespace, path, "--sync", "other");
  assertEquals(missing.code, 2);
});

Deno.test("diff --sync reads the files that the loop reads: include, exclude, .meshignore, links", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/prod/a.yaml": configMapText("a", "1"),
    "meshes/prod/b.draft.yaml": configMapText("b", "1"),
    "meshes/prod/old/c.yaml": configMapText("c", "1"),
    "meshes/prod/old/.meshignore": "c.yaml\n",
    "meshes/prod/.hidden.yaml": configMapText("d", "1"),
    "meshes/test/e.yaml": configMapText("e", "1"),
  });
  await story.sync({ include: ["prod/"], exclude: ["*.draft.yaml"] });
  await story.pass();
  assertEquals((await story.status()).inventory?.map(({ id }) => id), [
    `${story.namespace}_a__ConfigMap`,
  ]);
  const path = `${story.repository.directory}/meshes`;
  const args = [path, "--sync", "shop"];
  assertEquals(await diff(story.namespace, ...args), { code: 0, out: [], notes: [] });
  assertEquals((await diff(story.namespace, path)).code, 1, "without it everything is meant");
  await Deno.remove(`${path}/prod/old/.meshignore`);
  const more = await diff(story.namespace, ...args);
  assertEquals([more.code, more.out[1]], [1, `+++ planned ConfigMap ${story.namespace}/c`]);
  await Deno.symlink("/etc/hostname", `${path}/prod/f.yaml`);
  const lost = await diff(story.namespace, ...args);
  assertEquals(lost.code, 2);
  assertMatch(lost.notes[0] ?? "", /prod\/f\.yaml:1: is a symbolic link to "\/etc\/hostname"/);
});

Deno.test("diff --sync replaces variables and opens what SOPS encrypted, and shows neither", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  const fixture = (name: string) =>
    Deno.readTextFile(new URL(`../fixtures/sops/${name}`, import.meta.url));
  const secret = (name: string, stringData: Record<string, string>) =>
    cluster.apply({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData });
  await secret("age", { "identity.agekey": await fixture("test_key.agekey") });
  await secret("values", { TOKEN: "yesterdays-word" });
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "${STAGE}").replace(
      "\ndata:",
      "\ndata:\n  token: ${TOKEN}",
    ),
    "meshes/secret.yaml": await fixture("secret.yaml.enc"),
  });
  await story.sync({
    decryption: { secretRef: { name: "age" } },
    variables: { STAGE: "prod" },
    variablesFrom: [{ kind: "Secret", name: "values" }],
  });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  const path = `${story.repository.directory}/meshes`;
  const args = [path, "--sync", "shop"];
  assertEquals(await diff(namespace, ...args), { code: 0, out: [], notes: [] });
  await secret("values", { TOKEN: "todays-word" });
  const changed = await diff(namespace, ...args);
  assertEquals([changed.code, changed.out.filter((line) => /^[-+] /.test(line))], [1, [
    "-  token: '*** (before)'",
    "+  token: '*** (after)'",
  ]]);
  await Deno.writeTextFile(`${path}/b.yaml`, configMapText("b", "x-${TOKEN}"));
  const refused = configMapText("c", "1").replace(
    "\n  name",
    "\n  labels: {l: '${TOKEN}!'}\n  name",
  );
  const created = await diff(namespace, ...args, "-o", "json");
  assertMatch(created.out[0] ?? "", /value: x-\*\*\*/);
  await Deno.writeTextFile(`${path}/c.yaml`, refused);
  const failed = await diff(namespace, ...args);
  assertEquals(failed.code, 2);
  assertMatch(failed.notes.join("\n"), /c\.yaml:\d+: ConfigMap\/c: metadata\.labels: /);
  const seen = JSON.stringify([changed, created, failed]);
  for (const word of ["yesterdays-word", "todays-word", "p4ss"]) {
    assertEquals(seen.includes(word), false, word);
  }
  const without = await diff(namespace, path);
  assertMatch(without.notes.join("\n"), /secret\.yaml:2: Secret\/shop: is encrypted with SOPS/);
});
