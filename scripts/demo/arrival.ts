import { idOf, idText, type ObjectId } from "#base";
import { durationText } from "../control_plane.ts";
import { type ComponentRow, componentRows, type Snapshot } from "./component_row.ts";
import { isDone, progressLines, progressTable } from "./progress_table.ts";
import type { Commit } from "./repository.ts";
import { kindsText, objectLines } from "./object_list.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";
import { syncStatusOf, syncWords } from "./sync_state.ts";
import { type Happening, leavingObjects } from "./world.ts";

/** How a commit arrived. */
export interface Arrival {
  readonly commit: Commit;
  /** From the end of `git commit` to everything it holds being ready. */
  readonly readyMs: number;
  /** What the program did with it: created, configured, pruned, and so on. */
  readonly counts: Readonly<Record<string, number>>;
  readonly created: readonly Happening[];
  readonly deleted: readonly Happening[];
  /** Owned by what was deleted: Kubernetes' garbage collector takes them, in its own time. */
  readonly leaving: readonly ObjectId[];
}

const READY_TIMEOUT_MS = 60_000;

/** Waits, without a word, until everything that a commit holds is ready; answers what was done for it. */
export async function awaitReady(
  commit: Commit,
  { world }: Pick<Stage, "world">,
  onLook?: (snapshot: Snapshot) => void,
): Promise<Arrival["counts"]> {
  const isThere = (snapshot: Snapshot) =>
    isReady(snapshot, commit) ? syncStatusOf(snapshot) : undefined;
  const { counts } = await world.until(isThere, {
    what: `commit ${commit.hash.slice(0, 7)} ready`,
    timeoutMs: READY_TIMEOUT_MS,
    ...(onLook === undefined ? {} : { onLook }),
    state: syncWords,
  });
  return counts ?? {};
}

/** Shows a commit and what becomes of it, until all it holds is ready and what it no longer holds is deleted. */
export async function showArrival(commit: Commit, stage: Stage): Promise<Arrival> {
  const { screen, world } = stage;
  showCommit(commit, screen);
  const before = world.happenings.length;
  const view = new ArrivalView(screen, commit.atMs, componentRows(world.snapshot()));
  const counts = await awaitReady(commit, stage, (snapshot) => view.draw(snapshot, commit));
  const readyMs = performance.now() - commit.atMs;
  screen.settle();
  const since = world.happenings.slice(before);
  const arrival = {
    commit,
    readyMs,
    counts,
    leaving: leavingObjects(world.snapshot()).map(idOf),
    created: since.filter(({ what }) => what === "created"),
    deleted: since.filter(({ what }) => what === "deleted"),
  };
  showResult(arrival, stage);
  return arrival;
}

/** Draws the components again and again, or tells what changed where that is not possible. */
export class ArrivalView {
  readonly #screen: Screen;
  readonly #startMs: number;
  #rows: readonly ComponentRow[];
  #isApplied = false;

  constructor(screen: Screen, startMs: number, rows: readonly ComponentRow[]) {
    this.#screen = screen;
    this.#startMs = startMs;
    this.#rows = rows;
  }

  draw(snapshot: Snapshot, commit: Commit): void {
    const rows = componentRows(snapshot);
    const time = `+${durationText(performance.now() - this.#startMs)}`.padStart(8);
    const isApplied = isRevisionOf(commit, syncStatusOf(snapshot).lastAppliedRevision);
    if (this.#screen.isLive) {
      const words = isApplied ? syncWords(snapshot) : "the program has not applied it yet";
      const table = progressTable(rows).map((line) => `  ${line}`);
      this.#screen.live([`${time}  ${words}`, "", ...table]);
    } else {
      if (isApplied && !this.#isApplied) {
        this.#screen.line(`${time}  applied: ${countsText(syncStatusOf(snapshot).counts ?? {})}`);
      }
      for (const line of progressLines(this.#rows, rows)) {
        this.#screen.line(`${time}  ${line}`);
      }
    }
    this.#isApplied = isApplied;
    this.#rows = rows;
  }
}

/** A commit as `git log` shows it, short. */
export function showCommit(commit: Commit, screen: Screen): void {
  screen.line(`  ${commit.hash.slice(0, 7)}  ${commit.subject}  (${commit.author})`, "yellow");
  for (const [status, path] of commit.files) screen.line(`    ${status} ${path}`);
  for (const line of commit.changedLines) {
    screen.line(`      ${line}`, line.startsWith("+") ? "green" : "red");
  }
}

function showResult(arrival: Arrival, { screen, world }: Stage): void {
  const snapshot = world.snapshot();
  const { counts, created, deleted, leaving, readyMs } = arrival;
  if (screen.isLive) screen.line();
  screen.marked(`  ✓ ready ${durationText(readyMs)} after the commit: ${countsText(counts)}`);
  if (created.length > 0) {
    const ids = created.map(({ id }) => id);
    screen.line(`    ${ids.length} new objects: ${kindsText(ids)}`);
    for (const line of objectLines(snapshot, ids)) screen.line(`      ${line}`, "dim");
  }
  for (const { id } of deleted) screen.line(`    - ${idText(id)}`, "red");
  if (leaving.length === 0) return;
  screen.line("    and what was made from it, when Kubernetes collects its garbage:", "dim");
  for (const id of leaving) screen.line(`    - ${idText(id)}`, "dim");
}

/** `3 created, 2 unchanged`: what is none is left out. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  const words = Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1)
    .filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`);
  return words.length === 0 ? "nothing to do" : words.join(", ");
}

/** Ready in the words of the program, and in those of every pod. */
function isReady(snapshot: Snapshot, commit: Commit): boolean {
  return isRevisionOf(commit, syncStatusOf(snapshot).lastHealthyRevision) &&
    componentRows(snapshot).every(isDone);
}

/** Whether a revision, as the status names it, is this commit. */
export function isRevisionOf(commit: Commit, revision: string | undefined): boolean {
  return revision?.endsWith(commit.hash) === true;
}
