import { assertEquals, assertMatch } from "@std/assert";
import { stringify } from "@std/yaml";
import { folderWith, meshwright } from "../support/cli.ts";
import { functionObject } from "../support/objects.ts";

Deno.test("validate names file, line, object and field of each problem and exits 1", async () => {
  const bad = functionObject("bad", { java: { jar: "", jarLocation: "ftp://x" } });
  await using folder = await folderWith({
    "meshes/good.yaml": stringify(functionObject("good")),
    "meshes/deep/bad.yaml": stringify(bad),
  });
  const { code, out } = await meshwright(["validate", folder.path]);
  assertEquals(code, 1);
  assertEquals(out.length, 2);
  for (const line of out) {
    assertMatch(line, /\/meshes\/deep\/bad\.yaml:\d+: Function\/bad spec\.java\.jar/);
  }
});

Deno.test("validate names expressions of a MeshSync that are none", async () => {
  const expression =
    "{apiVersion: a/v1, kind: A, current: self.status.ready, failed: 'status.x =='}";
  await using folder = await folderWith({
    "sync.yaml":
      "apiVersion: gitops.functionmesh.io/v1alpha1\nkind: MeshSync\nmetadata: {name: a}\nspec:\n" +
      `  url: https://git.example/a.git\n  path: a\n  health:\n    expressions:\n    - ${expression}\n`,
  });
  const { code, out } = await meshwright(["validate", folder.path]);
  assertEquals(code, 1);
  assertMatch(
    out.join(),
    /sync\.yaml:9: MeshSync\/a spec\.health\.expressions\[0\]\.failed: is no CEL/,
  );
});

Deno.test("validate exits 0 where all is well, and 2 without a path", async () => {
  await using folder = await folderWith({ "good.yaml": stringify(functionObject("good")) });
  const { code, out } = await meshwright(["validate", `${folder.path}/good.yaml`]);
  assertEquals([code, out], [0, []]);
  assertEquals((await meshwright(["validate"])).code, 2);
  assertEquals((await meshwright(["validate", `${folder.path}/none.yaml`])).code, 2);
});

Deno.test("validate warns of API versions that Kubernetes serves no longer, and exits 0", async () => {
  const object = (apiVersion: string, kind: string) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n`;
  await using folder = await folderWith({
    "hpa.yaml": `# A comment\n${object("autoscaling/v2beta2", "HorizontalPodAutoscaler")}`,
    "psp.yaml": object("policy/v1beta1", "PodSecurityPolicy"),
    "ipaddress.yaml": object("networking.k8s.io/v1beta1", "IPAddress"),
    "fine.yaml": object("batch/v1", "CronJob"),
  });
  const { code, notes, out } = await meshwright(["validate", folder.path]);
  const said = notes.map((note) => note.replaceAll(`${folder.path}/`, ""));
  assertEquals([code, out, said.slice(0, -1)], [0, [], [
    "warning: hpa.yaml:2: HorizontalPodAutoscaler/a apiVersion: is not served by Kubernetes 1.26 and later; " +
    "write autoscaling/v2",
    "warning: psp.yaml:1: PodSecurityPolicy/a apiVersion: is not served by Kubernetes 1.25 and later; " +
    "nothing is in its place, take it out",
  ]]);
});

Deno.test("validate warns of what is odd between components, of all files together, and exits 0", async () => {
  const topics = (input: string, output: string) => ({
    input: { topics: [input] },
    output: { topic: output },
  });
  await using folder = await folderWith({
    "a.yaml": stringify(functionObject("ping", topics("a", "b"))),
    "b.yaml": stringify(functionObject("pong", topics("b", "a"))),
    "loop.yaml": stringify(functionObject("own", topics("x", "public/default/x"))),
  });
  const { code, notes, out } = await meshwright(["validate", folder.path]);
  assertEquals([code, out, notes.length], [0, [], 3]);
  assertMatch(
    notes[0] ?? "",
    /^warning: .*\/loop\.yaml:\d+: Function\/own spec\.output\.topic: persistent:/,
  );
  assertMatch(
    notes[1] ?? "",
    /^warning: .*\/a\.yaml:\d+: Function\/ping spec\.output\.topic: feeds itself: ping -> pong -> ping; /,
  );
  const json = await meshwright(["validate", "-o", "json", `${folder.path}/a.yaml`]);
  const report = JSON.parse(json.out.join("")) as { findings: Record<string, unknown>[] };
  assertEquals(report.findings.map(({ code, severity }) => [code, severity]), [
    ["InputUnwritten", "information"],
    ["OutputUnread", "information"],
  ]);
});

Deno.test("validate -o json gives the same as data", async () => {
  await using folder = await folderWith({
    "bad.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n a: b\n",
  });
  const { code, out } = await meshwright(["validate", "-o", "json", folder.path]);
  const report = JSON.parse(out.join("")) as {
    problems: { file: string; line: number; message: string }[];
  };
  assertEquals(code, 1);
  assertEquals(report.problems.map(({ file, line }) => [file.endsWith("/bad.yaml"), line > 0]), [[
    true,
    true,
  ]]);
});

Deno.test("C1: validate says what the loop of a shared cluster refuses, for a tenant and for the platform", async () => {
  const object = (apiVersion: string, kind: string, namespace?: string, rest = {}) =>
    stringify({
      apiVersion,
      kind,
      metadata: { name: kind.toLowerCase(), ...(namespace === undefined ? {} : { namespace }) },
      ...rest,
    });
  const rbac = "rbac.authorization.k8s.io/v1";
  const sync = "gitops.functionmesh.io/v1alpha1";
  await using folder = await folderWith({
    "a.yaml": object("v1", "ConfigMap"),
    "b.yaml": object("v1", "ConfigMap", "team"),
    "c.yaml": object("v1", "Secret", "other"),
    "d.yaml": object("v1", "Namespace"),
    "e.yaml": object(rbac, "ClusterRole"),
    "f.yaml": object(rbac, "Role", "team"),
    "g.yaml": object(sync, "MeshSync", undefined, {
      spec: { url: "https://git.example/a.git", targetNamespace: "other" },
    }),
  });
  const files = async (...flags: string[]) => {
    const { code, out } = await meshwright(["validate", ...flags, folder.path]);
    return [code, ...out.map((line) => line.replace(/^.*\/(\w\.yaml):\d+: (\S+).*$/, "$1 $2"))];
  };
  assertEquals(await files(), [0]);
  assertEquals(await files("--tenant-namespace=team"), [
    1,
    "c.yaml Secret/secret:",
    "d.yaml Namespace/namespace:",
    "e.yaml ClusterRole/clusterrole:",
    "g.yaml MeshSync/meshsync",
  ]);
  assertEquals(await files("--gitops-rights=mesh-only"), [
    1,
    "e.yaml ClusterRole/clusterrole:",
    "f.yaml Role/role:",
  ]);
  assertEquals((await files("--gitops-rights=none")).length, 8);
});
