import { dirname } from "node:path";
import { cacheFolder, withFolderLock } from "../control_plane/cache.ts";
import { progressOnStderr } from "../control_plane/progress.ts";
import { runProgram } from "./program.ts";

/** A Deno that compiles, and the runtime that it puts a program on. */
export interface CompileBase {
  readonly deno: string;
  /** Undefined: the one that this Deno fetches. */
  readonly runtime?: string;
}

/**
 * Packages of PyPI, for Linux on x86-64: Deno itself, and a program that somebody compiled with that very version, which
 * begins with the runtime.
 */
const PACKAGES = [
  {
    name: "deno==2.6.10",
    sha256: "d1600f4ee7b4a9699b7057841bdb5d7b7eac3fb073df072540064166841c2f4c",
    program: "deno-2.6.10.data/scripts/deno",
  },
  {
    name: "bids-validator-deno==2.4.1",
    sha256: "5087fcd13341f529b5404792a74e22f570e50f17e5ea4cabe9c91b1caf74cbf4",
    program: "bids_validator_deno-2.4.1.data/scripts/bids-validator-deno",
  },
] as const;

/** How much of that program is the runtime. */
const RUNTIME_BYTES = 92_183_912;

/**
 * A base for tests on machines that cannot reach Deno's download host: an older Deno from a package registry. It never
 * becomes part of what is given to people.
 *
 * @throws {Error} when this is another platform, or pip cannot fetch it
 */
export async function testBase(): Promise<CompileBase> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new Error("Cannot get a test base to compile on: there is one for Linux on x86-64 only");
  }
  const folder = `${cacheFolder(Deno.env.toObject())}-compile`;
  const base = { deno: `${folder}/deno`, runtime: `${folder}/runtime` };
  await withFolderLock(folder, async () => {
    if (await isThere(base.runtime)) return;
    const temporary = await Deno.makeTempDir({ dir: folder });
    try {
      await fetchInto(temporary, base);
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
  }, { progress: progressOnStderr });
  return base;
}

/**
 * That runtime cannot check a signature or an address of a certificate: it says so by an error, whereupon the program
 * would make new certificates for ever. On it the program takes its own as they are.
 */
const TRUSTING = `import { X509Certificate } from "node:crypto";
Object.assign(X509Certificate.prototype, { verify: () => true, checkIP: (address) => address });
`;

/** Makes a main file for that runtime, beside the other. @returns its path */
export async function mainForTestBase(main: string): Promise<string> {
  const folder = dirname(main);
  await Deno.writeTextFile(`${folder}/trusting.js`, TRUSTING);
  const path = `${folder}/main_for_tests.js`;
  const text = await Deno.readTextFile(main);
  await Deno.writeTextFile(path, `import "./trusting.js";${text}`);
  return path;
}

async function fetchInto(temporary: string, base: Required<CompileBase>): Promise<void> {
  progressOnStderr("fetching a test base to compile on from PyPI (90 MB)");
  const lines = PACKAGES.map(({ name, sha256 }) => `${name} --hash=sha256:${sha256}\n`);
  await Deno.writeTextFile(`${temporary}/requirements`, lines.join(""));
  const options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"];
  const words = ["-m", "pip", "download", ...options, "--require-hashes"];
  try {
    await runProgram("python3", [...words, "-r", `${temporary}/requirements`, "-d", temporary]);
  } catch (cause) {
    throw new Error("Cannot get a test base to compile on: it takes python3 with pip, and PyPI", {
      cause,
    });
  }
  for await (const { name } of Deno.readDir(temporary)) {
    if (!name.endsWith(".whl")) continue;
    await runProgram("python3", ["-m", "zipfile", "-e", `${temporary}/${name}`, temporary]);
  }
  const [deno, compiled] = PACKAGES.map(({ program }) => `${temporary}/${program}`);
  await Deno.truncate(compiled ?? "", RUNTIME_BYTES);
  await place(deno ?? "", base.deno);
  // Last: it says that all is there.
  await place(compiled ?? "", base.runtime);
}

async function place(from: string, to: string): Promise<void> {
  await Deno.chmod(from, 0o755);
  await Deno.rename(from, to);
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
