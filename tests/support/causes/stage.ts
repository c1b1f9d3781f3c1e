/** Where causes are made for real: one namespace with the program at work, and what refuses or is broken beside it. */
import type { KubeObject } from "#base";
import type { CommandResult } from "../cli.ts";
import { meshwright } from "../cli.ts";
import {
  eventually,
  FAIL,
  FAIL_EXIT_CODE,
  FAIL_MESSAGE,
  type TestCluster,
} from "../control_plane.ts";
import { type ControllerStory, kubectlIn, userFunction } from "../controller_story.ts";
import { type HangingServer, hangingServer } from "../hanging_server.ts";
import { type RunningLoop, runningLoop } from "../running_loop.ts";
import { refusingWebhook } from "./refusals.ts";

/** What makes a cause, and what `explain` has to say of it then. */
export interface MadeCause {
  readonly reason: string;
  /** What becomes of it with time. */
  readonly later?: string;
  /** `kind/name`, as kubectl takes it. */
  readonly name: string;
  readonly make: (stage: CauseStage) => Promise<unknown>;
  /** What the cause reads like, after its reason. */
  readonly says: RegExp;
  /** What the remedy reads like. */
  readonly remedy: RegExp;
}

/** The namespace that all causes are made in. */
export interface CauseStage extends AsyncDisposable {
  readonly story: Omit<ControllerStory, "controller" | "restart">;
  readonly loop: RunningLoop;
  /** A Git server that never answers. */
  readonly silent: HangingServer;
  /** `/html` is no Git server, `/moved.git` points elsewhere, all others fail. */
  readonly odd: { readonly url: string };
  explain(name: string): Promise<CommandResult>;
}

/** A pod with this label is refused by a policy. */
export const REFUSED_POD = "meshwright.test/refused";
/** A pod with this label is deleted by nobody: what it is like stays, as on a node that does not answer. */
export const KEPT_POD = "meshwright.test/kept";
/** A pod with this label gets a gate that nobody lifts. */
export const GATED_POD = "meshwright.test/gated";

/** Starts all of it. */
export async function causeStage(cluster: TestCluster): Promise<CauseStage> {
  const stack = new AsyncDisposableStack();
  const loop = stack.use(await runningLoop(cluster));
  const silent = stack.use(hangingServer());
  const odd = stack.use(oddServer());
  stack.use(await refusingWebhook(cluster, loop.namespace));
  const names = await putPolicies(cluster, loop.namespace);
  stack.defer(async () => {
    await cluster.kubectl(["delete", ...names, "--ignore-not-found", "--wait=false"]);
  });
  return {
    story: kubectlIn(cluster, loop.namespace),
    loop,
    silent,
    odd,
    explain: (name) =>
      meshwright([
        ...["explain", name, "--kubeconfig", cluster.kubeconfigPath],
        ...["--namespace", loop.namespace, "--checkout", "/"],
      ]),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Makes a Function whose pod fails as a kubelet would show it. */
export function failing(reason: string, message?: string, exitCode?: number) {
  const annotations = {
    [FAIL]: reason,
    ...(message === undefined ? {} : { [FAIL_MESSAGE]: message }),
    ...(exitCode === undefined ? {} : { [FAIL_EXIT_CODE]: String(exitCode) }),
  };
  return ({ story }: CauseStage, name: string) =>
    story.apply(userFunction(name, { pod: { annotations } }));
}

/** The first pod of a Function, once it is there. */
export async function firstPod({ story }: CauseStage, name: string): Promise<KubeObject> {
  return await eventually(async () => await story.find(`pod/${name}-function-0`), {
    timeoutMs: 180_000,
  });
}

/** A server that answers, and is no Git server of any use. */
function oddServer(): AsyncDisposable & { readonly url: string } {
  const address = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(address, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/html")) {
      return new Response("<p>Hello</p>", { headers: { "content-type": "text/html" } });
    }
    if (pathname.startsWith("/moved.git")) {
      return Response.redirect(`http://elsewhere.example${pathname}`, 301);
    }
    return new Response("no", { status: 500 });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Policies of a team that refuses some pods, some StatefulSets, and to delete some ConfigMaps; answers what to delete. */
async function putPolicies(cluster: TestCluster, namespace: string): Promise<string[]> {
  const rules = [
    { name: "pods", group: "", resource: "pods", operation: "CREATE", says: "no budget for it" },
    { name: "sets", group: "apps", resource: "statefulsets", operation: "CREATE", says: "ask ops" },
    {
      name: "words",
      group: "apps",
      resource: "statefulsets",
      operation: "CREATE",
      says: "no name",
    },
    { name: "held", group: "", resource: "configmaps", operation: "DELETE", says: "audited" },
    { name: "kept", group: "", resource: "pods", operation: "DELETE", says: "no answer" },
  ] as const;
  const expressions = {
    pods: `!has(object.metadata.labels) || !("${REFUSED_POD}" in object.metadata.labels)`,
    sets: '!object.metadata.name.startsWith("forbidden")',
    words: '!object.metadata.name.startsWith("invalid-object")',
    held: '!oldObject.metadata.name.startsWith("audited")',
    kept: `!has(oldObject.metadata.labels) || !("${KEPT_POD}" in oldObject.metadata.labels)`,
  };
  const objects: KubeObject[] = rules.flatMap(({ group, name, operation, resource, says }) => {
    const metadata = { name: `${namespace}-${name}` };
    const kind = "ValidatingAdmissionPolicy";
    const apiVersion = "admissionregistration.k8s.io/v1";
    const reason = name === "words" ? {} : { reason: "Forbidden" };
    const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
    const match = {
      apiGroups: [group],
      apiVersions: ["v1"],
      operations: [operation],
      resources: [resource],
    };
    return [
      {
        apiVersion,
        kind,
        metadata,
        spec: {
          matchConstraints: { namespaceSelector, resourceRules: [match] },
          validations: [{ expression: expressions[name], message: says, ...reason }],
        },
      },
      {
        apiVersion,
        kind: `${kind}Binding`,
        metadata,
        spec: { policyName: metadata.name, validationActions: ["Deny"] },
      },
    ];
  });
  objects.push(...gatingPolicy(namespace));
  await cluster.apply(...objects);
  await untilInForce(cluster, namespace);
  return objects.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
}

/** Who gates pods, as queues for batch work do. */
function gatingPolicy(namespace: string): KubeObject[] {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name: `${namespace}-gates` };
  const expression =
    'Object{spec: Object.spec{schedulingGates: [Object.spec.schedulingGates{name: "team.example/queue"}]}}';
  return [
    {
      apiVersion,
      kind: "MutatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          resourceRules: [{
            apiGroups: [""],
            apiVersions: ["v1"],
            operations: ["CREATE"],
            resources: ["pods"],
          }],
        },
        matchConditions: [{
          name: "labelled",
          expression: `has(object.metadata.labels) && "${GATED_POD}" in object.metadata.labels`,
        }],
        reinvocationPolicy: "Never",
        mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }],
      },
    },
    {
      apiVersion,
      kind: "MutatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: metadata.name },
    },
  ];
}

/** A policy takes a moment until the API server goes by it: the last of them says so. */
async function untilInForce(cluster: TestCluster, namespace: string): Promise<void> {
  const probe = ["configmap", "audited-probe", "-n", namespace];
  await cluster.kubectl(["create", ...probe]);
  const refused = ["forbidden-probe", "invalid-object-probe"].map((name) => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "example/a:1" }] },
      },
    },
  }));
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "refused-probe", namespace, labels: { [REFUSED_POD]: "true" } },
    spec: { containers: [{ name: "main", image: "example/a:1" }] },
  };
  await eventually(async () => {
    const answers = await Promise.all([
      cluster.tryKubectl(["delete", ...probe, "--dry-run=server"]),
      ...[...refused, pod].map((object) =>
        cluster.tryKubectl(["create", "--dry-run=server", "-f", "-"], {
          stdin: JSON.stringify(object),
        })
      ),
    ]);
    return answers.every(({ stderr }) => stderr.includes("denied request"));
  }, { timeoutMs: 180_000, intervalMs: 500 });
}
