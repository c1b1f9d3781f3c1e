/** Members that the reference operator adds to a configuration on its way to an instance. */
const INTERNALS: ReadonlySet<string> = new Set([
  "__BATCHSOURCECLASSNAME__",
  "__BATCHSOURCECONFIGS__",
  "__WINDOWCONFIGS__",
]);

/**
 * A user's configuration without what the reference operator once stored in it (W-4): left in, it would outlive the
 * window or the batch source that it belonged to. Nothing else is left of a configuration that held only that.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutInternals } from "#desired";
 * assertEquals(withoutInternals({ a: 1, __WINDOWCONFIGS__: {} }), { a: 1 });
 * assertEquals(withoutInternals({ __WINDOWCONFIGS__: {} }), undefined);
 * assertEquals(withoutInternals({}), {});
 * ```
 */
export function withoutInternals(
  config: Readonly<Record<string, unknown>> | null | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (config === undefined || config === null) return undefined;
  const own = Object.entries(config).filter(([name]) => !INTERNALS.has(name));
  if (own.length === Object.keys(config).length) return config;
  return own.length === 0 ? undefined : Object.fromEntries(own);
}
