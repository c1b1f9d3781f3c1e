import { idOf, idText, type KubeObject } from "#base";
import { entryId } from "#plan";
import { durationText } from "../control_plane.ts";
import { type Arrival, countsText } from "./arrival.ts";
import type { Snapshot } from "./component_row.ts";
import type { Repair } from "./drift.ts";
import type { QuietSecond } from "./measures.ts";
import { kindsText } from "./object_list.ts";
import { IMPATIENT, type Setback } from "./setback.ts";
import { syncStatusOf } from "./sync_state.ts";
import { leavingObjects } from "./world.ts";

/** What happened in a demo. */
export interface Story {
  readonly arrivals: readonly Arrival[];
  readonly repair: Repair;
  readonly setback: Setback;
  readonly quiet: QuietSecond;
  /** What is in the cluster at the end. */
  readonly snapshot: Snapshot;
  readonly wholeMs: number;
}

/** What happened, in numbers. */
export function summaryLines(story: Story): readonly string[] {
  const { arrivals, quiet, repair, setback, snapshot, wholeMs } = story;
  const leaving = leavingObjects(snapshot);
  const objects = objectIds(snapshot, leaving);
  const rows: [string, string, string][] = [
    ...arrivals.map(({ commit, counts, readyMs }): [string, string, string] => [
      `commit ${commit.hash.slice(0, 7)} to ready`,
      durationText(readyMs),
      `${commit.subject}: ${countsText(counts)}`,
    ]),
    [
      `deleted ${repair.kind} back`,
      `${Math.round(repair.backMs)} ms`,
      `pods ready again after ${durationText(repair.readyMs)}`,
    ],
    [
      `sick ${setback.component} back`,
      durationText(setback.backMs),
      `commit ${setback.commit.hash.slice(0, 7)} was not healthy after ${IMPATIENT}`,
    ],
    ["objects", String(objects.length), kindsText(objects)],
    ...(leaving.length === 0 ? [] : [leavingRow(leaving)]),
    [
      "API writes in a quiet second",
      String(quiet.writes),
      `and ${quiet.reads} API reads, while it looks at the repository every second`,
    ],
    ["whole demo", durationText(wholeMs), "control plane included"],
  ];
  const [first, second] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map(([what, number, words]) =>
    `${what.padEnd(first ?? 0)}  ${number.padStart(second ?? 0)}  ${words}`
  );
}

/** Objects that Git holds, what was made from them, and what the cluster made from that, each once. */
function objectIds(
  snapshot: Snapshot,
  leaving: readonly KubeObject[],
): { readonly kind: string }[] {
  const fromGit = (syncStatusOf(snapshot).inventory ?? []).flatMap((entry) => entryId(entry) ?? []);
  const seen = Object.values(snapshot).flat()
    .filter((object) => object.kind !== "MeshSync" && !leaving.includes(object)).map(idOf);
  return [...new Map([...fromGit, ...seen].map((id) => [idText(id), id])).values()];
}

function leavingRow(leaving: readonly KubeObject[]): [string, string, string] {
  return [
    "objects on their way out",
    String(leaving.length),
    "Kubernetes' garbage collector takes up to a minute to learn of kinds that are new to it",
  ];
}
