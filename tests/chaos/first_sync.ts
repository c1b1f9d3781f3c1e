/** A first commit with very many Functions, in the memory that an installed pod has. */
import type { KubeObject } from "#base";
import { installObjects } from "#install";
import { MEMORY_ENV, V8_FLAGS } from "../../scripts/compile.ts";
import { installation } from "../support/installed_program.ts";
import { eventually } from "../support/eventually.ts";
import { type Chaos, type Chapter, chapterOf, type Injected, type Trial } from "./guarantee.ts";
import { MemoryGroup, wantRoot } from "./machine.ts";
import { BEFORE, settled } from "./settled.ts";

const FUNCTIONS = 2_000;
const MEBIBYTE = 1024 * 1024;
/** How long it may take: that is never what is checked. */
const GIVE_UP_MS = 600_000;

/** Members of a Deployment that say how much memory its container may have. */
interface Limited {
  readonly template: {
    readonly spec: {
      readonly containers: readonly [{
        readonly resources: { readonly limits: { readonly memory: string } };
      }];
    };
  };
}

/** What `install` gives the program, in bytes. */
function installedMemory(): number {
  const deployment = installObjects(installation()).find(({ kind }) => kind === "Deployment");
  const { spec } = deployment as KubeObject & { readonly spec: Limited };
  const { memory } = spec.template.spec.containers[0].resources.limits;
  const [, mebibytes] = /^(\d+)Mi$/.exec(memory) ?? [];
  if (mebibytes === undefined) throw new Error(`${memory} is no number of mebibytes`);
  return Number(mebibytes) * MEBIBYTE;
}

async function firstSync({ stage }: Chaos): Promise<Injected> {
  wantRoot();
  const bytes = installedMemory();
  await using group = await MemoryGroup.open();
  await group.limit(bytes);
  const env = { ...MEMORY_ENV, DENO_V8_FLAGS: V8_FLAGS.replace("--v8-flags=", "") };
  await using at = await settled(stage, { around: () => ({ env, wrapper: group.wrapper }) });
  const { place, program } = at;
  const names = Array.from({ length: FUNCTIONS }, (_, index) => `many-${index}`);
  // Without pods: what is tried is the memory of the program.
  const many = names.map((name) => [name, { cpu: "100m", idle: true }] as const);
  const commit = await place.commit({
    ...BEFORE,
    functions: { ...BEFORE.functions, ...Object.fromEntries(many) },
  });
  await place.look();
  let end: number | undefined;
  program.ended.then((code) => end = code);
  await eventually(async () => {
    if (end !== undefined) return true;
    const sync = await place.meshSync();
    return sync?.applied.endsWith(commit) === true && /^True /.test(sync.ready);
  }, { timeoutMs: GIVE_UP_MS, intervalMs: 1_000 });
  if (end !== undefined) throw new Error(`It ended with ${end}\n${program.logTail()}`);
  await place.untilRest();
  const what = `a first commit with ${FUNCTIONS} Functions without pods in ${bytes / MEBIBYTE} MiB`;
  return { what, times: 1 };
}

const TRIALS: readonly Trial[] = [
  {
    name: "limits/first-sync",
    claim: "it is applied by one process, in the memory that install gives it",
    run: firstSync,
  },
];

/** See the module. */
export const FIRST_SYNC: Chapter = chapterOf(TRIALS);
