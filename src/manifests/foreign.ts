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
];

/** Why a file is no manifest, by its text alone; undefined for what may be one. */
export function foreignText(text: string): YamlProblem | undefined {
  const start = text.slice(0, 200).trimStart();
  const beginning = BEGINNINGS.find(([begins]) => start.startsWith(begins));
  if (beginning !== undefined) return { line: 1, message: beginning[1] };
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
  const at = lines.findIndex((line) => isTemplateLine(line));
  if (at < 0) return undefined;
  const message = "is a template ({{ … }}), as those of Helm, and no YAML; " +
    "commit what `helm template` makes of it";
  return { line: at + 1, message };
}

/** `{{- if … }}` on a line of its own, or `key: {{ … }}` without quotes. */
function isTemplateLine(line: string): boolean {
  const at = line.indexOf("{{");
  if (at < 0) return false;
  const before = line.slice(0, at).trim();
  return !before.startsWith("#") && !before.includes('"') && !before.includes("'");
}

/** What an object without `apiVersion` or `kind` probably is. */
export function headlessText(
  value: Readonly<Record<string, unknown>>,
  path: string,
): string | undefined {
  const file = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (/^kustomization(?:\.ya?ml)?$/.test(file)) return OVERLAY;
  const { apiVersion, name, version } = value;
  const isChart = (apiVersion === "v1" || apiVersion === "v2") && name !== undefined &&
    version !== undefined;
  return isChart
    ? "is the description of a Helm chart; commit what `helm template` makes of the chart"
    : undefined;
}

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
