/** Puts what the reference operator left in a cluster (`../shared/takeover`) into another one. */
import { customResourceDefinitions } from "#api";
import type { JsonObject, KubeObject } from "#base";
import type { TestCluster } from "./control_plane.ts";

/** Where the objects are: beside the checkout. They are no part of this repository. */
export const TAKEOVER_FOLDER = new URL("../../../shared/takeover", import.meta.url).pathname;

/** Who wrote what: the user, and the reference operator by the name of its binary. */
const [USER, REFERENCE] = ["kubectl-create", "manager"];

/** What the reference's own definitions say. */
const FACTS = "definitions.json";

const COMPUTE_KINDS = ["FunctionMesh", "Function", "Source", "Sink"];

/** One case: the objects of a namespace, as `kubectl get -o json` prints them. */
export interface TakeoverCase {
  readonly file: string;
  readonly namespace: string;
  readonly items: readonly KubeObject[];
}

/** The cases, sorted by name; none where the folder is not there. */
export async function takeoverCases(): Promise<TakeoverCase[]> {
  const files: string[] = [];
  try {
    for await (const { name } of Deno.readDir(TAKEOVER_FOLDER)) {
      if (name.startsWith("real-")) files.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return await Promise.all(
    files.sort().map(async (file) => {
      const { items } = JSON.parse(await Deno.readTextFile(`${TAKEOVER_FOLDER}/${file}`));
      return { file, namespace: items[0].metadata.namespace, items };
    }),
  );
}

/** The definitions as they are in a cluster that the reference set up: name, versions' status and subresources. */
export async function definitionFacts(): Promise<readonly DefinitionFacts[]> {
  return JSON.parse(await Deno.readTextFile(`${TAKEOVER_FOLDER}/${FACTS}`));
}

/** What `definitions.json` says of one definition. */
export interface DefinitionFacts {
  readonly name: string;
  readonly conversion: unknown;
  readonly versions: readonly {
    readonly name: string;
    readonly served: boolean;
    readonly storage: boolean;
    readonly status: unknown;
    readonly subresources: unknown;
  }[];
}

/** What the reference says of one thing that it made: a map of these by name is its conditions. */
const OLD_CONDITION = {
  type: "object",
  properties: {
    action: { type: "string" },
    condition: { type: "string" },
    status: { type: "string" },
  },
};
const OLD_CONDITIONS = { type: "object", additionalProperties: OLD_CONDITION };
const OLD_GENERATION = { type: "integer", format: "int64" };

const OLD_COMPONENT_STATUS = {
  type: "object",
  required: ["conditions", "replicas", "selector"],
  properties: {
    conditions: OLD_CONDITIONS,
    globalBackendConfigRevision: { type: "string" },
    namespacedBackendConfigRevision: { type: "string" },
    observedGeneration: OLD_GENERATION,
    pendingChange: { type: "string" },
    replicas: { type: "integer", format: "int32" },
    selector: { type: "string" },
  },
};

const OLD_MESH_STATUS = {
  type: "object",
  properties: {
    condition: OLD_CONDITION,
    functionConditions: OLD_CONDITIONS,
    observedGeneration: OLD_GENERATION,
    sinkConditions: OLD_CONDITIONS,
    sourceConditions: OLD_CONDITIONS,
  },
};

const OLD_SCALE = {
  labelSelectorPath: ".status.selector",
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
};

const COMPONENT_FACTS = {
  status: OLD_COMPONENT_STATUS,
  subresources: { scale: OLD_SCALE, status: {} },
};
const OLD_FACTS: Readonly<
  Record<string, { readonly status: JsonObject; readonly subresources: JsonObject }>
> = {
  Function: COMPONENT_FACTS,
  Source: COMPONENT_FACTS,
  Sink: COMPONENT_FACTS,
  FunctionMesh: { status: OLD_MESH_STATUS, subresources: { status: {} } },
  BackendConfig: {
    status: { type: "object" },
    subresources: { scale: OLD_SCALE, status: {} },
  },
};

/**
 * Definitions that take what those of the reference (v0.27.2) take and refuse what they refuse: any spec, and a status
 * exactly as `definitions.json` has it.
 *
 * @param options.conversion `Webhook`: as the reference's manifests have it where nobody installed its webhook (W-44)
 */
export function referenceDefinitions(
  options: { readonly conversion?: "None" | "Webhook" } = {},
): KubeObject[] {
  return customResourceDefinitions().flatMap((definition) => {
    const { group, names, scope } = definition.spec as {
      readonly group: string;
      readonly scope: string;
      readonly names: Readonly<Record<string, string>>;
    };
    const facts = OLD_FACTS[names["kind"] ?? ""];
    if (facts === undefined || !definition.metadata.name.endsWith(".compute.functionmesh.io")) {
      return [];
    }
    const spec = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    const openAPIV3Schema = { type: "object", properties: { spec, status: facts.status } };
    return [{
      apiVersion: definition.apiVersion,
      kind: definition.kind,
      metadata: {
        name: definition.metadata.name,
        annotations: { "controller-gen.kubebuilder.io/version": "v0.15.0" },
      },
      spec: {
        group,
        scope,
        names: { kind: names["kind"], plural: names["plural"], singular: names["singular"] },
        versions: [{
          name: "v1alpha1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema },
          subresources: facts.subresources,
        }],
        conversion: options.conversion === "Webhook" ? CONVERSION : { strategy: "None" },
      },
    }];
  });
}

const CONVERSION = {
  strategy: "Webhook",
  webhook: {
    conversionReviewVersions: ["v1"],
    clientConfig: {
      service: { name: "function-mesh-webhook", namespace: "function-mesh", path: "/convert" },
    },
  },
};

/** Stores the cases' objects as the reference operator left them: who owns what, and who wrote which field. */
export async function storeCases(
  cluster: TestCluster,
  cases: readonly TakeoverCase[],
): Promise<void> {
  const items = cases.flatMap((one) => one.items);
  await create(cluster, cases.map(({ namespace }) => namespaceObject(namespace)), USER);
  const isCompute = ({ kind }: KubeObject) => COMPUTE_KINDS.includes(kind);
  const uids = new Map<string, string>();
  const stages = [
    [items.filter((object) => isCompute(object) && !isOwned(object)), USER],
    [items.filter((object) => isCompute(object) && isOwned(object)), REFERENCE],
    [items.filter((object) => !isCompute(object)), REFERENCE],
  ] as const;
  for (const [objects, manager] of stages) {
    await create(cluster, objects.map((object) => asNew(object, uids)), manager);
    for (const object of await stored(cluster)) uids.set(nameOf(object), object.metadata.uid ?? "");
  }
  const statuses = new Map(items.map((object) => [nameOf(object), object.status]));
  const withStatus = (await stored(cluster)).map((object) => {
    const status = statuses.get(nameOf(object));
    const { generation } = object.metadata;
    return { ...object, status: { ...status as object, observedGeneration: generation } };
  });
  await cluster.kubectl(
    ["replace", "--subresource=status", `--field-manager=${REFERENCE}`, "-f", "-"],
    { stdin: stream(withStatus) },
  );
}

/** All Functions, Sources, Sinks and FunctionMeshes. */
async function stored(cluster: TestCluster): Promise<readonly KubeObject[]> {
  const kinds = COMPUTE_KINDS.map((kind) => `${kind}.compute.functionmesh.io`).join(",");
  return (await cluster.get<{ readonly items: readonly KubeObject[] }>([kinds, "-A"])).items;
}

async function create(
  cluster: TestCluster,
  objects: readonly KubeObject[],
  manager: string,
): Promise<void> {
  if (objects.length === 0) return;
  await cluster.kubectl(["create", `--field-manager=${manager}`, "-f", "-"], {
    stdin: stream(objects),
  });
}

/** An object as its writer sent it, with its owner as it is here. */
function asNew(object: KubeObject, uids: ReadonlyMap<string, string>): KubeObject {
  const { status: _status, ...rest } = object;
  const { name, namespace = "", labels, annotations, finalizers, ownerReferences } =
    object.metadata;
  const owners = ownerReferences?.map((reference) => ({
    ...reference,
    uid: uids.get(`${reference.kind} ${namespace}/${reference.name}`) ?? "",
  }));
  const given = { labels, annotations, finalizers, ownerReferences: owners };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...rest, metadata: { name, namespace, ...Object.fromEntries(present) } };
}

function isOwned(object: KubeObject): boolean {
  return (object.metadata.ownerReferences ?? []).length > 0;
}

function namespaceObject(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}

function stream(objects: readonly unknown[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}
