import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { manifestProblemText, ownerProblems, readManifests } from "#manifests";
import { authored, EXPORT_RULES, withStoredData } from "../../../src/manifests/exported.ts";

const STORED = {
  creationTimestamp: "2026-01-01T00:00:00Z",
  generation: 4,
  managedFields: [{ manager: "kubectl" }],
  resourceVersion: "998877",
  selfLink: "/api/v1/x",
  uid: "7a0c8a4e-5555-4222-8333-444455556666",
};

function object(
  text: string,
  members: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): KubeObject {
  const [apiVersion = "", kind = ""] = text.split(" ");
  return { apiVersion, kind, metadata: { name: "a", ...metadata }, ...members } as KubeObject;
}

/** What each object is when it was stored, and what its author meant. */
const CASES: Record<string, { readonly stored: KubeObject; readonly meant: KubeObject }> = {
  "a Function with the reference's finalizer": {
    stored: object("compute.functionmesh.io/v1alpha1 Function", {
      spec: { replicas: 1 },
      status: { replicas: 1 },
    }, {
      ...STORED,
      finalizers: ["cleanup.subscription.finalizer"],
    }),
    meant: object("compute.functionmesh.io/v1alpha1 Function", { spec: { replicas: 1 } }),
  },
  "a Function whose replicas were filled in": {
    stored: object("compute.functionmesh.io/v1alpha1 Function", { spec: { replicas: 1, x: 1 } }, {
      ...STORED,
      annotations: { "compute.functionmesh.io/filled-replicas": "1", own: "x" },
    }),
    meant: object("compute.functionmesh.io/v1alpha1 Function", { spec: { x: 1 } }, {
      annotations: { own: "x" },
    }),
  },
  "a ConfigMap with an owner": {
    stored: object("v1 ConfigMap", { data: { a: "1" } }, {
      ...STORED,
      ownerReferences: [{ kind: "Deployment" }],
    }),
    meant: object("v1 ConfigMap", { data: { a: "1" } }),
  },
  "a Deployment": {
    stored: object("apps/v1 Deployment", {
      spec: {
        replicas: 2,
        template: { metadata: { creationTimestamp: null, labels: { app: "a" } } },
      },
      status: { replicas: 2 },
    }, {
      ...STORED,
      annotations: {
        "deployment.kubernetes.io/revision": "3",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
      },
    }),
    meant: object("apps/v1 Deployment", {
      spec: { replicas: 2, template: { metadata: { labels: { app: "a" } } } },
    }),
  },
  "a StatefulSet": {
    stored: object("apps/v1 StatefulSet", {
      spec: {
        volumeClaimTemplates: [{
          metadata: { creationTimestamp: null, name: "v" },
          spec: {},
          status: { phase: "Pending" },
        }],
      },
    }, STORED),
    meant: object("apps/v1 StatefulSet", {
      spec: {
        volumeClaimTemplates: [{ metadata: { name: "v" }, spec: {}, status: { phase: "Pending" } }],
      },
    }),
  },
  "a DaemonSet": {
    stored: object("apps/v1 DaemonSet", { spec: { x: 1 } }, {
      ...STORED,
      annotations: { "deprecated.daemonset.template.generation": "1" },
    }),
    meant: object("apps/v1 DaemonSet", { spec: { x: 1 } }),
  },
  "a Job": {
    stored: object("batch/v1 Job", {
      spec: {
        selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "7a0c" } },
        template: {
          metadata: {
            labels: {
              "controller-uid": "7a0c",
              "job-name": "a",
              "batch.kubernetes.io/job-name": "a",
            },
          },
          spec: {},
        },
      },
    }, {
      ...STORED,
      labels: { "controller-uid": "7a0c", "job-name": "a" },
      annotations: { "batch.kubernetes.io/job-tracking": "" },
    }),
    meant: object("batch/v1 Job", { spec: { template: { spec: {} } } }),
  },
  "a Service": {
    stored: object("v1 Service", {
      spec: {
        clusterIP: "10.0.0.7",
        clusterIPs: ["10.0.0.7"],
        healthCheckNodePort: 31234,
        ports: [{ port: 80, nodePort: 30080 }, { port: 81 }],
      },
      status: { loadBalancer: {} },
    }, { ...STORED, finalizers: ["service.kubernetes.io/load-balancer-cleanup"] }),
    meant: object("v1 Service", { spec: { ports: [{ port: 80 }, { port: 81 }] } }),
  },
  "a headless Service": {
    stored: object("v1 Service", { spec: { clusterIP: "None", clusterIPs: ["None"] } }, STORED),
    meant: object("v1 Service", { spec: { clusterIP: "None", clusterIPs: ["None"] } }),
  },
  "a claim": {
    stored: object("v1 PersistentVolumeClaim", { spec: { volumeName: "pvc-1", x: 1 } }, {
      ...STORED,
      annotations: {
        "pv.kubernetes.io/bind-completed": "yes",
        "volume.kubernetes.io/storage-provisioner": "p",
      },
      finalizers: ["kubernetes.io/pvc-protection"],
    }),
    meant: object("v1 PersistentVolumeClaim", { spec: { x: 1 } }),
  },
  "a volume": {
    stored: object("v1 PersistentVolume", {
      spec: { claimRef: { name: "c", namespace: "n", uid: "1", resourceVersion: "2" } },
    }, STORED),
    meant: object("v1 PersistentVolume", { spec: { claimRef: { name: "c", namespace: "n" } } }),
  },
  "the token of a ServiceAccount": {
    stored: object("v1 Secret", {
      type: "kubernetes.io/service-account-token",
      data: { "ca.crt": "x", namespace: "x", token: "x" },
    }, {
      ...STORED,
      annotations: {
        "kubernetes.io/service-account.name": "a",
        "kubernetes.io/service-account.uid": "1",
      },
    }),
    meant: object("v1 Secret", { type: "kubernetes.io/service-account-token" }, {
      annotations: { "kubernetes.io/service-account.name": "a" },
    }),
  },
  "a ServiceAccount": {
    stored: object(
      "v1 ServiceAccount",
      { secrets: [{ name: "a-token-x7k2p" }, { name: "own" }] },
      STORED,
    ),
    meant: object("v1 ServiceAccount", { secrets: [{ name: "own" }] }),
  },
  "an aggregated ClusterRole": {
    stored: object("rbac.authorization.k8s.io/v1 ClusterRole", {
      aggregationRule: { x: 1 },
      rules: [{ verbs: ["get"] }],
    }, STORED),
    meant: object("rbac.authorization.k8s.io/v1 ClusterRole", { aggregationRule: { x: 1 } }),
  },
  "a Namespace": {
    stored: object("v1 Namespace", {
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    }, STORED),
    meant: object("v1 Namespace", {}),
  },
  "a Pod": {
    stored: object("v1 Pod", {
      spec: {
        containers: [{
          name: "c",
          volumeMounts: [{ name: "kube-api-access-x7k2p" }, { name: "own" }],
        }],
        nodeName: "node-1",
        priority: 0,
        volumes: [{ name: "kube-api-access-x7k2p" }, { name: "own" }],
      },
    }, STORED),
    meant: object("v1 Pod", {
      spec: {
        containers: [{ name: "c", volumeMounts: [{ name: "own" }] }],
        volumes: [{ name: "own" }],
      },
    }),
  },
  "a Lease": {
    stored: object("coordination.k8s.io/v1 Lease", { spec: { renewTime: "x" } }, STORED),
    meant: object("coordination.k8s.io/v1 Lease", {}),
  },
  "an autoscaler": {
    stored: object("autoscaling/v1 HorizontalPodAutoscaler", { spec: { x: 1 } }, {
      ...STORED,
      annotations: { "autoscaling.alpha.kubernetes.io/conditions": "[]" },
    }),
    meant: object("autoscaling/v1 HorizontalPodAutoscaler", { spec: { x: 1 } }),
  },
  "a request for a certificate": {
    stored: object("certificates.k8s.io/v1 CertificateSigningRequest", {
      spec: { request: "x", username: "u", groups: ["g"] },
    }, STORED),
    meant: object("certificates.k8s.io/v1 CertificateSigningRequest", { spec: { request: "x" } }),
  },
  "a webhook whose authority is put in": {
    stored: object("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", {
      webhooks: [{ name: "a", clientConfig: { caBundle: "x", url: "u" } }],
    }, { ...STORED, annotations: { "cert-manager.io/inject-ca-from": "a/b" } }),
    meant: object("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", {
      webhooks: [{ name: "a", clientConfig: { url: "u" } }],
    }, { annotations: { "cert-manager.io/inject-ca-from": "a/b" } }),
  },
};

for (const [what, { meant, stored }] of Object.entries(CASES)) {
  Deno.test(`authored() knows what was meant by ${what}`, () => {
    const before = structuredClone(stored);
    assertEquals(authored(stored), meant);
    assertEquals(stored, before, "the input is not changed");
    assertEquals(authored(meant), meant, "what was meant stays as it is");
  });
}

Deno.test("authored() keeps what somebody may have chosen, where an object was never stored", () => {
  const chosen = [
    object("v1 Service", {
      spec: { clusterIP: "10.0.0.7", ports: [{ port: 80, nodePort: 30080 }] },
    }),
    object("v1 PersistentVolumeClaim", { spec: { volumeName: "mine" } }),
    object("v1 Pod", { spec: { nodeName: "node-1" } }),
    object("v1 ConfigMap", {}, { finalizers: ["example.org/keep"] }),
    object("batch/v1 Job", {
      spec: { manualSelector: true, selector: { matchLabels: { "job-name": "a" } } },
    }),
    object("example.org/v1 Service", { spec: { clusterIP: "x" } }),
  ];
  for (const one of chosen) assertEquals(authored(one), one);
  assertEquals(
    authored(object("v1 ConfigMap", {}, { creationTimestamp: null })),
    object("v1 ConfigMap", {}),
  );
  assertEquals(new Set(EXPORT_RULES.map(({ name }) => name)).size, EXPORT_RULES.length);
});

Deno.test("withStoredData() puts texts where they are stored, and lets them win as the API server does", () => {
  const secret = object("v1 Secret", {
    data: { a: "eA==", b: "eA==" },
    stringData: { b: "é", c: "", d: null },
  });
  assertEquals(
    withStoredData(secret),
    object("v1 Secret", { data: { a: "eA==", b: "w6k=", c: "" } }),
  );
  const other = object("v1 ConfigMap", { stringData: { a: "b" } });
  assertEquals(withStoredData(other), other);
});

Deno.test("an owner that no file holds is a problem of validate, one that is there a warning", () => {
  const owned = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: owned\n  ownerReferences:\n" +
    "  - {apiVersion: apps/v1, kind: Deployment, name: gone, uid: '1'}\n";
  const owner = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gone}\n";
  const alone = readManifests([{ path: "a.yaml", text: owned }]);
  assertEquals(alone.problems, []);
  assertEquals(alone.warnings.map(manifestProblemText), [
    "a.yaml:5: ConfigMap/owned metadata.ownerReferences: has no effect: the uid in it is that of one cluster; remove it",
  ]);
  assertEquals(ownerProblems(alone.documents).map(manifestProblemText), [
    "a.yaml:6: ConfigMap/owned metadata.ownerReferences[0]: names the owner Deployment/gone, which no file holds; " +
    "remove the reference, or the object if what owned it made it",
  ]);
  const both = readManifests([{ path: "a.yaml", text: owned + owner }]);
  assertEquals(ownerProblems(both.documents), []);
});

/** Objects that are somebody else's, and one of each kind that is not. */
const KEPT: readonly (readonly [type: string, metadata: Record<string, unknown>, words: string])[] =
  [
    ["v1 Event", {}, "is a record of what happened"],
    ["events.k8s.io/v1 Event", {}, "is a record of what happened"],
    [
      "certificates.k8s.io/v1 CertificateSigningRequest",
      { uid: "1" },
      "is a request that was made once",
    ],
    ["certificates.k8s.io/v1 CertificateSigningRequest", {}, ""],
    ["storage.k8s.io/v1 CSINode", { uid: "1" }, "is what nodes and drivers report"],
    ["storage.k8s.io/v1 CSINode", {}, ""],
    [
      "coordination.k8s.io/v1 Lease",
      { uid: "1", namespace: "kube-node-lease" },
      "is what nodes and drivers report",
    ],
    ["coordination.k8s.io/v1 Lease", { uid: "1", namespace: "shop" }, ""],
    ["v1 ConfigMap", { name: "kube-root-ca.crt" }, "is what every cluster publishes"],
    [
      "discovery.k8s.io/v1 EndpointSlice",
      { labels: { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" } },
      "is kept by endpointslice-controller.k8s.io",
    ],
    ["discovery.k8s.io/v1 EndpointSlice", {
      labels: { "endpointslice.kubernetes.io/managed-by": "staff" },
    }, ""],
    ["apiregistration.k8s.io/v1 APIService", {
      uid: "1",
      labels: { "kube-aggregator.kubernetes.io/automanaged": "onstart" },
    }, "is kept by the API server"],
    ["apiregistration.k8s.io/v1 APIService", { uid: "1" }, ""],
    [
      "v1 Pod",
      {
        ownerReferences: [{
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: "web-1",
          uid: "2",
          controller: true,
        }],
      },
      "belongs to ReplicaSet/web-1, whose controller makes it",
    ],
  ];

Deno.test("what controllers make, keep or report has a warning that names them", () => {
  for (const [type, metadata, words] of KEPT) {
    const [apiVersion, kind] = type.split(" ");
    const text = JSON.stringify({ apiVersion, kind, metadata: { name: "a", ...metadata } });
    const { documents, warnings } = readManifests([{ path: "a.json", text }]);
    assertEquals(documents.length, 1, type);
    const said = warnings.filter(({ message }) => message.includes("not applied"));
    assertEquals(
      said.map(({ message }) => message.slice(0, words.length)),
      words === "" ? [] : [words],
    );
  }
});
