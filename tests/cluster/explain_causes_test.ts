/** `explain` and each cause that a cluster can be made to have: its first sentence, and what there is to do. */
import { assertEquals, assertMatch } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import { COMPONENT_CAUSES } from "../support/causes/components.ts";
import { OWN_NODES } from "../support/causes/scheduling.ts";
import { type CauseStage, causeStage, type MadeCause } from "../support/causes/stage.ts";
import { prepareSyncs, SYNC_CAUSES } from "../support/causes/syncs.ts";

const cluster = testCluster();

/** At a time: each is a few calls of kubectl. */
const MAKERS = 4;

Deno.test("explain names each cause that is made for real, and what to do about it", async (t) => {
  await using stage = await causeStage(cluster);
  const failures = new Map<MadeCause, unknown>();
  const make = makeAll(COMPONENT_CAUSES, { failures, stage });
  await prepareSyncs(stage);
  await makeAll(SYNC_CAUSES, { failures, stage });
  await make;
  for (const cause of [...COMPONENT_CAUSES, ...SYNC_CAUSES]) {
    await t.step(`${cause.reason} of ${cause.name}`, async () => {
      if (failures.has(cause)) throw failures.get(cause);
      await eventually(() => assertExplained(cause, stage), { timeoutMs: 180_000 });
    });
  }
  const failed = await t.step("what keeps objects is taken away again", () => release(stage));
  assertEquals(failed, true);
});

async function makeAll(
  causes: readonly MadeCause[],
  { failures, stage }: {
    readonly stage: CauseStage;
    /** What could not be made, and why. */
    readonly failures: Map<MadeCause, unknown>;
  },
): Promise<void> {
  const rest = [...causes];
  const worker = async () => {
    for (let cause = rest.shift(); cause !== undefined; cause = rest.shift()) {
      try {
        await cause.make(stage);
      } catch (error) {
        failures.set(cause, error);
      }
    }
  };
  await Promise.all(Array.from({ length: MAKERS }, worker));
}

async function assertExplained(cause: MadeCause, stage: CauseStage): Promise<true> {
  const { code, notes, out } = await stage.explain(cause.name);
  const text = [...out, ...notes].join("\n");
  const [, reason, message = ""] = /^(\w+): (.*)$/.exec(out[1] ?? "") ?? [];
  const wanted = reason === cause.later ? cause.later : cause.reason;
  assertEquals([reason, text.includes("\n\nWhat to do\n  ")], [wanted, true], text);
  assertMatch(message, cause.says, text);
  assertMatch(text.split("\n\nWhat to do\n")[1]?.split("\n")[0] ?? "", cause.remedy, text);
  assertEquals(code, cause.reason === "ScaledToZero" ? 0 : 1, text);
  return true;
}

/** Finalizers and nodes that the namespace's end would wait for, or that would stay. */
async function release({ story }: CauseStage): Promise<void> {
  const free = { metadata: { finalizers: null } };
  await story.kubectl("delete", "node", "-l", `${OWN_NODES}=${story.namespace}`);
  await story.patch("function/leaving", free);
  await story.patch("configmap/leaves", free);
}
