import { gitAddress, gitTransport, isCommitHash, isRefName, parseRange, type Problem } from "#base";
import { DURATION_MS_MAX, durationMs } from "./duration.ts";
import type { MeshSync, MeshSyncSpec } from "./mesh_sync.ts";
import { noticeProblems } from "./mesh_sync_health_rules.ts";
import { applyProblems } from "./mesh_sync_apply_rules.ts";
import { sourceProblems } from "./mesh_sync_source_rules.ts";
import { dnsProblems } from "./name_rules.ts";
import { at, quoted, type RuleOptions, when } from "./rule.ts";

/** Shortest interval and timeout: less would only load the Git server. */
const DURATION_MIN_MS = 1000;

/** A MeshSync whose types are right: a repository that can be reached, one ref, sensible times. */
export function meshSyncProblems(sync: MeshSync, options: RuleOptions): Problem[] {
  const { spec } = sync;
  return [
    ...(sync.metadata.name
      ? dnsProblems(sync.metadata.name, "metadata.name")
      : [{ path: "metadata.name", message: "is missing; give the MeshSync a name" }]),
    ...urlProblems(spec.url, options),
    ...refProblems(spec.ref),
    ...pathProblems(spec.path),
    ...durationProblems(spec.interval, "interval"),
    ...durationProblems(spec.timeout, "timeout"),
    ...durationProblems(spec.healthTimeout, "healthTimeout"),
    ...(durationMs(spec.settleTime ?? "") === 0
      ? []
      : durationProblems(spec.settleTime, "settleTime")),
    ...noticeProblems(spec),
    ...(spec.targetNamespace ? dnsProblems(spec.targetNamespace, "spec.targetNamespace") : []),
    ...when(spec.secretRef?.name === "", at("secretRef.name", "is empty; name the Secret")),
    ...sourceProblems(spec),
    ...applyProblems(sync),
    ...tenantProblems(sync, options),
  ];
}

/** What keeps a tenant's MeshSync from meaning anything: references to what is not the tenant's. */
function tenantProblems({ metadata, spec }: MeshSync, options: RuleOptions): Problem[] {
  const { platformNamespace: home } = options;
  const { namespace: own } = metadata;
  if (home === undefined || own === undefined || own === home) return [];
  const isForeign = (namespace: string | undefined) => Boolean(namespace) && namespace !== own;
  const why = `a MeshSync outside of ${home} is a tenant's and reaches ${own} only`;
  const { dependsOn = [], targetNamespace } = spec;
  return [
    ...when(
      isForeign(targetNamespace),
      at(
        "targetNamespace",
        `names namespace ${quoted(targetNamespace)}, but ${why}; leave it out, or make the ` +
          `MeshSync in ${home}`,
      ),
    ),
    ...dependsOn.flatMap(({ namespace }, index) =>
      when(
        isForeign(namespace),
        at(
          `dependsOn[${index}].namespace`,
          `names namespace ${quoted(namespace)}, but ${why}; depend on MeshSyncs of ${own}`,
        ),
      )
    ),
  ];
}

/** What works and should not be done. */
export function meshSyncWarnings({ spec }: MeshSync): Problem[] {
  return [
    ...when(
      gitTransport(spec.url ?? "") === "http",
      at("url", "is not encrypted: what it brings can be changed on the way; use https"),
    ),
  ];
}

function urlProblems(url: string | undefined, options: RuleOptions): readonly Problem[] {
  if (!url) return [];
  const { hasPassword = false, transport } = gitAddress(url) ?? {};
  const remedy = "use https://, ssh:// or user@host:path";
  if (transport === "file") {
    return when(
      options.fileUrls !== "allow",
      at("url", `names a folder of the program's own machine, which only its flags may; ${remedy}`),
    );
  }
  if (hasPassword) {
    return [at("url", "holds a password; put it in a Secret and name that in spec.secretRef")];
  }
  // Not repeated: it may hold a password.
  return when(transport === undefined, at("url", `is no address of a repository; ${remedy}`));
}

function refProblems(ref: MeshSyncSpec["ref"]): Problem[] {
  if (ref === undefined) return [];
  const given = (["branch", "tag", "semver", "commit"] as const)
    .filter((member) => ref[member] !== undefined && ref[member] !== "");
  return [
    ...when(
      given.length > 1,
      at("ref", `names ${given.join(" and ")}; keep one of them`),
    ),
    ...when(
      Boolean(ref.commit) && !isCommitHash(ref.commit ?? ""),
      at(
        "ref.commit",
        `${quoted(ref.commit)} is no full commit hash; give all its 40 (or 64) hexadecimal digits`,
      ),
    ),
    ...when(
      Boolean(ref.semver) && parseRange(ref.semver ?? "") === undefined,
      at("ref.semver", `${quoted(ref.semver)} is no range; write e.g. ">=1.2.0 <2.0.0"`),
    ),
    ...(["branch", "tag"] as const).flatMap((member) =>
      when(
        Boolean(ref[member]) && !isRefName(ref[member] ?? ""),
        at(`ref.${member}`, `${quoted(ref[member])} is no name that Git takes`),
      )
    ),
  ];
}

function pathProblems(path: string | undefined): readonly Problem[] {
  const parts = (path ?? ".").split("/");
  return when(
    parts[0] === "" && parts.length > 1 || parts.includes(".."),
    at("path", `${quoted(path)} leaves the repository; give a folder inside it`),
  );
}

function durationProblems(text: string | undefined, member: string): readonly Problem[] {
  if (text === undefined) return [];
  const duration = durationMs(text);
  if (duration === undefined) {
    return [at(member, `${quoted(text)} is no duration; write e.g. 30s, 5m or 1h`)];
  }
  return [
    ...when(
      duration < DURATION_MIN_MS,
      at(member, `${text} is too short; give 1s or more`),
    ),
    ...when(
      duration > DURATION_MS_MAX,
      at(member, `${quoted(text)} is longer than ten years; give less`),
    ),
  ];
}
