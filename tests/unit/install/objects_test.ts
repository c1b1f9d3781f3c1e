import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MESH_ONLY_KINDS } from "#gitops";
import {
  type Installation,
  installObjects,
  programArguments,
  removalText,
  worthText,
} from "#install";
import { found, INSTALLATION, namesOf, rulesOf } from "./installations_for_tests.ts";

Deno.test("installObjects() lists all that a cluster needs, in the order of application", () => {
  assertEquals(namesOf(installObjects(INSTALLATION)), [
    "Namespace mesh-system",
    "ServiceAccount mesh-system/meshwright",
    "ServiceAccount mesh-system/meshwright-gitops",
    "Role mesh-system/meshwright",
    "RoleBinding mesh-system/meshwright",
    "ClusterRole meshwright.mesh-system",
    "ClusterRoleBinding meshwright.mesh-system",
    "ClusterRole meshwright-controller.mesh-system",
    "ClusterRoleBinding meshwright-controller.mesh-system",
    "Role mesh-system/meshwright-acting",
    "RoleBinding mesh-system/meshwright-acting",
    "ClusterRole meshwright-gitops.mesh-system",
    "ClusterRoleBinding meshwright-gitops.mesh-system",
    "Service mesh-system/meshwright-metrics",
    "Service mesh-system/meshwright-webhook",
    "Deployment mesh-system/meshwright",
    "PodDisruptionBudget mesh-system/meshwright",
    "NetworkPolicy mesh-system/meshwright",
  ]);
});

Deno.test("installObjects() gives rights in the one namespace that is watched, and by name elsewhere", () => {
  const objects = installObjects({ ...INSTALLATION, watchedNamespace: "shop" });
  assertEquals(namesOf(objects).filter((name) => /Role/.test(name)), [
    "Role mesh-system/meshwright",
    "RoleBinding mesh-system/meshwright",
    "ClusterRole meshwright.mesh-system",
    "ClusterRoleBinding meshwright.mesh-system",
    "Role shop/meshwright-controller.mesh-system",
    "RoleBinding shop/meshwright-controller.mesh-system",
    "Role mesh-system/meshwright-acting",
    "RoleBinding mesh-system/meshwright-acting",
    "Role shop/meshwright-acting.mesh-system",
    "RoleBinding shop/meshwright-acting.mesh-system",
  ], "the rights of a tenant's namespace are its accounts'");
  const ofOneTeam = installObjects({
    ...INSTALLATION,
    watchedNamespace: "shop",
    singleTenant: true,
  });
  assertEquals(namesOf(ofOneTeam).filter((name) => /Role shop/.test(name)), [
    "Role shop/meshwright-controller.mesh-system",
    "Role shop/meshwright-gitops.mesh-system",
  ]);
  const unnamed = rulesOf(objects, "ClusterRole").filter((rule) => !rule.resourceNames?.length);
  assertEquals(unnamed, [], "what has no namespace is had by name only");
});

Deno.test("installObjects() gives no wildcard, no escalation, and impersonation of one account by name (W-56)", () => {
  const objects = installObjects(INSTALLATION);
  const all = [...rulesOf(objects, "Role"), ...rulesOf(objects, "ClusterRole")];
  assertEquals(all.filter(({ verbs }) => verbs.includes("impersonate")), [{
    apiGroups: [""],
    resources: ["serviceaccounts"],
    resourceNames: ["meshwright-gitops"],
    verbs: ["impersonate"],
  }]);
  for (const rule of [...rulesOf(objects, "Role"), ...rulesOf(objects, "ClusterRole")]) {
    const words = [...rule.apiGroups, ...rule.resources, ...rule.verbs];
    for (const word of ["*", "bind", "escalate", "deletecollection"]) {
      assertEquals([word, words.includes(word)], [word, false]);
    }
    assertEquals(rule.apiGroups.includes("rbac.authorization.k8s.io"), false);
  }
});

for (const [rights, bindings] of [["none", 0], ["mesh-only", 1], ["cluster-admin", 1]] as const) {
  Deno.test(`C1: installObjects() binds --gitops-rights ${rights} to the account of MeshSyncs only`, () => {
    const objects = installObjects({ ...INSTALLATION, gitOpsRights: rights });
    const bound = objects.filter(({ kind, metadata }) =>
      kind === "ClusterRoleBinding" && metadata.name.startsWith("meshwright-gitops")
    );
    assertEquals(bound.length, bindings);
    const account = { kind: "ServiceAccount", name: "meshwright-gitops", namespace: "mesh-system" };
    for (const { subjects } of bound) assertEquals(subjects, [account]);
    assert(
      programArguments({ ...INSTALLATION, gitOpsRights: rights })
        .includes(`--gitops-rights=${rights}`),
    );
  });
}

Deno.test("C1: the account of the program has no rights to what it does not build, whatever Git may do", () => {
  for (const gitOpsRights of ["none", "mesh-only", "cluster-admin"] as const) {
    const objects = installObjects({ ...INSTALLATION, gitOpsRights });
    const own = objects.filter(({ kind, metadata }) =>
      kind === "ClusterRole" && !metadata.name.startsWith("meshwright-gitops")
    );
    const rules = rulesOf(own, "ClusterRole");
    const may = (resource: string, verb: string) =>
      rules.some(({ resources, verbs }) => resources.includes(resource) && verbs.includes(verb));
    assertEquals(["create", "patch", "delete", "list"].filter((verb) => may("secrets", verb)), []);
    assertEquals(["create", "patch", "delete"].filter((verb) => may("namespaces", verb)), []);
    // It lists the parts of inventories, which are its own, by label; it follows none.
    assertEquals(may("configmaps", "watch"), false);
    assertEquals(may("meshsyncs", "delete"), false);
  }
});

Deno.test("C1: the list of kinds in code says what the rights of mesh-only say", () => {
  const role = installObjects(INSTALLATION).filter(({ kind, metadata }) =>
    kind === "ClusterRole" && metadata.name === "meshwright-gitops.mesh-system"
  );
  const written = rulesOf(role, "ClusterRole").filter(({ verbs }) => verbs.includes("patch"))
    .flatMap(({ apiGroups: [group = ""], resources }) =>
      resources.map((plural) => `${group}/${plural}`)
    );
  const listed = MESH_ONLY_KINDS.map((kind) => `${kind.toLowerCase()}s`);
  assertEquals(written.sort(), listed.map((kind) => kind.replace(/meshs$/, "meshes")).sort());
});

Deno.test("installObjects() makes the loop an administrator by a binding of another name, when asked to", () => {
  const objects = installObjects({ ...INSTALLATION, gitOpsRights: "cluster-admin" });
  const binding = found(
    objects,
    "ClusterRoleBinding",
    "meshwright-gitops-cluster-admin.mesh-system",
  );
  assertEquals((binding["roleRef"] as { name: string }).name, "cluster-admin");
  assertEquals(namesOf(objects).includes("ClusterRole meshwright-gitops.mesh-system"), false);
});

Deno.test("installObjects() keeps definitions and namespace from being pruned", () => {
  for (const { kind, metadata } of installObjects(INSTALLATION)) {
    const isKept = metadata.annotations?.["gitops.functionmesh.io/prune"] === "disabled";
    assertEquals([kind, isKept], [kind, ["Namespace", "CustomResourceDefinition"].includes(kind)]);
  }
});

Deno.test("programArguments() elect a leader among several replicas only", () => {
  assertEquals(programArguments(INSTALLATION), [
    "run",
    "--cache-dir=/var/cache/meshwright",
    "--gitops-service-account=mesh-system/meshwright-gitops",
    "--gitops-rights=mesh-only",
  ]);
  assertEquals(
    programArguments({
      ...INSTALLATION,
      replicas: 2,
      receiver: true,
      watchedNamespace: "shop",
      singleTenant: true,
      defaultServiceAccount: "deployer",
      arguments: ["--git-url=https://git.example/a.git"],
    }),
    [
      "run",
      "--cache-dir=/var/cache/meshwright",
      "--enable-leader-election",
      "--watched-namespace=shop",
      "--receiver-addr=:9292",
      "--gitops-service-account=mesh-system/meshwright-gitops",
      "--gitops-rights=mesh-only",
      "--single-tenant",
      "--default-service-account=deployer",
      "--git-url=https://git.example/a.git",
    ],
  );
});

Deno.test("installObjects() never runs two programs without a leader, not even while one is replaced", () => {
  const strategyOf = (replicas: number) => {
    const objects = installObjects({ ...INSTALLATION, replicas });
    const spec = found(objects, "Deployment", "meshwright").spec as { strategy: { type: string } };
    return spec.strategy.type;
  };
  assertEquals([strategyOf(1), strategyOf(2)], ["Recreate", "RollingUpdate"]);
});

Deno.test("installObjects() connects each Service, the budget and the ServiceMonitor with the pods (W-52)", () => {
  const objects = installObjects({
    ...INSTALLATION,
    console: true,
    receiver: true,
    serviceMonitor: true,
  });
  const { template } = found(objects, "Deployment", "meshwright").spec as {
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: { readonly containers: readonly { readonly ports: readonly Port[] }[] };
    };
  };
  const ports = template.spec.containers[0]?.ports.map(({ name }) => name) ?? [];
  const services = objects.filter(({ kind }) => kind === "Service");
  assertEquals(services.length, 4);
  for (const service of services) {
    const spec = service.spec as ServiceSpec;
    assert(includes(template.metadata.labels, spec.selector), service.metadata.name);
    for (const { targetPort } of spec.ports) assertEquals(ports.includes(targetPort), true);
  }
  const monitor = found(objects, "ServiceMonitor", "meshwright").spec as {
    readonly selector: { readonly matchLabels: Record<string, string> };
  };
  const chosen = services.filter((service) =>
    includes(service.metadata.labels ?? {}, monitor.selector.matchLabels)
  );
  assertEquals(chosen.map(({ metadata }) => metadata.name), ["meshwright-metrics"]);
});

Deno.test("installObjects() gives secure metrics the rights to ask who scrapes, and scrapers a role (W-52)", () => {
  const choices = { ...INSTALLATION, metricsSecure: true, serviceMonitor: true };
  const objects = installObjects(choices);
  const before = new Set(namesOf(installObjects({ ...choices, metricsSecure: false })));
  assertEquals(namesOf(objects).filter((name) => !before.has(name)), [
    "ClusterRole meshwright-metrics.mesh-system",
    "ClusterRoleBinding meshwright-metrics.mesh-system",
    "ClusterRole meshwright-metrics-reader.mesh-system",
  ]);
  assert(programArguments(choices).includes("--metrics-secure"));
  const { endpoints: [endpoint] } = found(objects, "ServiceMonitor", "meshwright").spec as {
    readonly endpoints: readonly { readonly scheme?: string; readonly tlsConfig?: unknown }[];
  };
  assertEquals([endpoint?.scheme, endpoint?.tlsConfig], ["https", {
    ca: { secret: { name: "meshwright-metrics-tls", key: "ca.crt" } },
    serverName: "meshwright-metrics.mesh-system.svc",
  }]);
});

interface Port {
  readonly name: string;
}

interface ServiceSpec {
  readonly selector: Record<string, string>;
  readonly ports: readonly { readonly targetPort: string }[];
}

function includes(labels: Readonly<Record<string, string>>, selector: Record<string, string>) {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

Deno.test("removalText() removes what was installed, and leaves what deletes meshes to the reader (W-53)", () => {
  const text = removalText(INSTALLATION);
  const commands = text.split("\n").filter((line) => line.startsWith("kubectl delete"));
  for (const object of installObjects(INSTALLATION)) {
    const { kind, metadata: { name } } = object;
    const isKept = ["Namespace", "CustomResourceDefinition"].includes(kind);
    const isRemoved = commands.some((line) =>
      line.startsWith(`kubectl delete ${kind.toLowerCase()}`) && line.includes(` ${name} `)
    );
    assertEquals([kind, name, isRemoved], [kind, name, !isKept]);
  }
  assertStringIncludes(text, "# kubectl delete namespace mesh-system");
  assertStringIncludes(text, "# kubectl delete crd functions.compute.functionmesh.io");
  // It would make its webhook anew as long as it runs.
  const order = ["deployment", "validatingwebhookconfiguration", "clusterrole"].map((type) =>
    commands.findIndex((line) => line.startsWith(`kubectl delete ${type}`))
  );
  assertEquals(order, order.toSorted((a, b) => a - b));
  assertEquals(order.includes(-1), false);
  assertStringIncludes(
    text,
    "kubectl delete clusterrolebinding.rbac.authorization.k8s.io meshwright-gitops-cluster-admin.mesh-system ",
  );
});

Deno.test("M6: install says what each account is worth, as comments, whatever is chosen", () => {
  for (const gitOpsRights of ["none", "mesh-only", "cluster-admin"] as const) {
    for (const singleTenant of [true, false]) {
      const text = worthText({ ...INSTALLATION, gitOpsRights, singleTenant });
      assert(text.split("\n").every((line) => line.startsWith("#")), text);
      for (
        const word of [`--gitops-rights ${gitOpsRights}`, "--single-tenant", "any ServiceAccount"]
      ) {
        assertStringIncludes(text, word);
      }
    }
  }
  const closed = worthText({ ...INSTALLATION, podServiceAccounts: "runner" });
  assertStringIncludes(closed, "namespace: runner, and default");
});

/** Ports by who may connect to them. */
function openPorts(installation: Installation) {
  const policy = found(installObjects(installation), "NetworkPolicy", "meshwright");
  const { ingress, podSelector, policyTypes } = policy.spec as {
    readonly podSelector: unknown;
    readonly policyTypes: readonly string[];
    readonly ingress: readonly {
      readonly from?: readonly unknown[];
      readonly ports: readonly { readonly port: number; readonly protocol: string }[];
    }[];
  };
  return {
    podSelector,
    policyTypes,
    ports: ingress.map(({ from, ports }) => ({ from, ports: ports.map(({ port }) => port) })),
  };
}

Deno.test("M6: a NetworkPolicy opens the ports that the program listens on, and metrics without TLS to scrapers only", () => {
  const scrapers = [
    { namespaceSelector: { matchLabels: { metrics: "enabled" } } },
    { podSelector: {} },
  ];
  const { podSelector, policyTypes, ports } = openPorts(INSTALLATION);
  const { spec } = found(installObjects(INSTALLATION), "Deployment", "meshwright");
  const pods = spec as { readonly selector: unknown };
  assertEquals([podSelector, policyTypes], [pods.selector, ["Ingress"]]);
  assertEquals(ports, [
    { from: undefined, ports: [8000, 9443] },
    { from: scrapers, ports: [8080] },
  ]);
  const all = { ...INSTALLATION, console: true, receiver: true, metricsSecure: true };
  assertEquals(openPorts(all).ports, [
    { from: undefined, ports: [8000, 9443, 9292, 8443, 8080] },
  ]);
});

/** All values of members of this name, however deep. */
function membersOf(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    ...(key === name ? [member] : []),
    ...membersOf(member, name),
  ]);
}

Deno.test("L6: installObjects() names the image as it is given, by its digest too", () => {
  const image = `registry.example/meshwright:1@sha256:${"0123456789abcdef".repeat(4)}`;
  const deployment = installObjects({ ...INSTALLATION, image })
    .find(({ kind }) => kind === "Deployment");
  assertEquals(membersOf(deployment, "image"), [image]);
});

Deno.test("L9: installObjects() gives no key to a file or variable of the pod, whatever is chosen", () => {
  for (const metricsSecure of [false, true]) {
    for (const replicas of [1, 2]) {
      const choices = {
        metricsSecure,
        replicas,
        console: true,
        receiver: true,
        serviceMonitor: true,
      };
      const deployment = installObjects({ ...INSTALLATION, ...choices })
        .find(({ kind }) => kind === "Deployment");
      const given = ["secret", "secretKeyRef", "secretRef", "secretName", "projected", "csi"]
        .flatMap((name) => membersOf(deployment, name));
      assertEquals([deployment?.kind, given], ["Deployment", []]);
    }
  }
});

Deno.test("installObjects() lets replicas that share the work have all leases that there may be, and others their one", () => {
  const leasesOf = (shards: number) =>
    rulesOf(installObjects({ ...INSTALLATION, replicas: shards, shards }), "Role")
      .filter(({ resources, verbs }) => resources.includes("leases") && verbs.includes("patch"))
      .map(({ resourceNames }) => resourceNames);
  const [names = []] = leasesOf(3);
  assertEquals([names.length, names[0], names[31]], [
    32,
    "a3f45fce.functionmesh.io",
    "a3f45fce.functionmesh.io-31",
  ]);
  assertEquals(leasesOf(1), [["a3f45fce.functionmesh.io"]]);
  const shared = { ...INSTALLATION, replicas: 3, shards: 3 };
  assert(programArguments(shared).includes("--shard=any/3"));
  assert(programArguments(shared).includes("--enable-leader-election"));
  assertEquals(removalText(shared).match(/kubectl delete lease \S+/g), [
    "kubectl delete lease a3f45fce.functionmesh.io",
    "kubectl delete lease a3f45fce.functionmesh.io-1",
    "kubectl delete lease a3f45fce.functionmesh.io-2",
  ]);
});
