import { assertEquals, assertMatch } from "@std/assert";
import { type MeshSync, problems } from "#api";
import { authorityOf, MESH_ONLY_KINDS, type Tenancy, tenantRule } from "#gitops";
import { shareProblems, unreached } from "../../../src/gitops/tenancy.ts";

const TENANCY: Tenancy = {
  home: "meshwright",
  isSingleTenant: false,
  account: { namespace: "meshwright", name: "meshwright-gitops" },
  kinds: "mesh-only",
  defaultServiceAccount: "default",
};

function sync(namespace: string, spec: Partial<MeshSync["spec"]> = {}): MeshSync {
  return {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "a", namespace },
    spec: { url: "https://git.example/a.git", ...spec },
  };
}

Deno.test("C1: authorityOf() keeps the list of kinds where a MeshSync names the platform's account itself", () => {
  const named = authorityOf(
    sync("meshwright", { serviceAccountName: "meshwright-gitops" }),
    TENANCY,
  );
  assertEquals(named.kinds, "mesh-only");
  const other = authorityOf(sync("meshwright", { serviceAccountName: "deployer" }), TENANCY);
  assertEquals([other.kinds, other.account?.name], ["any", "deployer"]);
});

Deno.test("C1: authorityOf() never makes a tenant act as the platform's account or as the program", () => {
  for (const serviceAccountName of [undefined, "", "meshwright", "meshwright-gitops"]) {
    const spec = serviceAccountName === undefined ? {} : { serviceAccountName };
    const { account, namespace } = authorityOf(sync("team", spec), TENANCY);
    assertEquals([account?.namespace, namespace], ["team", "team"]);
  }
});

Deno.test("C1: unreached() tells a tenant of what is elsewhere, of Namespaces and of what has none", () => {
  const authority = authorityOf(sync("team"), TENANCY);
  const words = (kind: string, namespace: string) =>
    unreached({ apiVersion: "v1", kind, namespace, name: "x" }, authority, TENANCY) ?? "";
  assertEquals(words("ConfigMap", "team"), "");
  assertMatch(words("ConfigMap", "other"), /^belongs to namespace other, .* namespace team only/);
  assertMatch(words("Namespace", ""), /^is a Namespace, .* move it to a MeshSync in meshwright/);
  assertMatch(words("PersistentVolume", ""), /^belongs to no namespace, /);
});

Deno.test("C1: unreached() lets the platform's account apply the listed kinds only, whatever their version", () => {
  const authority = authorityOf(sync("meshwright"), TENANCY);
  const words = (apiVersion: string, kind: string) =>
    unreached({ apiVersion, kind, namespace: "any", name: "x" }, authority, TENANCY);
  assertEquals(words("compute.functionmesh.io/v1alpha1", "Function"), undefined);
  assertEquals(words("v1", "Secret"), undefined);
  assertMatch(
    words("apps/v1", "StatefulSet") ?? "",
    /--gitops-rights mesh-only.*serviceAccountName/,
  );
  assertMatch(words("other.example/v1", "Secret") ?? "", /mesh-only/);
  assertEquals(MESH_ONLY_KINDS.length, 9);
});

Deno.test("C1: a tenant's MeshSync that names another namespace is refused by the rules, the platform's is not", () => {
  const spec = { targetNamespace: "other", dependsOn: [{ name: "b", namespace: "other" }] };
  const paths = (namespace: string, tenancy: Tenancy) =>
    problems(sync(namespace, spec), tenantRule(tenancy)).map(({ path }) => path);
  assertEquals(paths("team", TENANCY), ["spec.targetNamespace", "spec.dependsOn[0].namespace"]);
  assertEquals(paths("meshwright", TENANCY), []);
  assertEquals(paths("team", { ...TENANCY, isSingleTenant: true }), []);
});

Deno.test("M7: of a tenant's MeshSyncs the oldest are followed, and a pass has a longest time; the platform's have neither", () => {
  const syncAt = (namespace: string, index: number, timeout = "5m") => ({
    metadata: {
      name: `s${index % 7}-${index}`,
      namespace,
      creationTimestamp: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
    },
    spec: { url: "https://git.example/a.git", timeout },
  } as MeshSync);
  const all = ["team", "other", TENANCY.home].flatMap((namespace) =>
    Array.from({ length: 103 }, (_, index) => syncAt(namespace, index))
  );
  const refused = all.filter((sync) => shareProblems(sync, all, TENANCY).length > 0)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  assertEquals(refused, [
    "team/s2-100",
    "team/s3-101",
    "team/s4-102",
    "other/s2-100",
    "other/s3-101",
    "other/s4-102",
  ]);
  assertEquals(shareProblems(syncAt("team", 101), all, TENANCY), [{
    path: "metadata.namespace",
    message:
      "team has 101 older MeshSyncs, and the 100 oldest of a tenant's namespace are followed; " +
      "delete others, or have one follow several folders",
  }]);
  // One that goes leaves its place.
  const [oldest, ...others] = all;
  const metadata = { ...oldest?.metadata, deletionTimestamp: "2026-01-02T00:00:00Z" };
  const leaving = [{ ...oldest, metadata } as MeshSync, ...others];
  assertEquals(shareProblems(syncAt("team", 100), leaving, TENANCY), []);
  assertEquals(shareProblems(syncAt("team", 0, "31m"), [], TENANCY).map(({ path }) => path), [
    "spec.timeout",
  ]);
  assertEquals(shareProblems(syncAt(TENANCY.home, 0, "9h"), all, TENANCY), []);
  assertEquals(
    shareProblems(syncAt("team", 101, "9h"), all, { ...TENANCY, isSingleTenant: true }),
    [],
  );
});
