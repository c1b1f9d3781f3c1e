/** The chart as Helm itself has it: what it prints is what `install` prints, and what it installs can be taken back. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { KubeObject } from "#base";
import { helmProgram } from "../../scripts/operator/helm_program.ts";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { testCluster } from "../support/control_plane.ts";
import { comparableText, printedBy, withoutDefinitions } from "../support/installations.ts";
import { functionObject } from "../support/objects.ts";
import { ran } from "../support/programs.ts";

const cluster = testCluster({ alone: true });
const helm = await helmProgram({ progress: progressOnStderr });

const CHART = "gitops/helm/meshwright";
const PLACE = ["--namespace", "mesh-system"];

/** Values of the chart, and the flags of `install` that mean the same. */
const WISHES: readonly (readonly [readonly string[], readonly string[]])[] = [
  [[], []],
  [["gitopsRights=none", "receiver=true"], ["--gitops-rights=none", "--receiver"]],
  [["console=true", "metricsSecure=true"], ["--console", "--metrics-secure"]],
  [
    ["gitopsRights=cluster-admin", "metricsSecure=true"],
    ["--gitops-rights=cluster-admin", "--metrics-secure"],
  ],
  [["watchedNamespace=mesh-system"], ["--watched-namespace=mesh-system"]],
  [
    ["watchedNamespace=shop", "defaultServiceAccount=deployer"],
    ["--watched-namespace=shop", "--default-service-account=deployer"],
  ],
  [
    ["watchedNamespace=shop", "singleTenant=true", "serviceMonitor=true"],
    ["--watched-namespace=shop", "--single-tenant", "--service-monitor"],
  ],
  [["shards=3", "receiver=true"], ["--shards=3", "--receiver"]],
  [["shards=3", "replicas=5"], ["--shards=3", "--replicas=5"]],
  [
    ["replicas=3", "metricsSecure=true", "serviceMonitor=true", "receiver=true"].concat(
      "image.repository=registry.example/meshwright",
      "image.tag=v2",
      "podServiceAccounts=a\\,shop/b",
      "extraArguments={--git-url=https://git.example/a.git,--git-prune=false}",
    ),
    ["--replicas=3", "--metrics-secure", "--service-monitor", "--receiver"].concat(
      "--image=registry.example/meshwright:v2",
      "--pod-service-accounts=a,shop/b",
      "--git-url=https://git.example/a.git",
      "--git-prune=false",
    ),
  ],
];

function values(wishes: readonly string[]): string[] {
  return wishes.flatMap((wish) => ["--set", wish]);
}

function template(wishes: readonly string[], more: readonly string[] = []): Promise<string> {
  return ran(helm, ["template", "any", CHART, ...PLACE, ...values(wishes), ...more]);
}

Deno.test("the chart is what install prints, whatever is wished for", async () => {
  await ran(helm, ["lint", "--strict", CHART]);
  for (const [wishes, flags] of WISHES) {
    const text = await template(["createNamespace=true", ...wishes]);
    assertEquals(
      // The namespace is not Helm's to delete either.
      comparableText(text.replace("\n    helm.sh/resource-policy: keep\n", "\n")),
      withoutDefinitions(printedBy(["--namespace=mesh-system", ...flags])),
      wishes.join(" "),
    );
  }
  const definitions = (text: string) => [...text.matchAll(/^kind: CustomResourceDefinition$/mg)];
  const whole = await template([], ["--include-crds"]);
  assertEquals(
    definitions(whole).length,
    definitions(await cluster.kubectl(["kustomize", "gitops/operator"])).length,
  );
  assertEquals(comparableText(await template([]))["v1 Namespace  mesh-system"], undefined);
});

Deno.test("the chart refuses values that mean nothing", async () => {
  const wrong = [
    "gitopsRights=all",
    "replicas=0",
    "receivers=true",
    "watchedNamespace=Shop",
    "podServiceAccounts=a'b",
    "extraArguments={a}",
  ];
  for (const wish of wrong) {
    const error = await assertRejects(() => template([wish]), Error);
    assertStringIncludes(error.message, "values don't meet the specifications of the schema");
  }
});

Deno.test("a release of the chart is installed, upgraded and uninstalled, and what people made stays", async () => {
  const release = ["mesh", "--kubeconfig", cluster.kubeconfigPath, ...PLACE];
  await ran(helm, [
    "install",
    ...release.slice(0, 1),
    CHART,
    ...release.slice(1),
    "--create-namespace",
  ]);
  const metadata = { name: "stays", namespace: "default" };
  await cluster.apply({ ...functionObject("stays"), metadata }, {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "stays", namespace: "mesh-system" },
    spec: { url: "https://git.example/a.git" },
  });
  const deployment = ["deployment", "meshwright", "-n", "mesh-system"];
  const before = await cluster.get<KubeObject>(deployment);
  const wishes = values(["replicas=2", "receiver=true", "gitopsRights=none"]);
  await ran(helm, ["upgrade", "mesh", CHART, ...release.slice(1), ...wishes]);
  const after = await cluster.get<KubeObject>(deployment);
  assertEquals(after.metadata.uid, before.metadata.uid);
  assertEquals((after.spec as { replicas: number }).replicas, 2);
  await cluster.kubectl(["get", "service", "meshwright-receiver", "-n", "mesh-system"]);
  const gone = await cluster.tryKubectl(["get", "clusterrole", "meshwright-gitops.mesh-system"]);
  assertStringIncludes(gone.stderr, "NotFound");
  await ran(helm, ["uninstall", ...release]);
  const { stderr } = await cluster.tryKubectl(["get", ...deployment]);
  assertStringIncludes(stderr, "NotFound");
  const stays = await cluster.get<KubeObject>(["function", "stays", "-n", "default"]);
  assertEquals(stays.metadata.deletionTimestamp, undefined);
  const sync = await cluster.get<KubeObject>(["meshsync", "stays", "-n", "mesh-system"]);
  assertEquals(sync.metadata.deletionTimestamp, undefined);
  const { items } = await cluster.get<{ items: readonly KubeObject[] }>(["crds"]);
  assert(items.some(({ metadata }) => metadata.name === "functions.compute.functionmesh.io"));
});
