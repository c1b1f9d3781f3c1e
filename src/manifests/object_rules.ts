/**
 * What every object must be, whatever its kind, before an API server is asked: pure rules with the field of each problem.
 *
 * @module
 */
import { isPlainObject, type KubeObject } from "#base";
import { type Manifest, type ManifestProblem, problemOf } from "./manifest.ts";

/** What keeps an object of any kind from being applied. */
export function generalProblems(manifest: Manifest): ManifestProblem[] {
  const unread = unreadable(manifest.object);
  if (unread !== undefined) return [problemOf(manifest, unread)];
  return [
    ...typeProblems(manifest),
    ...nameProblems(manifest),
    ...metadataProblems(manifest),
    ...dataProblems(manifest),
  ];
}

/** Objects that only another program can make sense of. */
function unreadable(object: KubeObject): string | undefined {
  if (isPlainObject(object["sops"])) {
    return "is encrypted with SOPS; name the Secret with its age key in spec.decryption.secretRef";
  }
  return undefined;
}

/** They become parts of a path of the API server, so that nothing else may be in them. */
const API_VERSION = /^(?:[a-z0-9][-a-z0-9.]{0,252}\/)?[a-z0-9][-a-z0-9]{0,62}$/;
const KIND = /^[A-Za-z][-A-Za-z0-9]*$/;
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

function typeProblems(manifest: Manifest): ManifestProblem[] {
  const { apiVersion, kind } = manifest.object;
  return [
    ...(API_VERSION.test(apiVersion)
      ? []
      : [problemOf(manifest, "must read group/version, such as apps/v1, or v1", "apiVersion")]),
    ...(KIND.test(kind)
      ? []
      : [problemOf(manifest, "must be letters and digits, such as ConfigMap", "kind")]),
  ];
}

/** What is said of names that are still to be made. */
const TEMPLATE = "is a template, as those of Helm; commit what `helm template` makes of it";

function nameProblems(manifest: Manifest): ManifestProblem[] {
  const metadata: Readonly<Record<string, unknown>> = { ...manifest.object.metadata };
  const { generateName, name, namespace } = metadata;
  const problem = (message: string, member: string) => [
    problemOf(manifest, message, `metadata.${member}`),
  ];
  return [
    ...(name === "" || name === null || name === undefined
      ? problem(
        generateName === undefined
          ? "is missing; give the object a name"
          : "is missing: generateName makes a new object each time; give a name",
        "name",
      )
      : typeof name !== "string"
      ? problem(textExpected(manifest, "metadata.name", name), "name")
      : name.includes("{{")
      ? problem(TEMPLATE, "name")
      : isPathPart(name)
      ? []
      : problem("must not be . or .., nor hold / or %; choose another name", "name")),
    ...(namespace === undefined || namespace === null || namespace === ""
      ? []
      : typeof namespace !== "string"
      ? problem(textExpected(manifest, "metadata.namespace", namespace), "namespace")
      : namespace.includes("{{")
      ? problem(TEMPLATE, "namespace")
      : NAMESPACE.test(namespace) && namespace.length <= 63
      ? []
      : problem(
        "must be at most 63 small letters, digits and dashes, a letter or digit at both ends",
        "namespace",
      )),
  ];
}

function isPathPart(name: string): boolean {
  return name !== "." && name !== ".." && !/[/%]/.test(name) && name.length <= 253;
}

function metadataProblems(manifest: Manifest): ManifestProblem[] {
  const metadata: Readonly<Record<string, unknown>> = { ...manifest.object.metadata };
  return ["labels", "annotations"].flatMap((member) =>
    textMapProblems(manifest, { map: metadata[member], path: `metadata.${member}` })
  );
}

/** ConfigMaps and Secrets hold texts, which an API server would refuse otherwise, quoting the value. */
function dataProblems(manifest: Manifest): ManifestProblem[] {
  const { object } = manifest;
  if (object.apiVersion !== "v1" || (object.kind !== "ConfigMap" && object.kind !== "Secret")) {
    return [];
  }
  const isSecret = object.kind === "Secret";
  const members = isSecret ? ["data", "stringData"] : ["data", "binaryData"];
  const problems = members.flatMap((path) =>
    textMapProblems(manifest, { map: object[path], path, isSecret })
  );
  if (problems.length > 0) return problems;
  return [isSecret ? "data" : "binaryData"].flatMap((path) =>
    Object.entries(isPlainObject(object[path]) ? object[path] : {}).flatMap(([name, value]) =>
      typeof value !== "string" || isBase64(value) ? [] : [problemOf(
        manifest,
        value.startsWith("ENC[")
          ? "is encrypted by SOPS, but the member sops that says how is gone; encrypt the file again"
          : isSecret
          ? "must be base64; give a text as it is in stringData"
          : "must be base64; give a text as it is in data",
        fieldPath(path, name),
      )]
    )
  );
}

/** As Go reads it: with padding, line ends apart. */
function isBase64(text: string): boolean {
  const bare = text.replace(/[\r\n]/g, "");
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
}

function textMapProblems(
  manifest: Manifest,
  { isSecret = false, map, path }: {
    readonly map: unknown;
    readonly path: string;
    /** Whether a value must not be shown. */
    readonly isSecret?: boolean;
  },
): ManifestProblem[] {
  if (map === undefined || map === null) return [];
  if (!isPlainObject(map)) return [problemOf(manifest, "must hold names and texts", path)];
  return Object.entries(map).filter(([, value]) => typeof value !== "string" && value !== null)
    .map(([name, value]) => {
      const field = fieldPath(path, name);
      const message = isSecret ? secretExpected(value) : textExpected(manifest, field, value);
      return problemOf(manifest, message, field);
    });
}

/** Maps of texts in which a member without a value is left out, as `kubectl apply` does. */
const TEXT_MAPS: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ["data", "binaryData"],
  Secret: ["data", "stringData"],
};

/** A warning for each key of a ConfigMap or Secret that has no value: who waits for the key does not find it. */
export function emptyKeyWarnings(manifest: Manifest): ManifestProblem[] {
  const { object } = manifest;
  const members = object.apiVersion === "v1" ? TEXT_MAPS[object.kind] ?? [] : [];
  return members.flatMap((path) =>
    Object.entries(isPlainObject(object[path]) ? object[path] : {}).flatMap(([name, value]) =>
      value === null
        ? problemOf(
          manifest,
          'has no value: the key is left out; write "" for an empty text',
          fieldPath(path, name),
        )
        : []
    )
  );
}

/** `data.key`, or `data["tls.key"]` where the key would look like a path. */
function fieldPath(path: string, name: string): string {
  return `${path}[${JSON.stringify(name)}]`;
}

function textExpected(manifest: Manifest, path: string, value: unknown): string {
  if (typeof value !== "boolean" && typeof value !== "number") {
    return `must be text, but is ${kindOf(value)}`;
  }
  // As it is written: 0123 is 83 for a reader of YAML, and nobody finds that in a file.
  return `must be text, but is ${manifest.sourceOf?.(path) ?? value}; put it in quotes`;
}

function secretExpected(value: unknown): string {
  const kind = kindOf(value);
  return typeof value === "object"
    ? `must be text, but is ${kind}; write it as one text, with | before its lines`
    : `must be text, but is ${kind}; put it in quotes`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return "a number";
  return typeof value === "boolean" ? "true or false" : "a map";
}
