/** What the harness itself asks of the API server, as the administrator and past every proxy. */
import type { KubeObject } from "#base";
import type { ClusterAccess } from "../support/control_plane.ts";

/** Kinds that the chapters make or look at: the path of the API, and whether objects lie in a namespace. */
const KINDS = {
  ClusterRoleBinding: ["/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", false],
  ConfigMap: ["/api/v1", "configmaps", true],
  CustomResourceDefinition: ["/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", false],
  Function: ["/apis/compute.functionmesh.io/v1alpha1", "functions", true],
  HorizontalPodAutoscaler: ["/apis/autoscaling/v2", "horizontalpodautoscalers", true],
  Job: ["/apis/batch/v1", "jobs", true],
  Lease: ["/apis/coordination.k8s.io/v1", "leases", true],
  MeshSync: ["/apis/gitops.functionmesh.io/v1alpha1", "meshsyncs", true],
  MutatingWebhookConfiguration: [
    "/apis/admissionregistration.k8s.io/v1",
    "mutatingwebhookconfigurations",
    false,
  ],
  Namespace: ["/api/v1", "namespaces", false],
  Pod: ["/api/v1", "pods", true],
  ResourceQuota: ["/api/v1", "resourcequotas", true],
  Secret: ["/api/v1", "secrets", true],
  Service: ["/api/v1", "services", true],
  ServiceAccount: ["/api/v1", "serviceaccounts", true],
  StatefulSet: ["/apis/apps/v1", "statefulsets", true],
  ValidatingAdmissionPolicy: [
    "/apis/admissionregistration.k8s.io/v1",
    "validatingadmissionpolicies",
    false,
  ],
  ValidatingAdmissionPolicyBinding: [
    "/apis/admissionregistration.k8s.io/v1",
    "validatingadmissionpolicybindings",
    false,
  ],
  ValidatingWebhookConfiguration: [
    "/apis/admissionregistration.k8s.io/v1",
    "validatingwebhookconfigurations",
    false,
  ],
} as const satisfies Readonly<Record<string, readonly [string, string, boolean]>>;

/** A kind that the harness knows. */
export type Kind = keyof typeof KINDS;

/** Which object is meant. */
export interface ObjectName {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace?: string;
}

const REQUEST_MS = 20_000;

/** Requests of the harness. Dispose it to close its connections. */
export class Api implements Disposable {
  readonly #access: ClusterAccess;
  readonly #client: Deno.HttpClient;

  constructor(access: ClusterAccess) {
    this.#access = access;
    this.#client = Deno.createHttpClient({ caCerts: [access.caPem] });
  }

  /** An object, or undefined where it is not there. */
  async find(object: ObjectName): Promise<KubeObject | undefined> {
    const answer = await this.#ask("GET", pathOf(object));
    return answer.status === 404 ? undefined : JSON.parse(wanted(answer));
  }

  /** All objects of a kind in a namespace. */
  async list(kind: Kind, namespace: string): Promise<readonly KubeObject[]> {
    const answer = await this.#ask("GET", pathOf({ kind, namespace, name: "" }));
    const { items } = JSON.parse(wanted(answer));
    return items.map((item: KubeObject) => ({ ...item, kind }));
  }

  /** All objects of a kind in all namespaces; none where nobody serves it. */
  async listAll(kind: Kind): Promise<readonly KubeObject[]> {
    const [group, plural] = KINDS[kind];
    const answer = await this.#ask("GET", `${group}/${plural}`);
    return answer.status === 404 ? [] : JSON.parse(wanted(answer)).items;
  }

  /** Makes or changes an object, server-side, as somebody of this name. */
  async apply(object: KubeObject, manager = "chaos"): Promise<void> {
    const { name, namespace = "" } = object.metadata;
    const path = pathOf({ kind: object.kind as Kind, name, namespace });
    const query = `?fieldManager=${manager}&force=true`;
    const type = "application/apply-patch+yaml";
    wanted(await this.#ask("PATCH", `${path}${query}`, { type, body: JSON.stringify(object) }));
  }

  /** Changes some members of an object. */
  async patch(object: ObjectName, patch: unknown): Promise<void> {
    const type = "application/merge-patch+json";
    wanted(await this.#ask("PATCH", pathOf(object), { type, body: JSON.stringify(patch) }));
  }

  /** Changes some members of its status, as whoever looks after it would. */
  async patchStatus(object: ObjectName, patch: unknown): Promise<void> {
    const type = "application/merge-patch+json";
    const body = JSON.stringify({ status: patch });
    wanted(await this.#ask("PATCH", `${pathOf(object)}/status`, { type, body }));
  }

  /** What the server says to an object that is only tried. */
  async tryToApply(
    object: KubeObject,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { name, namespace = "" } = object.metadata;
    const path = pathOf({ kind: object.kind as Kind, name, namespace });
    const query = "?fieldManager=chaos&force=true&dryRun=All";
    const type = "application/apply-patch+yaml";
    return await this.#ask("PATCH", `${path}${query}`, { type, body: JSON.stringify(object) });
  }

  /** Deletes an object; done already where it is not there. */
  async remove(object: ObjectName): Promise<void> {
    const answer = await this.#ask("DELETE", pathOf(object));
    if (answer.status !== 404) wanted(answer);
  }

  /** Takes its finalizers away; done already where it is not there. */
  async letGo(object: ObjectName): Promise<void> {
    const type = "application/merge-patch+json";
    const body = JSON.stringify({ metadata: { finalizers: null } });
    const answer = await this.#ask("PATCH", pathOf(object), { type, body });
    if (answer.status !== 404) wanted(answer);
  }

  /** Whether the server says that it is ready; false while it does not answer. */
  async isReady(): Promise<boolean> {
    try {
      return (await this.#ask("GET", "/readyz")).status === 200;
    } catch (error) {
      if (error instanceof TypeError || error instanceof DOMException) return false;
      throw error;
    }
  }

  /** A token of a ServiceAccount that ends with a Secret: deleted, the token is refused. Answers the Secret's name. */
  async boundToken(
    account: string,
    namespace: string,
  ): Promise<{ readonly bound: string; readonly token: string }> {
    const bound = `bound-${crypto.randomUUID().slice(0, 8)}`;
    await this.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: bound, namespace } });
    const path = pathOf({ kind: "ServiceAccount", name: account, namespace });
    const body = JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { boundObjectRef: { apiVersion: "v1", kind: "Secret", name: bound } },
    });
    const answer = await this.#ask("POST", `${path}/token`, { type: "application/json", body });
    return { bound, token: JSON.parse(wanted(answer)).status.token };
  }

  /** Whether the server does not know who shows this token. */
  async isRefused(token: string): Promise<boolean> {
    const response = await fetch(`${this.#access.serverUrl}/api`, {
      client: this.#client,
      headers: { authorization: `Bearer ${token}` },
    });
    await response.body?.cancel();
    return response.status === 401;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #ask(
    method: string,
    path: string,
    content?: { readonly type: string; readonly body: string },
  ): Promise<{ readonly status: number; readonly text: string; readonly at: string }> {
    const { serverUrl, token } = this.#access;
    const response = await fetch(`${serverUrl}${path}`, {
      method,
      client: this.#client,
      headers: {
        authorization: `Bearer ${token}`,
        ...(content === undefined ? {} : { "content-type": content.type }),
      },
      body: content?.body ?? null,
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    return { status: response.status, text: await response.text(), at: `${method} ${path}` };
  }
}

function pathOf({ kind, name, namespace = "" }: ObjectName): string {
  const [group, plural, isNamespaced] = KINDS[kind];
  const place = isNamespaced ? `/namespaces/${namespace}` : "";
  return `${group}${place}/${plural}${name === "" ? "" : `/${name}`}`;
}

function wanted(answer: { readonly status: number; readonly text: string; readonly at: string }) {
  if (answer.status < 300) return answer.text;
  throw new Error(`Cannot ${answer.at}: ${answer.status} ${answer.text.slice(0, 400)}`);
}
