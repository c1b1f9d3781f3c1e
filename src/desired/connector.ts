import type { FunctionSpec } from "#api";
import { isPlainObject } from "#base";
import { compareText, goJson } from "./json_text.ts";

/** A connector inside a Function: what it puts in place of the function's own source or sink. */
export interface ConnectorOverride {
  readonly builtin: string;
  readonly className: string;
  readonly typeClassName: string;
  /** Its configuration as JSON text. */
  readonly configs: string;
}

type Source = NonNullable<FunctionSpec["sourceConfig"]>;
type Sink = NonNullable<FunctionSpec["sinkConfig"]>;
type Configs = Readonly<Record<string, unknown>>;

const BUILTIN_ARCHIVE = "builtin://";
/** Members of `configs` that say what the connector is rather than how it is configured. */
const RESERVED = new Set(["archive", "builtin", "className", "typeClassName", "configs"]);

/** What `spec.sourceConfig` of a Function says. `batchSourceConfig` is not read there. */
export function sourceOverride(source: Source | undefined): ConnectorOverride | undefined {
  return source && override(source, source.sourceType, {});
}

/** What `spec.sinkConfig` of a Function says. The name of a built-in one is a part of its configuration too. */
export function sinkOverride(sink: Sink | undefined): ConnectorOverride | undefined {
  if (!sink) return undefined;
  const builtin = builtinOf(sink.configs ?? {}, sink.sinkType);
  return override(sink, sink.sinkType, builtin === "" ? {} : { sinkType: builtin });
}

function override(
  connector: Pick<Source, "className" | "typeClassName" | "configs">,
  type: string | undefined,
  extra: Configs,
): ConnectorOverride {
  const configs: Configs = connector.configs ?? {};
  const members = { ...extra, ...configMembers(configs) };
  return {
    builtin: builtinOf(configs, type),
    className: connector.className || goText(configs["className"]),
    typeClassName: connector.typeClassName || goText(configs["typeClassName"]),
    configs: Object.keys(members).length > 0
      ? goJson(members)
      : connector.configs
      ? goJson(configs)
      : "",
  };
}

function builtinOf(configs: Configs, type: string | undefined): string {
  const archive = goText(configs["archive"]);
  return type || goText(configs["builtin"]) ||
    (archive.startsWith(BUILTIN_ARCHIVE) ? archive.slice(BUILTIN_ARCHIVE.length) : "");
}

/** The configuration itself: members of a nested `configs`, under those beside it. */
function configMembers(configs: Configs): Configs {
  const nested = isPlainObject(configs["configs"]) ? configs["configs"] : {};
  const given = ([name, value]: [string, unknown]) =>
    name !== "" && value !== null && value !== undefined;
  return Object.fromEntries([
    ...Object.entries(nested).filter(given),
    ...Object.entries(configs).filter(([name, value]) =>
      !RESERVED.has(name) && value !== null && value !== undefined
    ),
  ]);
}

/** A value as Go prints it by default: what the reference operator takes for a name. */
function goText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isPlainObject(value)) return String(value);
  const members = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return `map[${members.map(([name, member]) => `${name}:${goText(member)}`).join(" ")}]`;
}

/** Shortest digits, with an exponent below -4 and from 6 on, of at least two digits. */
function goNumber(value: number): string {
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return Object.is(value, -0) ? "-0" : String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
