import { isPlainObject } from "#base";
import { DEFAULT_SETTINGS, type Settings } from "#desired";
import { parseDocument } from "yaml";
import { UsageError } from "./flag.ts";

type FileSettings = Pick<
  Settings,
  | "runnerImages"
  | "runnerImagePullSecrets"
  | "runnerImagePullPolicy"
  | "resourceLabels"
  | "resourceAnnotations"
>;

/**
 * The settings of a controller configuration file, over the defaults.
 *
 * Read as the reference operator reads it: YAML 1.1 scalars, members matched whatever their case,
 * unknown members ignored, plain scalars taken as text, null as "not given". `imagePullPolicy`, which the reference
 * documents and ignores, is accepted as well (W-60).
 *
 * @throws {UsageError} where the file is no YAML or a member has the wrong shape
 */
export function fileSettings(text: string, file: string): FileSettings {
  const document = parseDocument(text, { version: "1.1" });
  const [error] = document.errors;
  if (error !== undefined) throw new UsageError(`Cannot read ${file}: ${error.message}`);
  const root = document.toJS() ?? {};
  if (!isPlainObject(root)) throw new UsageError(`Cannot read ${file}: it must be a map`);
  const at = (object: Record<string, unknown>, name: string) => memberOf(object, name);
  const images = shaped(at(root, "runnerImages") ?? {}, { path: "runnerImages", file });
  const generic = texts(at(images, "genericRuntime"), {
    path: "runnerImages.genericRuntime",
    file,
  });
  const policy =
    scalar(at(root, "runnerImagePullPolicy"), { path: "runnerImagePullPolicy", file }) ??
      scalar(at(root, "imagePullPolicy"), { path: "imagePullPolicy", file });
  const image = (name: "java" | "python" | "go") =>
    scalar(at(images, name), { path: `runnerImages.${name}`, file }) ??
      DEFAULT_SETTINGS.runnerImages[name];
  return {
    runnerImages: {
      java: image("java"),
      python: image("python"),
      go: image("go"),
      genericRuntime: { ...DEFAULT_SETTINGS.runnerImages.genericRuntime, ...generic },
    },
    runnerImagePullSecrets: pullSecrets(at(root, "runnerImagePullSecrets"), file),
    ...(policy === undefined || policy === "" ? {} : { runnerImagePullPolicy: policy }),
    resourceLabels: texts(at(root, "resourceLabels"), { path: "resourceLabels", file }),
    resourceAnnotations: texts(at(root, "resourceAnnotations"), {
      path: "resourceAnnotations",
      file,
    }),
  };
}

interface Place {
  readonly path: string;
  readonly file: string;
}

function memberOf(object: Record<string, unknown>, name: string): unknown {
  const found = Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : object[found];
}

function shaped(value: unknown, { path, file }: Place): Record<string, unknown> {
  if (isPlainObject(value)) return value;
  throw new UsageError(`Cannot read ${file}: ${path} must be a map`);
}

function scalar(value: unknown, { path, file }: Place): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") {
    throw new UsageError(`Cannot read ${file}: ${path} must be a text`);
  }
  return String(value);
}

function texts(value: unknown, { path, file }: Place): Record<string, string> {
  if (value === undefined || value === null) return {};
  return Object.fromEntries(
    Object.entries(shaped(value, { path, file }))
      .map(([name, item]) => [name, scalar(item, { path: `${path}.${name}`, file }) ?? ""]),
  );
}

function pullSecrets(value: unknown, file: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    throw new UsageError(`Cannot read ${file}: runnerImagePullSecrets must be a list`);
  }
  return value
    .map((item, index) => texts(item, { path: `runnerImagePullSecrets[${index}]`, file })["name"])
    .filter((name) => name !== undefined && name !== "") as string[];
}
