import { reported } from "../control_plane/progress.ts";
import { runProgram } from "../compile/program.ts";
import { runGuarded } from "./guarded_run.ts";
import type { Layer } from "./image_archive.ts";
import { type LayerFolders, storedLayer } from "./layers.ts";
import { programPath, requiredProgram } from "./required_program.ts";
import { isThere, type Making, removeTree } from "./stored.ts";

/** A Debian as a layer. */
export interface DebianRecipe extends Making {
  readonly suite: "bookworm" | "trixie";
  /** Beyond the essential ones and apt. */
  readonly packages: readonly string[];
  /** A script for the shell in it, run as root, with the network. */
  readonly script?: string;
}

/** Where packages come from, unless this machine is a Debian that gets them elsewhere. */
const MIRROR = "http://deb.debian.org/debian";

/** What no container reads. Copyright notices stay. */
const NEEDLESS = [
  "debootstrap",
  // These tell of the machine that makes the image.
  "etc/hostname",
  "etc/resolv.conf",
  "usr/share/bash-completion",
  "usr/share/bug",
  "usr/share/gitweb",
  "usr/share/info",
  "usr/share/lintian",
  "usr/share/locale",
  "usr/share/man",
  "var/cache/apt",
  "var/cache/debconf",
  "var/cache/ldconfig",
  "var/lib/apt/lists",
  "var/log",
];

/** Folders that programs want to be there. */
const EMPTY = ["var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/log/apt"];

/** A new one when the same packages make another layer. */
const RECIPE = 2;

/**
 * A small Debian with some packages, made by debootstrap from the distribution's signed packages.
 *
 * @throws {Error} when this is not root on Linux, or debootstrap fails
 */
export async function debianLayer(recipe: DebianRecipe): Promise<Layer> {
  const { suite, packages, script } = recipe;
  return await storedLayer({
    ...recipe,
    name: `debian-${suite}`,
    inputs: { suite, packages, script, architecture: Deno.build.arch, recipe: RECIPE },
    make: (folders) => makeRoot(folders, recipe),
  });
}

async function makeRoot({ root, scratch }: LayerFolders, recipe: DebianRecipe): Promise<void> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    throw new Error(
      "Cannot make a Debian base for an image: debootstrap needs root on Linux; with Docker, " +
        "the Dockerfile makes the image without",
    );
  }
  const { suite, packages, script, progress, signal } = recipe;
  const debootstrap = await requiredProgram("debootstrap", {
    debianPackage: "debootstrap",
    purpose: "makes the Debian base of images",
    progress,
  });
  const mirror = await debianMirror();
  const logPath = `${scratch}/log`;
  const include = packages.length === 0 ? [] : [`--include=${packages.join()}`];
  const words = ["--variant=minbase", ...include, suite, root, mirror];
  await reported(
    `debootstrap ${suite} ${packages.join(" ")}`.trim(),
    () => runAlone("make a Debian base", [debootstrap, ...words], { logPath, signal }),
    progress,
  );
  await Deno.writeTextFile(`${root}/etc/apt/sources.list`, sources(suite, mirror));
  if (script !== undefined) {
    const shell = ["chroot", root, "/bin/sh", "-ec", script];
    await reported(
      `run the commands of the image in ${suite}`,
      () => runAlone("run the commands of the image", shell, { logPath, signal }),
      progress,
    );
  }
  await strip(root);
  await Deno.writeTextFile(`${root}/etc/apt/sources.list`, sources(suite, MIRROR));
}

/** Runs a program with mounts of its own, which are gone when it ends, however that is. */
async function runAlone(
  what: string,
  words: readonly string[],
  options: { readonly logPath: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await runGuarded(what, {
    program: "unshare",
    args: ["--mount", "--propagation=private", "--", ...words],
    env: {
      DEBIAN_FRONTEND: "noninteractive",
      LC_ALL: "C.UTF-8",
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      // Passwords of users that are made get this date instead of today's.
      SOURCE_DATE_EPOCH: "0",
    },
    ...options,
  });
}

function sources(suite: string, mirror: string): string {
  return [
    `deb ${mirror} ${suite} main`,
    `deb ${mirror} ${suite}-updates main`,
    `deb ${mirror}-security ${suite}-security main`,
    "",
  ].join("\n");
}

/** The mirror that this machine's apt uses, if it is a Debian. */
async function debianMirror(): Promise<string> {
  if (await programPath("apt-get") === undefined) return MIRROR;
  const format = "$(ORIGIN)\t$(LABEL)\t$(SITE)";
  const lines = await runProgram("apt-get", ["indextargets", "--format", format]);
  const targets = lines.split("\n").map((line) => line.split("\t"));
  return targets.find(([origin, label]) => origin === "Debian" && label === "Debian")?.[2] ??
    MIRROR;
}

async function strip(root: string): Promise<void> {
  for (const path of NEEDLESS) await removeTree(`${root}/${path}`);
  for (const path of EMPTY) await Deno.mkdir(`${root}/${path}`, { recursive: true });
  // Whoever runs a container gives it these; some do so only where there is a file to cover.
  for (const name of ["hostname", "hosts", "resolv.conf"]) {
    await Deno.writeTextFile(`${root}/etc/${name}`, "");
  }
  await removeOldCopies(`${root}/var/lib/dpkg`);
  const documents = `${root}/usr/share/doc`;
  for await (const { name, isDirectory } of Deno.readDir(documents)) {
    if (isDirectory) await keepCopyright(`${documents}/${name}`);
  }
}

async function keepCopyright(folder: string): Promise<void> {
  let kept = false;
  for await (const { name } of Deno.readDir(folder)) {
    if (name === "copyright") kept = true;
    else await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
  if (!kept) await Deno.remove(folder);
}

/** dpkg keeps the state before its last step. */
async function removeOldCopies(folder: string): Promise<void> {
  for (const name of ["diversions-old", "statoverride-old", "status-old"]) {
    if (await isThere(`${folder}/${name}`)) await Deno.remove(`${folder}/${name}`);
  }
}
