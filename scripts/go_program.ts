/** Programs in Go that judge what this project makes: built once from modules with checksums, kept outside the checkout. */
import { reported } from "./control_plane/progress.ts";
import { runGuarded } from "./e2e/guarded_run.ts";
import { requiredProgram } from "./e2e/required_program.ts";
import { type Making, stored } from "./e2e/stored.ts";

/** What to build. */
export interface GoProgram {
  /** What it is called where it is kept. */
  readonly name: string;
  /** What it is called in messages. */
  readonly title: string;
  /** The folder with `go.mod`, `go.sum` (which pins the content of every module) and what `files` names besides. */
  readonly module: URL;
  readonly files?: readonly string[];
  /** The package of its `main`. */
  readonly package: string;
  /** The name of the file that is built. */
  readonly output: string;
  /** Build tags. */
  readonly tags?: string;
  /** What Go is wanted for, where it is missing. */
  readonly purpose: string;
}

/**
 * Finds or builds a program.
 *
 * @returns its path
 * @throws {Error} with the last words of the compiler, or that Go is missing
 */
export async function goProgram(wanted: GoProgram, making: Making): Promise<string> {
  const names = ["go.mod", "go.sum", ...wanted.files ?? []];
  const files = await Promise.all(names.map(async (name) => ({
    name,
    text: await Deno.readTextFile(new URL(name, wanted.module)),
  })));
  const folder = await stored({
    ...making,
    name: wanted.name,
    inputs: wanted.tags === undefined ? files : [wanted.tags, ...files],
    async make(folder) {
      const { progress } = making;
      const go = { ...making, debianPackage: "golang-go", purpose: wanted.purpose };
      const program = await requiredProgram("go", go);
      for (const { name, text } of files) await Deno.writeTextFile(`${folder}/${name}`, text);
      const build = () => buildProgram(wanted, { folder, program, signal: making.signal });
      const what = `building ${wanted.title}: minutes the first time, once a machine`;
      await reported(what, build, progress);
    },
  });
  return `${folder}/${wanted.output}`;
}

async function buildProgram(
  { output, tags, title, ...wanted }: GoProgram,
  { folder, program, signal }: {
    readonly folder: string;
    /** The path of Go. */
    readonly program: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  await runGuarded(`build ${title}`, {
    program,
    args: [
      ...["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w"],
      ...(tags === undefined ? [] : ["-tags", tags]),
      ...["-o", `${folder}/${output}`, wanted.package],
    ],
    cwd: folder,
    env: { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" },
    logPath: `${folder}/build.log`,
    signal,
  });
}
