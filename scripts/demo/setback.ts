import type { Quarantine } from "#api";
import { durationText } from "../control_plane.ts";
import { type Arrival, ArrivalView, isRevisionOf, showArrival, showCommit } from "./arrival.ts";
import { componentRows, type Snapshot } from "./component_row.ts";
import { applySync, PATIENT } from "./mesh_sync.ts";
import { isDone } from "./progress_table.ts";
import type { Commit } from "./repository.ts";
import type { SickChange } from "./sick_change.ts";
import type { Stage } from "./stage.ts";
import { shortHashes, syncStatusOf, syncWords } from "./sync_state.ts";

/** A commit that did not become healthy, and went back. */
export interface Setback {
  readonly commit: Commit;
  readonly component: string;
  /** From the commit to the component being as it was, and ready. */
  readonly backMs: number;
}

/** How long the commit with the mistake may take: people watch. */
export const IMPATIENT = "5s";

const TIMEOUT_MS = 60_000;

/** Commits an edit with a mistake in it, and shows how the function that it made sick goes back. */
export async function showSetback(change: SickChange, stage: Stage): Promise<Setback> {
  const { repository, repositoryUrl: url, screen, world } = stage;
  const { component, file, from, sick, to } = change;
  screen.line(`  the MeshSync gets healthTimeout: ${IMPATIENT}`, "dim");
  await applySync({ url, healthTimeout: IMPATIENT }, stage);
  const subject = `Let ${component} scale to ${to} instead of ${from}`;
  const commit = await repository.commit(subject, { [file]: sick });
  showCommit(commit, screen);
  screen.line("    simulated nodes let pods with this annotation crash", "dim");
  const hold = await awaitHold(commit, component, stage);
  screen.marked(
    `  ✓ unhealthy, and quarantined ${
      durationText(performance.now() - commit.atMs)
    } after the commit: ` +
      shortHashes(hold.cause),
  );
  const isBack = (snapshot: Snapshot) =>
    componentRows(snapshot).every(isDone) && limitOf(component, snapshot) === from || undefined;
  await world.until(isBack, {
    what: `${component} as it was`,
    timeoutMs: TIMEOUT_MS,
    state: syncWords,
  });
  const backMs = performance.now() - commit.atMs;
  const good = shortHashes(hold.healthyRevision);
  screen.marked(`  ✓ ${component} is ready as in ${good} after ${durationText(backMs)}`);
  await applySync({ url, healthTimeout: PATIENT }, stage);
  return { commit, component, backMs };
}

/** Commits the edit without its mistake, and shows that it arrives. */
export async function showMended(change: SickChange, stage: Stage): Promise<Arrival> {
  const { component, file, mended, to } = change;
  const { repository, screen, world } = stage;
  const subject = `Let ${component} scale to ${to} without crashing`;
  const arrival = await showArrival(await repository.commit(subject, { [file]: mended }), stage);
  const isFree = (snapshot: Snapshot) =>
    (syncStatusOf(snapshot).quarantined ?? []).length === 0 &&
      limitOf(component, snapshot) === to || undefined;
  await world.until(isFree, {
    what: `the end of the hold of ${component}`,
    timeoutMs: TIMEOUT_MS,
    state: syncWords,
  });
  screen.marked(`  ✓ nothing is held back any longer`);
  return arrival;
}

/** Shows what becomes of a commit, and of the component that it makes sick, until it is quarantined. */
async function awaitHold(
  commit: Commit,
  component: string,
  { screen, world }: Stage,
): Promise<Quarantine> {
  let told = wordsOf(component, world.snapshot());
  const view = new ArrivalView(screen, commit.atMs, componentRows(world.snapshot()));
  const holdOf = (snapshot: Snapshot) =>
    syncStatusOf(snapshot).quarantined?.find(({ revision }) => isRevisionOf(commit, revision));
  const hold = await world.until(holdOf, {
    what: `commit ${commit.hash.slice(0, 7)} quarantined`,
    timeoutMs: TIMEOUT_MS,
    onLook: (snapshot) => {
      view.draw(snapshot, commit);
      const words = wordsOf(component, snapshot);
      // The table on a terminal shows it as well.
      if (words !== told && !screen.isLive) screen.line(`            ${component}: ${words}`);
      told = words;
    },
    state: syncWords,
  });
  screen.settle();
  if (screen.isLive) screen.line();
  return hold;
}

function wordsOf(component: string, snapshot: Snapshot): string {
  return componentRows(snapshot).find(({ name }) => name === component)?.words ?? "not there";
}

/** How far a component may scale by itself. */
function limitOf(component: string, snapshot: Snapshot): number | undefined {
  return componentRows(snapshot).find(({ name }) => name === component)?.autoscaler?.max;
}
