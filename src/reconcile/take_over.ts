import { idOf, isPlainObject, type JsonObject, type KubeObject } from "#base";
import { isApplied } from "#plan";
import { FIELD_MANAGER, type ReconcileContext } from "./context.ts";

/** The reference operator writes under the name of its binary. */
const REFERENCE_MANAGER = "manager";

/**
 * Makes the fields of an object that the reference operator wrote ours, before the first apply. Otherwise they would
 * stay its for ever, and what a resource no longer asks for would never leave the object.
 *
 * An object that this program has applied before costs nothing.
 */
export async function takeFieldsOver(
  live: KubeObject,
  { ctx, signal }: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<void> {
  if (isApplied(live)) return;
  const managed = await ctx.cluster.managedFields(idOf(live), signal);
  if (managed === undefined) return;
  const taken = takenOver(managed.fields);
  if (taken === undefined) return;
  const { resourceVersion } = managed;
  const metadata = { managedFields: [...taken], resourceVersion };
  await ctx.cluster.patch(idOf(live), { metadata }, { fieldManager: FIELD_MANAGER, signal });
}

/** The entries with the reference's one as ours; undefined when it has none. */
function takenOver(fields: readonly JsonObject[]): JsonObject[] | undefined {
  const isReference = (entry: JsonObject) =>
    entry["manager"] === REFERENCE_MANAGER && entry["operation"] === "Update" &&
    entry["subresource"] === undefined && isPlainObject(entry["fieldsV1"]);
  const entry = fields.find(isReference);
  const isOurs = fields.some((other) =>
    other["manager"] === FIELD_MANAGER && other["operation"] === "Apply"
  );
  if (entry === undefined || isOurs) return undefined;
  return fields.map((other) =>
    other === entry ? { ...other, manager: FIELD_MANAGER, operation: "Apply" } : other
  );
}
