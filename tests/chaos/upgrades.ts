/** From the last release to this program and back, with everything running, and replica by replica. */
import type { KubeObject } from "#base";
import { temporaryFolder } from "../support/git_repository.ts";
import { snapshotOf } from "./content.ts";
import { CannotTry, type Chaos, type Injected, type Trial } from "./guarantee.ts";
import { ended, Pair } from "./leaders.ts";
import { Place, type Surroundings } from "./place.ts";
import { BEFORE, contentAfter } from "./settled.ts";

/** What users may have: a commit of this repository. */
const FORMER = "6e0ab80";

/** The program as it was then, in a folder of its own. */
async function formerProgram(): Promise<Surroundings & AsyncDisposable> {
  const cwd = new URL("../..", import.meta.url).pathname;
  const known = await new Deno.Command("git", {
    args: ["rev-parse", "--verify", "--quiet", `${FORMER}^{commit}`],
    cwd,
    stderr: "null",
  }).output();
  if (!known.success) throw new CannotTry(`as commit ${FORMER} of this repository is not here`);
  const folder = await temporaryFolder();
  const script = `git archive ${FORMER} main.ts deno.json deno.lock src crds | tar -x -C "$1"`;
  const { success } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", folder.path],
    cwd,
  }).output();
  if (!success) throw new Error(`Cannot read the program of commit ${FORMER}`);
  return {
    source: folder.path,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** What may not change when nothing but the program does: pods at all, and what is wanted of anything else. */
async function footprint({ api, namespace }: Place): Promise<Map<string, string>> {
  const { children, configs, functions } = await snapshotOf(api, namespace);
  const text = ({ kind, metadata }: KubeObject) =>
    kind === "ConfigMap"
      ? `version ${metadata.resourceVersion}`
      : `uid ${metadata.uid} generation ${metadata.generation ?? "-"}`;
  return new Map(
    [...configs, ...functions, ...children].map((
      one,
    ) => [`${one.kind} ${one.metadata.name}`, text(one)]),
  );
}

function wantSame(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  when: string,
): void {
  const other = [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} was ${before.get(name)} and is ${after.get(name)}`);
  if (other.length > 0) throw new Error(`Changed ${when}: ${other.join(", ")}`);
}

async function andBack({ stage }: Chaos): Promise<Injected> {
  await using former = await formerProgram();
  await using place = await Place.open(stage);
  const programs: readonly (readonly [when: string, around: Surroundings])[] = [
    ["by the upgrade", {}],
    ["by the way back", former],
    ["by the second upgrade", {}],
  ];
  await place.commit(BEFORE);
  await place.sync();
  let program = await place.start(place.proxy(), former);
  await place.untilRest();
  for (const [index, [when, around]] of programs.entries()) {
    const before = await footprint(place);
    program.signal("SIGTERM");
    await program.ended;
    const proxy = place.proxy();
    program = await place.start(proxy, around);
    await place.untilServed(proxy);
    await place.untilRest();
    wantSame(before, await footprint(place), when);
    await place.commit(contentAfter(String(index + 1)));
    await place.look();
    await place.untilRest();
  }
  return { what: `commit ${FORMER}, this program, back, and here again`, times: programs.length };
}

const REPLICAS = 3;

async function replicaByReplica({ stage }: Chaos): Promise<Injected> {
  await using former = await formerProgram();
  await using pair = await Pair.open(stage, { count: REPLICAS, around: former });
  for (const old of [...pair.replicas]) {
    await pair.commitNext();
    await pair.add();
    old.program.signal("SIGTERM");
    await ended(old, 0);
    await pair.untilWell();
  }
  return { what: `${REPLICAS} replicas exchanged one after the other`, times: REPLICAS };
}

/** See the module: they change definitions, so nobody else may use them. */
export const UPGRADES: readonly Trial[] = [
  {
    name: "upgrades/and-back",
    claim: "no pod starts anew, nothing is written that is right already",
    run: andBack,
  },
  {
    name: "upgrades/replicas",
    claim: "never two write, and nothing is lost",
    run: replicaByReplica,
  },
];
