import type { KubeObject } from "#base";
import { FOLDER } from "../whole/objects.ts";

const NAME = "bench";

/** A commit counts from when Flux looks next; ours looks as often. */
const LOOK_INTERVAL = "1s";
/** How often edits by hand are put right: the least that Flux's documentation has. */
const DRIFT_INTERVAL = "60s";
/** An apply of many Functions is to end by itself. */
const APPLY_TIMEOUT = "30m";

/** Has source-controller follow a repository. */
export function gitRepository(namespace: string, url: string): KubeObject {
  return {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { namespace, name: NAME },
    spec: { interval: LOOK_INTERVAL, ref: { branch: "main" }, url },
  };
}

/** Has kustomize-controller apply what the bench commits, and prune what goes. */
export function kustomization(namespace: string): KubeObject {
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { namespace, name: NAME },
    spec: {
      interval: DRIFT_INTERVAL,
      path: `./${FOLDER}`,
      prune: true,
      sourceRef: { kind: "GitRepository", name: NAME },
      targetNamespace: namespace,
      timeout: APPLY_TIMEOUT,
      wait: false,
    },
  };
}

/** Has an API server ask Function Mesh for the defaults of Functions in a namespace, as its chart does. */
export function defaultsWebhook(
  namespace: string,
  { caPem, port }: { readonly caPem: string; readonly port: number },
): KubeObject {
  const path = "/mutate-compute-functionmesh-io-v1alpha1-function";
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: `bench-${namespace}` },
    webhooks: [{
      name: "mfunction.kb.io",
      admissionReviewVersions: ["v1"],
      clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle: btoa(caPem) },
      failurePolicy: "Fail",
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      rules: [{
        apiGroups: ["compute.functionmesh.io"],
        apiVersions: ["v1alpha1"],
        operations: ["CREATE", "UPDATE"],
        resources: ["functions"],
      }],
      sideEffects: "None",
    }],
  };
}
