/**
 * The exits of a pass, through which no secret value gets: log lines, events, notices and the status. Whatever made a
 * message, from whatever somebody else answered, it is cleaned here of all that this sync's passes read as a secret.
 *
 * @module
 */
import type { MeshSyncStatus } from "#api";
import { type KubeObject, secretData, withoutValues, withoutValuesIn } from "#base";
import { clientWith, type ClusterClient } from "#kube";
import type { EventDraft, Notice } from "#plan";
import { discreetLog } from "#telemetry";
import type { SyncContext } from "./context.ts";
import type { SecretValues } from "./secret_values.ts";

/** Members of Secrets of credentials that hold no secret, and words that messages need. */
const OPEN_MEMBERS: readonly string[] = [
  "ca.crt",
  "caFile",
  "known_hosts",
  "knownHosts",
  "username",
];

/** The surroundings of a pass, of which every Secret that is read is remembered, and every exit is cleaned. */
export function discreetContext(ctx: SyncContext, secrets: SecretValues): SyncContext {
  const { clientOf, cluster, events, log, notices, readManifests } = ctx;
  return {
    ...ctx,
    secrets,
    cluster: listening(cluster, secrets),
    clientOf: (account) => listening(clientOf(account), secrets),
    readManifests: async (inputs, files, call) => {
      for (const { isSecret, value } of inputs.variables?.values() ?? []) {
        if (isSecret) secrets.add([value]);
      }
      secrets.add(inputs.identities ?? []);
      const read = await readManifests(inputs, files, call);
      for (const list of new Set(read.documents.map((document) => document.secrets ?? []))) {
        secrets.add(list);
      }
      return read;
    },
    log: discreetLog(log, () => secrets.values),
    events: {
      record: (object: KubeObject, event: EventDraft) =>
        events.record(object, { ...event, message: withoutValues(event.message, secrets.values) }),
    },
    notices: {
      tell: (sync, notice: Notice) =>
        notices.tell(sync, withoutValuesIn(notice, secrets.values) as Notice),
    },
  };
}

/** A client that remembers what the Secrets hold that it reads. */
function listening(client: ClusterClient, secrets: SecretValues): ClusterClient {
  return clientWith(client, {
    get: async (type, key, signal) => {
      const object = await client.get(type, key, signal);
      if (type.kind === "Secret" && object !== undefined) {
        const members = Object.entries(secretData(object));
        secrets.add(
          members.filter(([name]) => !OPEN_MEMBERS.includes(name)).map(([, value]) => value),
        );
      }
      return object;
    },
  });
}

/** Members of a status that passes build on: hashes, versions and names, which hold no secret as files may not put one there. */
const BUILT_ON: readonly string[] = [
  "counts",
  "inventory",
  "inventoryParts",
  "jobs",
  "lastAppliedRevision",
  "lastAppliedTime",
  "lastAppliedTree",
  "lastAttemptedRevision",
  "lastHandledReconcileAt",
  "lastHealthyRevision",
  "observedGeneration",
  "phase",
  "source",
  "trials",
];
/** Members further down of the same nature. */
const NAMES: readonly string[] = [
  "commit",
  "healthyRevision",
  "id",
  "reason",
  "revision",
  "status",
  "type",
];

/** A status of which every sentence is without secret values. */
export function discreetStatus(
  status: MeshSyncStatus,
  { secrets }: Pick<SyncContext, "secrets">,
): MeshSyncStatus {
  const values = secrets?.values ?? [];
  if (values.length === 0) return status;
  const members = Object.entries(status).map(([name, member]) => [
    name,
    BUILT_ON.includes(name) ? member : cleaned(member, values),
  ]);
  return Object.fromEntries(members) as MeshSyncStatus;
}

function cleaned(value: unknown, values: readonly string[]): unknown {
  if (typeof value === "string") return withoutValues(value, values);
  if (Array.isArray(value)) return value.map((item) => cleaned(item, values));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    NAMES.includes(name) || /Time$|At$/.test(name) ? member : cleaned(member, values),
  ]);
  return Object.fromEntries(members);
}
