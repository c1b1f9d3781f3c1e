import { type ConsoleSource, NumberHistory } from "#console";
import type { ObjectKey } from "#base";
import type { Following } from "./following.ts";
import type { Parts } from "./parts.ts";
import { VERSION } from "./version.ts";

/** How often instances are asked where no flag says it. */
const POLL_MS = 30_000;

/** Where what is shown comes from. */
export interface ConsoleFacts {
  readonly following: Following;
  /** When a MeshSync looks at its repository again, on the monotonic clock; undefined where that is not known. */
  readonly nextLookAtMs: (key: ObjectKey) => number | undefined;
  /** Whether this replica waits for its turn. */
  readonly isStandby: () => boolean;
  /** The shards on which this replica works. */
  readonly shards: () => readonly number[];
}

/** What the console shows of a running program: its caches. From now on numbers are noted. */
export function consoleSource(
  parts: Parts,
  { following: { meshes, syncs }, isStandby, nextLookAtMs, shards }: ConsoleFacts,
): ConsoleSource {
  const { clock, config, transport, unfenced } = parts;
  const numbers = new NumberHistory({ pollMs: config.metricsPollIntervalMs || POLL_MS });
  meshes.onSeen(({ after, before }) => {
    if (after !== undefined) numbers.note(after, clock.now());
    else if (before !== undefined) numbers.forget(before);
  });
  return {
    obstacle: () => {
      // Who shares the work knows all of it, whatever it leads.
      const isSharing = config.leaderElection?.shards !== undefined;
      if (isStandby() && !isSharing) return standbyText(parts);
      const isRead = meshes.unsynced() === undefined && syncs.syncs?.synced === true;
      return isRead ? undefined : "the program is reading the cluster: try again in a moment";
    },
    cache: (kind) => kind === "MeshSync" ? syncs.syncs : meshes.caches[kind],
    nextLookAtMs,
    numbers,
    cluster: unfenced.cluster,
    get program() {
      const program = { version: VERSION, server: transport.server };
      const count = config.leaderElection?.shards?.count;
      return count === undefined ? program : { ...program, shards: { own: shards(), count } };
    },
    clock,
  };
}

/** What is told of a replica that does no work while another one leads. */
function standbyText({ config: { leaderElection }, namespace }: Parts): string {
  const { name = "", namespace: own = namespace } = leaderElection ?? {};
  return "this replica waits for its turn and has nothing to show: look at the one that leads, which " +
    `kubectl get lease -n ${own} ${name} names`;
}
