import { ANNOTATIONS, durationMs, type MeshSync } from "#api";
import { conditionOf, keyOf, keyText, systemClock } from "#base";
import {
  CLI_MANAGER,
  type ClusterSession,
  namedSync,
  openSession,
  SESSION_FLAGS,
  syncId,
} from "./cluster_session.ts";
import type { Flag } from "./flag.ts";
import { outputFlag } from "./flags.ts";
import type { Verb } from "./verb.ts";

const WAIT_FLAG: Flag = {
  name: "wait",
  env: "RECONCILE_WAIT",
  kind: "duration",
  default: "30s",
  value: "DURATION",
  help: "How long to wait for the look; 0s to only ask for it",
};

const POLL_MS = 200;

/** `meshwright reconcile NAME` */
export const reconcileVerb: Verb = {
  name: "reconcile",
  summary: "Have a MeshSync look at its repository now",
  words: "NAME",
  description: [
    "Sets the annotation reconcile.functionmesh.io/requestedAt and waits until it is answered.",
    "Exit code 0: answered, 1: not in time, or the sync is suspended.",
  ],
  flags: [WAIT_FLAG, ...SESSION_FLAGS, outputFlag(["text", "json"])],
  async run({ words, flags, output, signal }) {
    await using session = await openSession({ flags, output });
    const sync = await namedSync(words, session, signal);
    const name = keyText(keyOf(sync));
    if (sync.spec.suspend === true) {
      throw new Error(`Cannot reconcile MeshSync ${name}: it is suspended (meshwright resume)`);
    }
    const request = new Date(systemClock.now()).toISOString();
    await session.cluster.patch(
      syncId(keyOf(sync)),
      { metadata: { annotations: { [ANNOTATIONS.requestedAt]: request } } },
      { fieldManager: CLI_MANAGER, signal },
    );
    const waitMs = durationMs(flags.text("wait")) ?? 0;
    const answer = waitMs === 0 ? undefined : await answered(sync, request, {
      session,
      waitMs,
      signal,
    });
    if (waitMs > 0 && answer === undefined) {
      throw new Error(`Cannot see an answer of MeshSync ${name} within ${waitMs / 1000} s`);
    }
    const ready = conditionOf(answer?.status?.conditions, "Ready");
    output.out(
      flags.text("output") === "json"
        ? JSON.stringify({ ...keyOf(sync), requestedAt: request, ready: ready ?? null })
        : answer === undefined
        ? `Asked MeshSync ${name} to look now`
        : `${ready?.reason}: ${ready?.message}`,
    );
    return 0;
  },
};

async function answered(
  sync: MeshSync,
  request: string,
  { session, waitMs, signal }: {
    readonly session: ClusterSession;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  },
): Promise<MeshSync | undefined> {
  const endMs = systemClock.monotonicMs() + waitMs;
  while (systemClock.monotonicMs() < endMs) {
    const seen = await namedSync([sync.metadata.name], session, signal);
    if (seen.status?.lastHandledReconcileAt === request) return seen;
    await systemClock.sleep(POLL_MS, signal);
  }
  return undefined;
}
