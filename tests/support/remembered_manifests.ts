/** Manifests of worlds in memory, of which the same few files are read again and again. */
import { isPlainObject } from "#base";
import { type SyncContext } from "#gitops";
import { manifestsWith, type ReadManifests } from "#manifests";

/** More than there are different folders in all histories. */
const REMEMBERED_MAX = 5_000;

const known = new Map<string, Promise<ReadManifests>>();

/** What files hold, as it was read before where it was: reading is pure. Whoever changed it would be noticed. */
export const rememberedManifests: SyncContext["readManifests"] = (inputs, files) => {
  if (inputs.variables !== undefined || inputs.identities !== undefined) {
    return manifestsWith(inputs, files);
  }
  const key = files.map(({ path, text }) => `${path}\n${text.length}\n${text}`).join("\n");
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= REMEMBERED_MAX) known.clear();
  const read = manifestsWith(inputs, files).then(frozen);
  known.set(key, read);
  return read;
};

/** A value nobody can change. */
function frozen<T>(value: T): T {
  if (Array.isArray(value)) value.forEach(frozen);
  else if (isPlainObject(value)) Object.values(value).forEach(frozen);
  else return value;
  return Object.freeze(value);
}
