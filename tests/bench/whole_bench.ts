/**
 * `deno task bench`: what commits cost until everything runs, beside the limit of the API server. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runProgram } from "../../scripts/compile/program.ts";
import { bundleFor, V8_FLAGS } from "../../scripts/compile.ts";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { exitWith } from "../../scripts/exit.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { type Figures, type Report, tableLines } from "./whole/figures.ts";
import { growthPicture } from "./whole/growth.ts";
import { journeyFigures } from "./whole/journey.ts";
import { limitFigures } from "./whole/limit.ts";
import { type BenchPlane, startBenchPlane } from "./whole/plane.ts";
import { isKnownPeer, KNOWN_PEERS, knownPeer } from "./peers/known_peers.ts";
import { ownProgram, peerProgram, type Subject } from "./whole/subject.ts";

const HELP =
  `Measure the program on a real control plane, beside a client that only applies the same objects.

Usage: deno task bench [FLAGS]

  --functions N,N      sizes (default 500,2000)
  --runs N             how often each is measured; the middle counts (default 1)
  --program BINARY     a compiled binary; left out: the JavaScript that it is made of, run by this Deno
  --peer flux          Flux with the operator Function Mesh, built before anything is measured (minutes
                       the first time; needs Go), without limits of how much they ask for at a time
  --peer flux-as-released
                       the same with the limits that they have where nobody sets any
  --peer NAME=COMMAND  another program: a shell command that works until SIGTERM and finds KUBECONFIG,
                       BENCH_REPOSITORY, BENCH_PATH and BENCH_NAMESPACE
                       --peer can be repeated
  --json FILE          write the figures
  --svg FILE           draw how they grow
  --against FILE       figures of an earlier run: each value says what part of its own it is

Linux only. Seconds, unless a line says otherwise. Nothing else may run on the machine meanwhile.
`;

const FLAGS = {
  functions: { type: "string", default: "500,2000" },
  runs: { type: "string", default: "1" },
  program: { type: "string" },
  peer: { type: "string", multiple: true },
  json: { type: "string" },
  svg: { type: "string" },
  against: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...words], options: FLAGS });
  if (values.help) return say(HELP.trimEnd());
  const sizes = values.functions.split(",").map(Number);
  const runs = Number(values.runs);
  if (![...sizes, runs].every((number) => Number.isInteger(number) && number > 0)) {
    progressOnStderr("--functions and --runs take whole numbers from 1; see --help");
    return 2;
  }
  const peers = values.peer ?? [];
  const unknown = peers.find((peer) => !peer.includes("=") && !isKnownPeer(peer));
  if (unknown !== undefined) {
    progressOnStderr(`--peer knows ${KNOWN_PEERS.join(" and ")}, not ${unknown}; see --help`);
    return 2;
  }
  const before: Report | undefined = values.against === undefined
    ? undefined
    : JSON.parse(await Deno.readTextFile(values.against));
  await using folder = await temporaryFolder();
  const own = ownProgram(
    values.program === undefined ? await bundledProgram(folder.path) : [values.program],
  );
  const subjects = new Map<string, Subject>([["meshwright", own]]);
  for (const peer of peers) {
    const [name = "", ...command] = peer.split("=");
    const subject = isKnownPeer(peer)
      ? await knownPeer(peer, { progress: progressOnStderr })
      : peerProgram(command.join("="));
    subjects.set(name, subject);
  }
  const figures: Figures[] = [];
  let version = "";
  for (const functions of sizes) {
    await using bench = await startBenchPlane(progressOnStderr);
    version = await serverVersion(bench);
    for (let run = 1; run <= runs; run++) {
      figures.push(...await measured(bench, { functions, run, subjects }));
    }
  }
  const machine =
    `${navigator.hardwareConcurrency} processors for all, Deno ${Deno.version.deno}, ` +
    `Kubernetes ${version}, ${runs === 1 ? "one run" : `the middle of ${runs} runs`}`;
  const report: Report = { machine, figures };
  if (values.json !== undefined) {
    await Deno.writeTextFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  if (values.svg !== undefined) await Deno.writeTextFile(values.svg, growthPicture(report));
  return say(tableLines(report, before).join("\n"));
}

/**
 * What the binary is made of: what people run, without what compiling takes. Nothing is kept of how it was compiled, as in a
 * container that starts: writing that down takes 140 MB the first time. As much is taken by a first look at what it
 * imports, which a binary has behind it.
 */
async function bundledProgram(folder: string): Promise<[string, ...string[]]> {
  const main = await bundleFor({}, folder);
  const words = ["run", "-A", "--no-code-cache", "--unstable-worker-options", V8_FLAGS, main];
  await runProgram(Deno.execPath(), [...words, "version"]);
  return [Deno.execPath(), ...words];
}

/** The limit and all subjects once, one after the other. */
async function measured(
  bench: BenchPlane,
  { functions, run, subjects }: {
    readonly functions: number;
    readonly run: number;
    readonly subjects: ReadonlyMap<string, Subject>;
  },
): Promise<Figures[]> {
  progressOnStderr(`${functions} Functions, run ${run}: limit`);
  const limit = await limitFigures(bench, { count: functions, namespace: `limit-${run}` });
  const all: Figures[] = [{ functions, subject: "limit", values: limit }];
  for (const [subject, place] of subjects) {
    progressOnStderr(`${functions} Functions, run ${run}: ${subject}`);
    await using repository = await testRepository();
    await repository.commit({ "README.md": "nothing yet" });
    const namespace = `${subject}-${run}`;
    const { cluster, plane } = bench;
    await cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await using placed = await place({ cluster, plane, namespace, url: repository.url });
    const values = await journeyFigures({
      bench,
      repository,
      namespace,
      count: functions,
      progress: progressOnStderr,
      start: () => placed.start(),
      untilFirstRequest: placed.untilFirstRequest,
    });
    all.push({ functions, subject, values });
  }
  return all;
}

async function serverVersion({ plane }: BenchPlane): Promise<string> {
  const { stdout } = await plane.kubectl(["version", "-o", "json"]);
  return JSON.parse(stdout).serverVersion.gitVersion;
}

function say(text: string): number {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  return 0;
}

if (import.meta.main) await exitWith(main);
