/**
 * Files that no reader of manifests can make sense of, by what they are: so that a message names the cause. Pure.
 *
 * @module
 */
import type { YamlProblem } from "./decode.ts";

/** What begins a file of another kind, and what to do about it. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  [
    "version https://git-lfs.github.com/spec/v1",
    "is a Git LFS pointer, whose content is not fetched; store manifests in Git itself",
  ],
  [
    "\0GITCRYPT\0",
    "is encrypted by git-crypt, whose keys are not known here; encrypt it with SOPS",
  ],
  ["age-encryption.org/v1", "is encrypted by age as a whole; encrypt its values with SOPS"],
  ["-----BEGIN AGE ENCRYPTED FILE", "is encrypted by age as a whole; encrypt its values with SOPS"],
  ["-----BEGIN PGP MESSAGE", "is encrypted by PGP as a whole; encrypt its values with SOPS"],
  ["$ANSIBLE_VAULT;", "is encrypted by Ansible Vault; encrypt its values with SOPS"],
  ["\x1f\ufffd", "is compressed by gzip; commit what is in it"],
  ["<!doctype html", "is a page of HTML, such as a server's login page; commit the manifest"],
  ["<html", "is a page of HTML, such as a server's login page; commit the manifest"],
];

/** Of how many characters at the start of a file the encoding is guessed. */
const GUESSED_FROM = 200;

/** Why a file is no manifest, by its text alone; undefined for what may be one. */
export function foreignText(text: string): YamlProblem | undefined {
  const start = text.slice(0, GUESSED_FROM).trimStart();
  const beginning = BEGINNINGS.find(([begins]) =>
    start.slice(0, begins.length).toLowerCase() === begins.toLowerCase()
  );
  if (beginning !== undefined) return { line: 1, message: beginning[1] };
  // Every second character at least is one in text of Latin letters.
  const zeros = start.split("\0").length - 1;
  if (zeros * 3 > start.length) {
    return { line: 1, message: "is in UTF-32, or in UTF-16 without its mark; save it as UTF-8" };
  }
  const ours = lineThatStarts(text, "<<<<<<< ");
  const isConflict = ours > 0 && lineThatStarts(text, ">>>>>>> ") > ours;
  if (!isConflict) return undefined;
  return { line: ours, message: "holds a merge conflict; resolve it and commit the result" };
}

/**
 * Whether text that is no YAML is a template that somebody forgot to fill in: then one problem says so in place of all
 * others, at its first line of that kind.
 */
export function templateProblem(text: string): YamlProblem | undefined {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => isTemplateLine(line) || isTemplateTag(line));
  if (at < 0) return undefined;
  // Helm has no tags of this kind: those of Jinja hold values in double braces as well.
  const message = lines.some(isTemplateTag)
    ? "is a template ({% … %}), as those of Jinja, and no YAML; commit what is made of it"
    : "is a template ({{ … }}), as those of Helm, and no YAML; " +
      "commit what `helm template` makes of it";
  return { line: at + 1, message };
}

/** `{% if … %}` on a line of its own. */
function isTemplateTag(line: string): boolean {
  return line.trimStart().startsWith("{%");
}

/** `{{- if … }}` on a line of its own, or `key: {{ … }}` without quotes. */
function isTemplateLine(line: string): boolean {
  const at = line.indexOf("{{");
  if (at < 0) return false;
  const before = line.slice(0, at).trim();
  return !before.startsWith("#") && !before.includes('"') && !before.includes("'");
}

/**
 * Why something with members is no Kubernetes object, and which member that is about; undefined for one that is. A version
 * or a kind that YAML takes for a number or for true or false is not missing.
 */
export function untypedText(
  value: Readonly<Record<string, unknown>>,
  { file, sourceOf }: {
    readonly file: string;
    readonly sourceOf?: (path: string) => string | undefined;
  },
): { readonly message: string; readonly member?: string } | undefined {
  const members = ["apiVersion", "kind"] as const;
  const isWord = (of: unknown) => typeof of === "number" || typeof of === "boolean";
  const missing = members.filter((name) =>
    value[name] === "" || (typeof value[name] !== "string" && !isWord(value[name]))
  );
  if (missing.length > 0) {
    const text = `is no Kubernetes object: ${missing.join(" and ")} missing`;
    return { message: headlessText(value, file) ?? text };
  }
  const member = members.find((name) => typeof value[name] !== "string");
  if (member === undefined) return undefined;
  const written = sourceOf?.(member) ?? String(value[member]);
  return { member, message: `${member} must be text, but is ${written}; put it in quotes` };
}

/** What an object without `apiVersion` or `kind` probably is. */
function headlessText(
  value: Readonly<Record<string, unknown>>,
  path: string,
): string | undefined {
  const file = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (/^kustomization(?:\.ya?ml)?$/.test(file)) return OVERLAY;
  const { apiVersion, name, version } = value;
  if (apiVersion === undefined && OVERLAY_MEMBERS.some((member) => member in value)) return OVERLAY;
  const isChart = (apiVersion === "v1" || apiVersion === "v2") && name !== undefined &&
    version !== undefined;
  return isChart
    ? "is the description of a Helm chart; commit what `helm template` makes of the chart"
    : undefined;
}

/** Members that only overlays have at their top. */
const OVERLAY_MEMBERS = [
  "bases",
  "commonAnnotations",
  "commonLabels",
  "configMapGenerator",
  "generatorOptions",
  "helmCharts",
  "namePrefix",
  "nameSuffix",
  "patchesJson6902",
  "patchesStrategicMerge",
  "secretGenerator",
];

/** Whose kinds only kustomize makes sense of. */
export const OVERLAY_GROUP = "kustomize.config.k8s.io";

/** What is said of every overlay. */
export const OVERLAY =
  "overlays of kustomize are not built here; commit the result of `kustomize build`";

/** Line, counted from 1, of the first line that starts with a text; 0 without one. */
function lineThatStarts(text: string, start: string): number {
  const at = text.startsWith(start) ? 0 : text.indexOf(`\n${start}`) + 1;
  if (at === 0 && !text.startsWith(start)) return 0;
  return text.slice(0, at).split("\n").length;
}
