import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { testCluster } from "../support/control_plane.ts";
import { syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const SECRET = "pl41n-pw";

interface Case {
  readonly kind: string;
  readonly apiVersion: string;
  readonly field: string;
  readonly of: (side: string) => Record<string, unknown>;
}

function podTemplate(app: string, image = "shop/c:1") {
  const env = [{ name: "PW", value: SECRET }];
  return { metadata: { labels: { app } }, spec: { containers: [{ name: "c", image, env }] } };
}

/** Kinds with what of them cannot be changed; each name of a side gives another value. */
const CASES: readonly Case[] = [
  {
    kind: "Deployment",
    apiVersion: "apps/v1",
    field: "spec\\.selector",
    of: (side) => ({
      spec: { selector: { matchLabels: { app: side } }, template: podTemplate(side) },
    }),
  },
  {
    kind: "StatefulSet",
    apiVersion: "apps/v1",
    field: "spec: .*\\(Git changes spec\\.serviceName\\)",
    of: (side) => ({
      spec: {
        serviceName: side,
        selector: { matchLabels: { app: "a" } },
        template: podTemplate("a"),
      },
    }),
  },
  {
    kind: "Job",
    apiVersion: "batch/v1",
    field: "spec\\.template",
    of: (side) => {
      const { metadata, spec } = podTemplate("a", `shop/${side}`);
      return { spec: { template: { metadata, spec: { ...spec, restartPolicy: "Never" } } } };
    },
  },
  {
    kind: "ConfigMap",
    apiVersion: "v1",
    field: "data",
    of: (side) => ({ immutable: true, data: { [side]: SECRET } }),
  },
  {
    kind: "Secret",
    apiVersion: "v1",
    field: "type",
    of: (side) => ({ type: `example.org/${side}`, stringData: { a: SECRET } }),
  },
  {
    kind: "PersistentVolumeClaim",
    apiVersion: "v1",
    field: "spec",
    of: (side) => ({
      spec: {
        storageClassName: side,
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
      },
    }),
  },
  {
    kind: "RoleBinding",
    apiVersion: "rbac.authorization.k8s.io/v1",
    field: "roleRef",
    of: (side) => ({
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: side },
      subjects: [{ kind: "ServiceAccount", name: "default" }],
    }),
  },
];

for (const { apiVersion, field, kind, of } of CASES) {
  Deno.test(`a ${kind} of which a field cannot be changed is refused with the field, and replaced on request`, async () => {
    await using story = await syncStory(cluster);
    const text = (side: string) =>
      JSON.stringify({ apiVersion, kind, metadata: { name: "x" }, ...of(side) });
    const uid = async () => {
      const path = "jsonpath={.metadata.uid}";
      return await cluster.kubectl(["get", kind, "x", "-n", story.namespace, "-o", path]);
    };
    await story.repository.commit({ "meshes/x.yaml": text("one") });
    await story.sync({ settleTime: "0s" });
    await story.pass();
    const before = await uid();
    await story.repository.commit({ "meshes/x.yaml": text("two") });
    await story.pass();
    assertMatch(
      await story.ready(),
      new RegExp(`^False ApplyFailed: .*${kind}/x: ${field}.*replace`),
    );
    assertEquals(
      JSON.stringify([await story.status(), story.events, story.logs]).includes(SECRET),
      false,
    );
    assertEquals(await uid(), before);
    await story.sync({ settleTime: "0s", replace: [{ kind }] });
    await eventually(async () => {
      await story.pass();
      const applied = (await story.status()).lastAppliedRevision;
      return applied === (await story.status()).lastAttemptedRevision;
    });
    assertEquals(await uid() === before, false);
  });
}
