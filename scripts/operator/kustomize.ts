/**
 * `gitops/operator/` for kustomize: a base that is what `install` prints, options that change it as flags of `install`
 * do, overlays that use them, and the places that hold the namespace's name. All of it comes from `install` itself: an
 * option is the difference between two of its outputs.
 *
 * @module
 */
import { canonicalJson, groupOf, isPlainObject, type KubeObject, sameJson } from "#base";
import { VERSION } from "../../src/version.ts";
import { changingObjects, identity } from "./installations.ts";
import { patchOf } from "./json_patch.ts";

/** A file of YAML: its documents. */
export type KustomizeFile = readonly unknown[];

/** Flags of `install` that are options of kustomize, each with its flags. */
export const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  "gitops-none": ["--gitops-rights=none"],
  "gitops-cluster-admin": ["--gitops-rights=cluster-admin"],
  "own-namespace": ["--watched-namespace=meshwright"],
  "single-tenant": ["--single-tenant"],
  "replicated": ["--replicas=2"],
  "sharded": ["--shards=3"],
  "receiver": ["--receiver"],
  "console": ["--console"],
  "metrics-secure": ["--metrics-secure"],
  "service-monitor": ["--service-monitor"],
  "service-monitor-secure": ["--metrics-secure", "--service-monitor"],
};

/** Overlays to apply, or to begin one's own with. */
export const OVERLAYS: Readonly<Record<string, Overlay>> = {
  "cluster-admin": { options: ["gitops-cluster-admin"] },
  "one-namespace": { options: ["own-namespace"], namespace: "shop-meshes" },
  "production": {
    options: ["replicated", "receiver", "service-monitor-secure"],
    namespace: "mesh-system",
    image: { newName: "registry.example/meshwright", newTag: VERSION },
    replicas: 3,
  },
};

/** What an overlay says. */
export interface Overlay {
  readonly options: readonly string[];
  readonly namespace?: string;
  readonly image?: { readonly newName: string; readonly newTag: string };
  readonly replicas?: number;
}

const [NAMESPACE, OTHER_NAMESPACE] = ["meshwright", "other-namespace"] as const;
const API_VERSION = "kustomize.config.k8s.io";

/** All files of kustomize below `gitops/operator/` but for those with objects, by their paths. */
export function kustomizeFiles(): ReadonlyMap<string, KustomizeFile> {
  return new Map([
    ["kustomization.yaml", [kustomization({ resources: ["base"] })]],
    ["base/kustomization.yaml", [kustomization({
      resources: ["namespace.yaml", "definitions.yaml", "access.yaml", "program.yaml"],
    })]],
    ...namesFiles("names", namespacePlaces([])),
    ...Object.entries(OPTIONS).flatMap(([name, flags]) => optionFiles(name, flags)),
    ...Object.entries(OVERLAYS).map(([name, overlay]): [string, KustomizeFile] => [
      `overlays/${name}/kustomization.yaml`,
      [overlayKustomization(overlay)],
    ]),
  ]);
}

function kustomization(fields: Readonly<Record<string, unknown>>) {
  return { apiVersion: `${API_VERSION}/v1beta1`, kind: "Kustomization", ...fields };
}

function overlayKustomization({ image, namespace, options, replicas }: Overlay) {
  const named = options.filter((name) => optionPlaces(OPTIONS[name] ?? []).length > 0);
  return kustomization({
    resources: ["../../base"],
    components: options.map((name) => `../../options/${name}`),
    ...(namespace === undefined ? {} : { namespace }),
    ...(image === undefined ? {} : { images: [{ name: "meshwright", ...image }] }),
    ...(replicas === undefined ? {} : { replicas: [{ name: "meshwright", count: replicas }] }),
    // After `namespace`: names and arguments that hold it.
    ...(namespace === undefined ? {} : {
      transformers: ["../../names", ...named.map((name) => `../../options/${name}/names`)],
    }),
  });
}

/**
 * One option. Objects are found by their names, and nothing is done to one that is not there: so options go together in
 * any order, as rights that one takes away are nothing for another one to narrow.
 */
function optionFiles(name: string, flags: readonly string[]): [string, KustomizeFile][] {
  const before = changingObjects([]);
  const after = changingObjects(flags);
  const changed = before.flatMap((object) => {
    const same = after.find((one) => nameOf(one) === nameOf(object));
    return same === undefined || sameJson(object, same) ? [] : [changePatch(object, same)];
  });
  const added = after.filter((one) => !before.some((object) => nameOf(object) === nameOf(one)));
  const folder = `options/${name}`;
  return [
    [`${folder}/kustomization.yaml`, [{
      apiVersion: `${API_VERSION}/v1alpha1`,
      kind: "Component",
      ...(added.length === 0 ? {} : { resources: ["objects.yaml"] }),
      patches: [...changed, ...removed(flags).map(removalPatch)],
    }]],
    ...(added.length === 0 ? [] : [[`${folder}/objects.yaml`, added] as [string, KustomizeFile]]),
    ...namesFiles(`${folder}/names`, optionPlaces(flags)),
  ];
}

/** What an option takes away, from the base or from what another one made of it. */
function removed(flags: readonly string[]): readonly KubeObject[] {
  const scopes = [[], OPTIONS["own-namespace"] ?? []];
  const gone = scopes.flatMap((scope) => {
    const after = changingObjects([...scope, ...flags]).map(nameOf);
    return changingObjects(scope).filter((object) => !after.includes(nameOf(object)));
  });
  return gone.filter((object, index) =>
    gone.findIndex((other) => identity(other) === identity(object)) === index
  );
}

/** A Role may stand for a ClusterRole of the same name. */
function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind.replace(/^Cluster/, "")} ${metadata.name}`;
}

function changePatch(before: KubeObject, after: KubeObject) {
  return {
    target: target(before),
    ...(before.kind === after.kind ? {} : { options: { allowKindChange: true } }),
    patch: JSON.stringify(patchOf(before, after), undefined, 1),
  };
}

function removalPatch(object: KubeObject) {
  const { apiVersion, kind, metadata: { name, namespace } } = object;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    target: target(object),
    patch: JSON.stringify({ $patch: "delete", apiVersion, kind, metadata }),
  };
}

function target({ apiVersion, kind, metadata }: KubeObject) {
  const group = groupOf(apiVersion);
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  return { ...(group === "" ? {} : { group }), version, kind, name: metadata.name };
}

/** A field that holds the namespace's name, and how. */
interface Place {
  readonly object: KubeObject;
  readonly path: readonly (string | number)[];
  readonly value: string;
}

/** Where an installation holds its namespace's name, apart from where kustomize's `namespace` looks. */
function namespacePlaces(flags: readonly string[]): readonly Place[] {
  const others = changingObjects(
    [...flags.filter((flag) => !isWatched(flag)), `--namespace=${OTHER_NAMESPACE}`].concat(
      flags.filter(isWatched).map(() => `--watched-namespace=${OTHER_NAMESPACE}`),
    ),
  );
  return changingObjects(flags).flatMap((object, index) =>
    differences(object, others[index], []).map(({ path, value }) => ({ object, path, value }))
  ).filter(({ object, path }) =>
    path.join(".") !== "metadata.namespace" && object.kind !== "Namespace" &&
    !(path[0] === "subjects" && path.at(-1) === "namespace")
  );
}

function isWatched(flag: string): boolean {
  return flag.startsWith("--watched-namespace=");
}

/** Places that come with an option. */
function optionPlaces(flags: readonly string[]): readonly Place[] {
  const known = new Set(
    namespacePlaces([]).map(({ object, value }) => `${nameOf(object)} ${value}`),
  );
  return namespacePlaces(flags).filter(({ object, value }) =>
    !known.has(`${nameOf(object)} ${value}`)
  );
}

function differences(
  one: unknown,
  other: unknown,
  path: readonly (string | number)[],
): { readonly path: readonly (string | number)[]; readonly value: string }[] {
  if (sameJson(one, other)) return [];
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.flatMap((item, index) => differences(item, other[index], [...path, index]));
  }
  if (isPlainObject(one) && isPlainObject(other)) {
    return Object.keys(one).flatMap((name) => differences(one[name], other[name], [...path, name]));
  }
  return [{ path, value: String(one) }];
}

/** The folder that puts the namespace's name where some places hold it; nothing where there are none. */
function namesFiles(folder: string, places: readonly Place[]): [string, KustomizeFile][] {
  if (places.length === 0) return [];
  const isBase = folder === "names";
  const source = {
    kind: "Deployment",
    name: "meshwright",
    fieldPath: "metadata.namespace",
  };
  return [
    [`${folder}/kustomization.yaml`, [kustomization({ resources: ["replacements.yaml"] })]],
    [`${folder}/replacements.yaml`, [{
      apiVersion: "builtin",
      kind: "ReplacementTransformer",
      metadata: { name: folder.replaceAll("/", "-") },
      replacements: [
        { source, targets: merged(places.map((place) => placeTarget(place, isBase))) },
        ...places.flatMap(restOfPlace),
      ],
    }]],
  ];
}

/** Fields of one object that are written the same way, together. */
function merged<T extends { readonly fieldPaths: readonly string[] }>(targets: readonly T[]): T[] {
  const groups = Map.groupBy(targets, ({ fieldPaths: _, ...rest }) => canonicalJson(rest));
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{
      ...first,
      fieldPaths: [first, ...others].flatMap(({ fieldPaths }) => fieldPaths),
    }]
  );
}

/** A path as kustomize reads it. An argument of an option is found by its value: its place depends on other options. */
function fieldPath({ path, value }: Place, isBase: boolean): string {
  return path.map((step, index) => {
    if (path[index - 1] === "args" && !isBase) return `[=${value}]`;
    return typeof step === "string" && /[./]/.test(step) ? `[${step}]` : step;
  }).join(".");
}

/** How the name is put into a value: a part between two delimiters, by its number. */
function placeTarget(place: Place, isBase: boolean) {
  const { object, value } = place;
  const [delimiter] = /[.=]/.exec(value) ?? [];
  const parts = delimiter === undefined ? [value] : value.split(delimiter);
  const index = parts.findLastIndex((part) => part.split("/")[0] === NAMESPACE);
  return {
    select: target(object),
    fieldPaths: [fieldPath(place, isBase)],
    ...(delimiter === undefined ? {} : {
      options: { delimiter, index },
    }),
  };
}

/** The argument `…=NAMESPACE/NAME`: after its part was replaced, its account is put behind it again. */
function restOfPlace({ object, path, value }: Place) {
  const [, name] = value.split("/");
  if (name === undefined) return [];
  return [{
    source: { kind: "ServiceAccount", name, fieldPath: "metadata.name" },
    targets: [{
      select: target(object),
      fieldPaths: [path.join(".")],
      options: { delimiter: "/", index: 1 },
    }],
  }];
}
