import { isAbort } from "#base";
import { topologyPicture } from "#topology";
import {
  type ControlPlane,
  durationText,
  GuardedDirectory,
  startControlPlane,
} from "../control_plane.ts";
import { KUBERNETES_VERSION } from "../control_plane/versions.ts";
import { type Arrival, awaitReady, countsText, showArrival, showCommit } from "./arrival.ts";
import { componentRows } from "./component_row.ts";
import { showDrift } from "./drift.ts";
import { keepEvidence } from "./evidence.ts";
import { gitServer } from "./git_server.ts";
import { quietSecond, showMetrics } from "./measures.ts";
import { consolePageFolder } from "../console_page.ts";
import { Program } from "./program.ts";
import { applySync, PATIENT, showSync } from "./mesh_sync.ts";
import { Repository } from "./repository.ts";
import { holdsMesh, readSamples, sampleChange, type SampleFile } from "./samples.ts";
import type { Screen } from "./screen.ts";
import { showMended, showSetback } from "./setback.ts";
import { sickChange } from "./sick_change.ts";
import type { Stage } from "./stage.ts";
import { type Story, summaryLines } from "./summary.ts";
import { World } from "./world.ts";

/** How the demo is played. */
export interface StoryOptions {
  readonly screen: Screen;
  readonly signal: AbortSignal;
  /** Called at the end, before everything is taken down; with a promise it stays up as long. */
  readonly onEnd: (stage: Stage) => Promise<void>;
}

/** A demo that failed, and where its logs are. */
export class DemoError extends Error {
  override readonly name = "DemoError";
  readonly folder: string;
  constructor(folder: string, options: ErrorOptions) {
    super("The demo failed", options);
    this.folder = folder;
  }
}

const SAMPLES = new URL("../../gitops/mesh/", import.meta.url);

/**
 * Plays the demo: a control plane, a repository, the program, a commit, another one, a mishap, a mistake, the numbers.
 *
 * @throws {DemoError} when something does not come true; logs are kept
 */
export async function playDemo(options: StoryOptions): Promise<void> {
  const { screen, signal } = options;
  const startMs = performance.now();
  chapter(screen, "A control plane", `Kubernetes ${KUBERNETES_VERSION}, simulated nodes`);
  await using plane = await startControlPlane({
    progress: (line) => screen.line(`  ${line}`, "dim"),
    signal,
  });
  const directory = await Deno.makeTempDir({ prefix: "meshwright-demo-" });
  await using _removed = new GuardedDirectory(directory);
  const opened: { world?: World } = {};
  try {
    await onPlane(plane, { ...options, directory, startMs, opened });
  } catch (cause) {
    if (isAbort(cause, signal) || signal.aborted) throw cause;
    throw new DemoError(await keepEvidence([directory, plane.directory], opened.world), { cause });
  }
}

interface Setting extends StoryOptions {
  readonly directory: string;
  readonly startMs: number;
  /** For what has to be looked at when something fails. */
  readonly opened: { world?: World };
}

async function onPlane(plane: ControlPlane, setting: Setting): Promise<void> {
  const { directory, opened, screen, signal, startMs } = setting;
  const files = await readSamples(SAMPLES);
  const repository = await Repository.create(`${directory}/repository`, signal);
  await using server = gitServer({ folder: directory });
  const repositoryUrl = `${server.url}/repository/.git`;
  chapter(screen, "A Git repository", `${repository.directory}, served as ${repositoryUrl}`);
  const ground = files.filter((file) => !holdsMesh(file));
  const opening = await repository.commit("Make room for the meshes", byName(ground));
  showCommit(opening, screen);
  await consolePageFolder({ progress: (line) => screen.line(`    ${line}`, "dim") });
  await using program = new Program({
    directory,
    kubeconfigPath: plane.kubeconfigPath,
    signal,
  });
  await startProgram(program, screen);
  await using world = new World(plane, program.signal);
  opened.world = world;
  await world.whenSynced();
  const stage: Stage = { screen, plane, repository, repositoryUrl, program, world, files };
  await followRepository(stage);
  const counts = await awaitReady(opening, stage);
  screen.marked(`  ✓ it has applied ${opening.hash.slice(0, 7)}: ${countsText(counts)}`);
  const story = await play(stage);
  const whole = { ...story, wholeMs: performance.now() - startMs };
  chapter(screen, "Summary");
  for (const line of summaryLines(whole)) screen.line(`  ${line}`);
  await setting.onEnd(stage);
}

async function startProgram(program: Program, screen: Screen): Promise<void> {
  chapter(screen, "The program", "main.ts run");
  for (const word of program.words) screen.line(`    ${word}`, "dim");
  const startMs = performance.now();
  await program.whenReady();
  screen.marked(`  ✓ ready after ${durationText(performance.now() - startMs)}`);
  screen.line(`    look at it with a browser: ${program.consoleUrl}`, "bold");
  screen.line(`    metrics and health at ${program.url}, log in ${program.logPath}`, "dim");
}

/** Applies the MeshSync that makes the program follow the repository. */
async function followRepository(stage: Stage): Promise<void> {
  const { repositoryUrl: url, screen } = stage;
  chapter(screen, "A MeshSync", "follow the repository, and go back from what is not healthy");
  const sync = { url, healthTimeout: PATIENT };
  showSync(sync, screen);
  await applySync(sync, stage);
}

async function play(stage: Stage): Promise<Omit<Story, "wholeMs">> {
  const { files, repository, screen, world } = stage;
  const meshes = files.filter(holdsMesh);
  chapter(screen, "A commit with meshes");
  const first = await showArrival(
    await repository.commit("Add the meshes of gitops/mesh", byName(meshes)),
    stage,
  );
  showPicture(stage);
  const second = await changeMeshes(stage);
  showPicture(stage);
  chapter(screen, "Somebody deletes a StatefulSet");
  const repair = await showDrift(sampleChange(files).scaled.name, stage);
  const sick = sickChange(files);
  chapter(screen, `A commit that makes ${sick.component} crash`);
  const setback = await showSetback(sick, stage);
  chapter(screen, "A commit that mends it");
  const third = await showMended(sick, stage);
  chapter(screen, "The program's metrics");
  // What the last status tells is counted a moment after it is written: the quiet second comes first.
  const quiet = await quietSecond(stage);
  await showMetrics(stage);
  return { arrivals: [first, second, third], repair, setback, quiet, snapshot: world.snapshot() };
}

async function changeMeshes(stage: Stage): Promise<Arrival> {
  const { files, repository, screen } = stage;
  const { edited, removed, scaled } = sampleChange(files);
  chapter(screen, "A commit that changes them");
  const subject = `Scale ${scaled.name} from ${scaled.from} to ${scaled.to}, remove ${removed}`;
  const commit = await repository.commit(subject, {
    [edited.name]: edited.text,
    [removed]: undefined,
  });
  return await showArrival(commit, stage);
}

function showPicture({ screen, world }: Stage): void {
  const rows = componentRows(world.snapshot());
  screen.line();
  for (const line of topologyPicture(rows)) screen.marked(`    ${line}`);
  const meshes = [...new Set(rows.flatMap(({ mesh }) => mesh ?? []))].sort();
  if (meshes.length === 0) return;
  screen.line();
  screen.line(`    double frame: part of FunctionMesh ${meshes.join(", ")}`, "dim");
}

function chapter(screen: Screen, title: string, words = ""): void {
  screen.line();
  screen.line(`${title}${words === "" ? "" : `: ${words}`}`, "bold");
}

function byName(files: readonly SampleFile[]): Record<string, string> {
  return Object.fromEntries(files.map(({ name, text }) => [name, text]));
}
