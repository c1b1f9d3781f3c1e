/**
 * `deno run -A scripts/compile.ts`: one binary, with the permissions that the program needs and no more. See `HELP`.
 *
 * @module
 */
import { errorText } from "#base";
import { parseArgs } from "node:util";
import { buildOfCheckout, bundleProgram, workersOf } from "./compile/bundle.ts";
import { environmentVariables, permissionArguments } from "./compile/permissions.ts";
import { runProgram } from "./compile/program.ts";
import { type CompileBase, mainForTestBase, testBase } from "./compile/test_base.ts";
import { progressOnStderr } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";

const HELP = `Compile the program into one binary.

Usage: deno run -A scripts/compile.ts [FLAGS]

  --output FILE       where to put it (default: dist/meshwright)
  --target TARGET     x86_64-unknown-linux-gnu, aarch64-unknown-linux-gnu, x86_64-apple-darwin or
                      aarch64-apple-darwin (default: this machine)
  --plugin NAME       a login plugin of kubeconfigs that it may run, e.g. aws, with the whole environment;
                      can be repeated
  --cache-dir FOLDER  another folder where --cache-dir may be; can be repeated
  --permissions       only print the permissions that it gets
  --test-base         on an old Deno from PyPI, for tests where Deno's download host cannot be reached
`;

/** Systems that a binary can be made for. */
export const TARGETS = [
  "aarch64-apple-darwin",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "x86_64-unknown-linux-gnu",
] as const;

/** What is to be compiled. */
export interface CompileOptions {
  readonly output: string;
  /** This machine's when left out. */
  readonly target?: string;
  readonly plugins?: readonly string[];
  readonly cacheFolders?: readonly string[];
  readonly base?: CompileBase;
}

/** Makes the binary. @throws {Error} with what Deno said */
export async function compileProgram(options: CompileOptions): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "meshwright-compile-" });
  try {
    await compileBundle(await bundleFor(options, folder), options);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Makes the JavaScript that a binary is made of: the same sources give the same files.
 *
 * @returns the path of its main file, in `folder`
 */
export async function bundleFor(
  { plugins = [] }: Pick<CompileOptions, "plugins">,
  folder: string,
): Promise<string> {
  return await bundleProgram(folder, {
    build: await buildOfCheckout(),
    ...(plugins.length === 0 ? { variables: environmentVariables() } : {}),
  });
}

/** Makes the binary of what {@linkcode bundleFor} made. @throws {Error} with what Deno said */
export async function compileBundle(main: string, options: CompileOptions): Promise<void> {
  const { output, target, base = { deno: Deno.execPath() } } = options;
  await runProgram(base.deno, [
    "compile",
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-prompt",
    V8_FLAGS,
    // Threads with fewer permissions than the program has.
    "--unstable-worker-options",
    ...workersOf(main).map((path) => `--include=${path}`),
    ...permissionArguments({ ...options, system: systemOf(target) }),
    ...(target === undefined ? [] : [`--target=${target}`]),
    `--output=${output}`,
    base.runtime === undefined ? main : await mainForTestBase(main),
  ], { env: base.runtime === undefined ? {} : { DENORT_BIN: base.runtime } });
}

/**
 * A heap grows by half of what is alive in it before it is cleaned, not to several times as much; what is new in it has 2 MB
 * until it is looked through, not 32; and memory that a thread gives back, or leaves at its end, goes back to the system, not
 * to a store that only this process draws from. Without all that the program takes half as much memory again, and a third less
 * of a processor where it makes much that is soon forgotten (`deno task bench-scaling-look`, `deno task hostile`).
 */
export const V8_FLAGS =
  "--v8-flags=--heap-growing-percent=45,--no-memory-pool,--no-memory-pool-share-memory-on-teardown,--no-large-page-pool,--max-semi-space-size=2";

/**
 * What the image sets for the binary, beside that: memory outside of the heap is shared by two threads, not kept by each of
 * some ten for itself, which is a tenth of all memory with a hundred repositories (`deno task hostile`); and what is large
 * goes back to the system at once, however large what was given back before. Else half of it stays as holes between what
 * lives: a tenth of all memory with 2,000 Functions (`deno task bench`).
 */
export const MEMORY_ENV = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "262144",
};

/** A base to compile on: this Deno where it can fetch its runtime, else that for tests. */
export async function anyBase(): Promise<CompileBase> {
  const folder = await Deno.makeTempDir({ prefix: "meshwright-compile-" });
  try {
    await Deno.writeTextFile(`${folder}/empty.js`, "");
    const words = ["compile", "--quiet", `--output=${folder}/empty`, `${folder}/empty.js`];
    await runProgram(Deno.execPath(), words, { env: { NO_COLOR: "1" } });
    return { deno: Deno.execPath() };
  } catch (error) {
    progressOnStderr(`this Deno cannot fetch its runtime: ${firstLine(errorText(error))}`);
    return await testBase();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function systemOf(target: string = Deno.build.target): "linux" | "darwin" {
  return target.endsWith("-darwin") ? "darwin" : "linux";
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      output: { type: "string", default: "dist/meshwright" },
      target: { type: "string" },
      plugin: { type: "string", multiple: true, default: [] },
      "cache-dir": { type: "string", multiple: true, default: [] },
      permissions: { type: "boolean" },
      "test-base": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const write = (text: string) => Deno.stdout.write(new TextEncoder().encode(text));
  if (values.help) {
    await write(HELP);
    return 0;
  }
  const { output, target } = values;
  if (target !== undefined && !TARGETS.some((known) => known === target)) {
    progressOnStderr(`there is no target ${target}; there are ${TARGETS.join(", ")}`);
    return 2;
  }
  const choices = { plugins: values.plugin, cacheFolders: values["cache-dir"] };
  if (values.permissions) {
    const words = permissionArguments({ ...choices, system: systemOf(target) });
    await write(`${words.join("\n")}\n`);
    return 0;
  }
  await compileProgram({
    ...choices,
    output,
    ...(target === undefined ? {} : { target }),
    ...(values["test-base"] ? { base: await testBase() } : {}),
  });
  progressOnStderr(`made ${output}`);
  return 0;
}

if (import.meta.main) await exitWith(main);
