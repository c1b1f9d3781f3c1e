/**
 * `deno task test`: every test, from pure functions to a real control plane, stage by stage. See `HELP`.
 *
 * @module
 */
import { durationText, progressOnStderr } from "./control_plane/progress.ts";
import { dockerBuildObstacle } from "./kind/docker_build.ts";
import { aheadFor, startAhead } from "./stage/ahead.ts";
import { endedTally, tallied, type Tally, totalTally } from "./test_tally.ts";

const HELP = `Run the tests, stage by stage: the cheapest first.

Usage: deno task test [STAGE...]

  pure        pure code and the examples in its documentation, without permissions
  simulation  the GitOps loop and the controller in a world in memory, in which anything may fail
  golden      281 resources of the reference operator: validity, defaults and objects
  io          transport, Git, servers and scripts, against this machine
  browser     the console's page in a real Chromium: people, accessibility, hostile texts
  cluster     a real kube-apiserver, etcd, controller manager, scheduler and simulated nodes
  docker      what docker build makes of the Dockerfile, on local images; takes root on Linux for x86-64, and apt
  kind        three tests of e2e with that image on a cluster of kind; takes the same
  e2e         real pods and Pulsar, see deno task e2e; takes root on Linux
  chaos       some of deno task chaos, with a fixed seed

Without a stage all of them run; what this machine cannot run is left out, with a word, and so are docker and kind where
the run took 48 minutes by then, and chaos where it took 55: it is to end within an hour. The last line is "N passed,
N failed".
Programs and images that take minutes are fetched or built once, beside the first stages, and kept outside the checkout.
`;

/** Sanitizers are off by default in this version of Deno. */
const STRICT = ["--no-prompt", "--sanitize-ops", "--sanitize-resources"];

interface Stage {
  readonly name: string;
  /** Arguments of `deno`. */
  readonly args: readonly string[];
  /** Why it cannot run on this machine, if it cannot. */
  readonly obstacle?: () => string | undefined | Promise<string | undefined>;
  /** A whole run that took longer than this by then leaves it out: it is to end within an hour. */
  readonly latestMs?: number;
}

const LATE = "with it this run may take more than an hour; named, it runs";
const MINUTE_MS = 60_000;

const STAGES: readonly Stage[] = [
  {
    name: "pure",
    args: [
      "test",
      "--doc",
      ...STRICT,
      "--allow-read=tests,crds",
      // The YAML parser looks for these two when it is loaded.
      "--allow-env=LOG_TOKENS,LOG_STREAM",
      "src/base",
      "src/api",
      "src/desired",
      "src/plan",
      "src/topology",
      "tests/unit",
    ],
  },
  {
    name: "simulation",
    args: [
      "test",
      // Histories are split into files for this.
      "--parallel",
      ...STRICT,
      "--allow-read=tests,crds",
      "--allow-env=LOG_TOKENS,LOG_STREAM",
      "tests/simulation",
    ],
  },
  { name: "golden", args: ["test", ...STRICT, "-A", "tests/golden"] },
  {
    name: "io",
    args: [
      "test",
      "--doc",
      ...STRICT,
      "-A",
      "src/telemetry",
      "src/kube",
      "src/git",
      "src/runtime",
      "src/reconcile",
      "src/gitops",
      "src/admission",
      "src/notify",
      "src/receiver",
      "src/cli",
      "scripts/control_plane",
      "scripts/demo",
      "scripts/e2e",
      "scripts/image",
      "scripts/kind",
      "scripts/lint",
      "scripts/release",
      "scripts/stage",
      "scripts/test_tally.ts",
      "tests/scenario",
      "tests/io",
      "tests/hostile",
      "tests/bench/whole/figures.ts",
      "tests/bench/whole/growth.ts",
      "tests/tidy_test.ts",
    ],
  },
  { name: "browser", args: ["test", "--no-prompt", "--parallel", "-A", "tests/browser"] },
  {
    name: "cluster",
    args: ["run", "-A", "scripts/cluster_tests.ts"],
  },
  {
    name: "docker",
    args: ["test", "--no-prompt", "-A", "tests/docker"],
    obstacle: dockerBuildObstacle,
    latestMs: 48 * MINUTE_MS,
  },
  {
    name: "kind",
    args: [
      ...["run", "-A", "scripts/e2e.ts", "--cluster", "kind", "--docker-build"],
      ...["--only", "java_function,tls,rollback"],
    ],
    obstacle: dockerBuildObstacle,
    latestMs: 48 * MINUTE_MS,
  },
  {
    name: "e2e",
    args: ["run", "-A", "scripts/e2e.ts", "--cluster", "local"],
    obstacle: rootObstacle,
  },
  {
    name: "chaos",
    args: ["run", "-A", "scripts/chaos.ts", "--quick", "--seed", "1"],
    latestMs: 55 * MINUTE_MS,
  },
];

async function main(words: readonly string[]): Promise<number> {
  if (words.includes("--help")) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const unknown = words.find((word) => STAGES.every((stage) => stage.name !== word));
  if (unknown !== undefined) {
    progressOnStderr(
      `unknown stage ${unknown}; there are ${STAGES.map(({ name }) => name).join(", ")}`,
    );
    return 2;
  }
  const stages = STAGES.filter(({ name }) => words.length === 0 || words.includes(name));
  const startMs = Date.now();
  const tallies: Tally[] = [];
  const obstacles = await Promise.all(stages.map(({ obstacle }) => obstacle?.()));
  const possible = stages.filter((_, index) => obstacles[index] === undefined);
  const ahead = aheadFor(possible.map(({ name }) => name));
  await using _making = ahead.length === 0 ? undefined : startAhead(ahead);
  for (const [index, stage] of stages.entries()) {
    progressOnStderr(
      `stage ${index + 1}/${stages.length}: ${stage.name} (${
        durationText(Date.now() - startMs)
      } so far)`,
    );
    const isLate = words.length === 0 && Date.now() - startMs > (stage.latestMs ?? Infinity);
    const reason = obstacles[index] ?? (isLate ? LATE : undefined);
    if (reason === undefined) tallies.push(await runStage(stage));
    else {
      progressOnStderr(`stage ${stage.name} is left out: ${reason}`);
      tallies.push({ passed: 0, failed: 0, skipped: 1 });
    }
  }
  const total = totalTally(tallies);
  progressOnStderr(`all stages took ${durationText(Date.now() - startMs)}`);
  const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
  await Deno.stdout.write(
    new TextEncoder().encode(`${total.passed} passed, ${total.failed} failed${skipped}\n`),
  );
  return total.failed === 0 ? 0 : 1;
}

async function runStage(stage: Stage): Promise<Tally> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...stage.args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const tally = await tallied(child.stdout);
  const ended = endedTally(tally, await child.status);
  if (ended !== tally) progressOnStderr(`stage ${stage.name} ended without a result`);
  return ended;
}

function rootObstacle(): string | undefined {
  return Deno.build.os === "linux" && Deno.uid() === 0 ? undefined : "it takes root on Linux";
}

if (import.meta.main) Deno.exit(await main(Deno.args));
