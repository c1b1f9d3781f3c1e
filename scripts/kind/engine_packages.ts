import { runProgram } from "../compile/program.ts";
import { reported } from "../control_plane/progress.ts";
import { installPackages, updatePackageLists } from "../e2e/apt.ts";
import { runGuarded } from "../e2e/guarded_run.ts";
import { programPath } from "../e2e/required_program.ts";
import { isThere, type Making, stored } from "../e2e/stored.ts";

/** A Docker engine as Debian packages it, unpacked and not installed: no service of it starts, now or with the machine. */
export interface EnginePackages {
  /** Has `docker`, `docker-proxy` and what belongs to them; to be put before the `PATH`. */
  readonly programFolder: string;
  readonly dockerd: string;
  /** What it calls itself. */
  readonly version: string;
}

/** Newer distributions keep the client apart. */
const PACKAGES = ["docker.io", "docker-cli"] as const;
const PROGRAMS: readonly string[] = ["docker", "docker-init", "docker-proxy", "dockerd"];
/** What the engine calls by name. */
const NEEDED: readonly string[] = ["containerd", "containerd-shim-runc-v2", "iptables", "runc"];

/** A new one when the same packages are unpacked in another way. */
const RECIPE = 1;

/** Why this machine cannot make an engine, if it cannot. */
export async function engineObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "a Docker engine of its own takes Linux";
  if (Deno.uid() !== 0) return "a Docker engine of its own takes root";
  return await programPath("apt-get") === undefined
    ? "a Docker engine of its own comes from Debian's packages, and there is no apt-get here"
    : undefined;
}

/**
 * Gets Debian's Docker engine, once a machine; what it needs of the system is installed where it is missing.
 *
 * @throws {Error} where there is an {@linkcode engineObstacle}, or no such package
 */
export async function enginePackages(making: Making): Promise<EnginePackages> {
  const obstacle = await engineObstacle();
  if (obstacle !== undefined) throw new Error(`Cannot make a Docker engine: ${obstacle}`);
  const folder = await stored({
    ...making,
    name: "docker-engine",
    inputs: { packages: PACKAGES, architecture: Deno.build.arch, recipe: RECIPE },
    make: (folder) =>
      reported("unpacking a Docker engine", () => unpack(folder, making), making.progress),
  });
  const programFolder = `${folder}/programs`;
  await installDependencies(`${folder}/depends`, programFolder, making);
  const dockerd = `${programFolder}/dockerd`;
  const version = (await runProgram(dockerd, ["--version"])).trim();
  return { programFolder, dockerd, version };
}

async function unpack(folder: string, making: Making): Promise<void> {
  const { signal } = making;
  const logPath = `${folder}/log`;
  const run = (script: string) =>
    runGuarded("get Debian's Docker engine", {
      program: "/bin/sh",
      args: ["-ec", script, "sh", folder],
      logPath,
      signal,
    });
  const [engine, client] = PACKAGES;
  const download = (name: string) => `cd "$1" && apt-get --quiet download ${name}`;
  try {
    await run(download(engine));
  } catch {
    // Lists of packages are old or absent on machines that install little.
    signal?.throwIfAborted();
    await updatePackageLists(making);
    await run(download(engine));
  }
  await run(
    'cd "$1" && dpkg-deb -x docker.io_*.deb root && dpkg-deb -f docker.io_*.deb Depends >depends',
  );
  if (!await isThere(`${folder}/root/usr/bin/docker`)) {
    await run(`${download(client)} && dpkg-deb -x ${client}_*.deb root`);
  }
  await Deno.mkdir(`${folder}/programs`);
  for (const name of PROGRAMS) await moveProgram(folder, name);
  await run('cd "$1" && rm -r root *.deb');
}

/** `docker-init` is a package of its own in some releases, and needed by none of the containers here. */
async function moveProgram(folder: string, name: string): Promise<void> {
  for (const place of ["usr/bin", "usr/sbin", "usr/libexec/docker"]) {
    const path = `${folder}/root/${place}/${name}`;
    if (await isThere(path)) return await Deno.rename(path, `${folder}/programs/${name}`);
  }
  if (name !== "docker-init") throw new Error(`Cannot find ${name} in Debian's package docker.io`);
}

async function installDependencies(
  dependsPath: string,
  programFolder: string,
  making: Making,
): Promise<void> {
  const found = await Promise.all(NEEDED.map(programPath));
  if (found.every((path) => path !== undefined) && await starts(`${programFolder}/dockerd`)) return;
  const names = dependencyNames(await Deno.readTextFile(dependsPath));
  await installPackages(names, making);
}

/** Whether it has its libraries. */
async function starts(program: string): Promise<boolean> {
  const { success } = await new Deno.Command(program, {
    args: ["--version"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/**
 * Names of packages in a `Depends` field, the first of each choice.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dependencyNames } from "./engine_packages.ts";
 * assertEquals(dependencyNames("libc6 (>= 2.34), runc | crun, tini:any\n"), ["libc6", "runc", "tini"]);
 * ```
 */
export function dependencyNames(field: string): string[] {
  return field.split(",").map((choice) => /^\s*([^\s:(|]+)/.exec(choice)?.[1] ?? "")
    .filter((name) => name !== "");
}
