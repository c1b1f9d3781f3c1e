import { isPlainObject, keyText, type KubeObject, type Problem } from "#base";
import type { Settings } from "./settings.ts";

type Allowed = Pick<Settings, "podServiceAccounts">;

/**
 * What keeps objects from being made whose pods would run as a ServiceAccount that the program's flags do not allow. Without
 * the flag every account of the namespace is allowed, as with Function Mesh; pods that name none run as `default`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { podAccountProblems } from "#desired";
 * const set = (serviceAccountName: string) => ({
 *   apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "a", namespace: "shop" },
 *   spec: { template: { spec: { serviceAccountName } } },
 * });
 * const settings = { podServiceAccounts: ["default", "shop/runner"] };
 * assertEquals(podAccountProblems([set("runner"), set("default")], settings), []);
 * assertEquals(podAccountProblems([set("boss")], settings)[0]?.path, "spec.pod.serviceAccountName");
 * assertEquals(podAccountProblems([set("boss")], {}), []);
 * ```
 */
export function podAccountProblems(
  objects: readonly KubeObject[],
  settings: Allowed,
): Problem[] {
  const [refused] = objects.flatMap((object) => refusedAccount(object, settings) ?? []);
  if (refused === undefined) return [];
  return [{
    path: "spec.pod.serviceAccountName",
    message: `makes pods run as ServiceAccount ${refused}, which is not among those that may be ` +
      `named (--pod-service-accounts ${settings.podServiceAccounts?.join(",")}); leave it out or ` +
      "name one of them, here and in BackendConfigs, or have that flag name this one too",
  }];
}

/** An object whose pods run as `default` where they would run as an account that is not allowed. */
export function withAllowedPodAccount<T extends KubeObject | undefined>(
  object: T,
  settings: Allowed,
): T {
  if (object === undefined || refusedAccount(object, settings) === undefined) return object;
  const spec = member(object, "spec");
  const template = member(spec, "template");
  const { serviceAccountName: _refused, ...pod } = member(template, "spec");
  return { ...object, spec: { ...spec, template: { ...template, spec: pod } } };
}

function refusedAccount(
  object: KubeObject,
  { podServiceAccounts }: Allowed,
): string | undefined {
  const { serviceAccountName: name } = member(member(member(object, "spec"), "template"), "spec");
  if (podServiceAccounts === undefined || typeof name !== "string" || name === "") return undefined;
  const full = keyText({ namespace: object.metadata.namespace ?? "", name });
  const isAllowed = name === "default" || podServiceAccounts.includes(name) ||
    podServiceAccounts.includes(full);
  return isAllowed ? undefined : full;
}

function member(of: unknown, name: string): Readonly<Record<string, unknown>> {
  const found = isPlainObject(of) ? of[name] : undefined;
  return isPlainObject(found) ? found : {};
}
