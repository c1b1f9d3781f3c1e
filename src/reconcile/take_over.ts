import { idOf, isPlainObject, type JsonObject, type KubeObject } from "#base";
import { isConflict } from "#kube";
import { fieldUnion } from "#plan";
import { FIELD_MANAGER, type ReconcileContext } from "./context.ts";

/** The reference operator writes under the name of its binary. */
const REFERENCE_MANAGER = "manager";

/**
 * Makes the fields of an object that the reference operator wrote, and those that this program merged into it, owned by
 * this program's applies alone. Otherwise what a resource no longer asks for would never leave the object.
 *
 * Costs two requests, so it is for objects that are not wholly applied: see `isWhollyApplied`.
 */
export async function takeFieldsOver(
  live: KubeObject,
  { ctx, signal }: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const managed = await ctx.cluster.managedFields(idOf(live), signal);
    if (managed === undefined) return;
    const taken = takenOver(managed.fields);
    if (taken === undefined) return;
    const { resourceVersion } = managed;
    const metadata = { managedFields: taken, resourceVersion };
    try {
      await ctx.cluster.patch(idOf(live), { metadata }, { fieldManager: FIELD_MANAGER, signal });
      return;
    } catch (error) {
      // Whoever looks after the object writes its status just now: who owns what is read anew.
      if (!isConflict(error) || attempt >= CONFLICTS_MAX) throw error;
    }
  }
}

const CONFLICTS_MAX = 10;

/** The entries with all that is to be ours in one of our applies; undefined when they are so already. */
function takenOver(fields: readonly JsonObject[]): JsonObject[] | undefined {
  const applied = fields.find((entry) =>
    entry["manager"] === FIELD_MANAGER && entry["operation"] === "Apply"
  );
  // Where this program applied before, the reference's fields were taken then; what it wrote since is its own.
  const managers = applied === undefined ? [FIELD_MANAGER, REFERENCE_MANAGER] : [FIELD_MANAGER];
  const taken = fields.filter((entry) => managers.some((name) => isUpdateOf(entry, name)));
  const [first] = taken;
  if (first === undefined) return undefined;
  const entry = {
    ...applied ?? first,
    manager: FIELD_MANAGER,
    operation: "Apply",
    fieldsV1: [...taken, ...applied === undefined ? [] : [applied]]
      .map(({ fieldsV1 }) => isPlainObject(fieldsV1) ? fieldsV1 as JsonObject : {})
      .reduce(fieldUnion),
  };
  return [...fields.filter((other) => other !== applied && !taken.includes(other)), entry];
}

function isUpdateOf(entry: JsonObject, manager: string): boolean {
  return entry["manager"] === manager && entry["operation"] === "Update" &&
    entry["subresource"] === undefined && isPlainObject(entry["fieldsV1"]);
}
