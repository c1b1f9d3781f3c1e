import { buildPrograms, hasGo } from "./build.ts";
import { cacheFolder, programsIn, withFolderLock } from "./cache.ts";
import { downloadPrograms } from "./download.ts";
import { type Progress } from "./progress.ts";
import {
  type AnyProgramName,
  KIND_PROGRAMS,
  type KindProgramName,
  KUBERNETES_VERSION,
  NODE_PROGRAMS,
  type NodeProgramName,
  platform,
  type ProgramName,
  PROGRAMS,
  type Release,
  RELEASES,
} from "./versions.ts";

/** Where each program of a control plane is. */
export type Binaries = Readonly<Record<ProgramName, string>>;

/** Where each program of a real node is. */
export type NodeBinaries = Readonly<Record<NodeProgramName, string>>;

/** Where each program for nodes of kind is. */
export type KindBinaries = Readonly<Record<KindProgramName, string>>;

/** How to look for programs; everything has a default for this machine. */
export interface BinariesOptions {
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The official files to try, in place of those of `versions.ts` for this platform. */
  readonly releases?: readonly Release[];
}

/**
 * Finds the programs of a control plane: in the folder named by `KUBEBUILDER_ASSETS`, in the cache, as official
 * releases, or by building them from Go modules; each program from the first of these that has it.
 *
 * # Guarantees
 * Parallel callers, in this process and in others, share one download or build. Interrupted work leaves no file that a
 * later call would take for a program.
 *
 * @throws {Error} when programs are missing and there is no way to get them; it says which, and what to install
 */
export async function findBinaries(options: BinariesOptions = {}): Promise<Binaries> {
  const path = await findPrograms(PROGRAMS, options);
  return {
    "etcd": path("etcd"),
    "kube-apiserver": path("kube-apiserver"),
    "kube-controller-manager": path("kube-controller-manager"),
    "kube-scheduler": path("kube-scheduler"),
    "kubectl": path("kubectl"),
    "kwok": path("kwok"),
  };
}

/**
 * Finds the programs of a real node, in the same places and with the same guarantees as `findBinaries`.
 *
 * @throws {Error} when programs are missing and there is no way to get them; it says which, and what to install
 */
export async function findNodeBinaries(options: BinariesOptions = {}): Promise<NodeBinaries> {
  const path = await findPrograms(NODE_PROGRAMS, options);
  return { "kubelet": path("kubelet"), "kube-proxy": path("kube-proxy") };
}

/**
 * Finds the programs for nodes of kind, in the same places and with the same guarantees as `findBinaries`.
 *
 * @throws {Error} when programs are missing and there is no way to get them; it says which, and what to install
 */
export async function findKindBinaries(options: BinariesOptions = {}): Promise<KindBinaries> {
  const path = await findPrograms(KIND_PROGRAMS, options);
  return { "kubeadm": path("kubeadm") };
}

async function findPrograms<Name extends AnyProgramName>(
  names: readonly Name[],
  options: BinariesOptions,
): Promise<(name: Name) => string> {
  const env = options.env ?? Deno.env.toObject();
  const progress = options.progress ?? (() => {});
  const found = await assetPrograms(env.KUBEBUILDER_ASSETS, { names, progress });
  const folder = cacheFolder(env);
  const missing = () => names.filter((name) => !found.has(name));
  for (const [name, path] of await programsIn(folder, missing())) found.set(name, path);
  if (missing().length > 0) {
    await withFolderLock(folder, () => prepare(missing(), folder, options), {
      progress,
      signal: options.signal,
    });
    for (const [name, path] of await programsIn(folder, missing())) found.set(name, path);
  }
  return (name) => {
    const known = found.get(name);
    if (known === undefined) throw new Error(`Cannot find ${name}: it vanished from ${folder}`);
    return known;
  };
}

// The lock is held: whatever is in a temporary directory here belongs to nobody alive.
async function prepare(
  names: readonly AnyProgramName[],
  folder: string,
  options: BinariesOptions,
): Promise<void> {
  const progress = options.progress ?? (() => {});
  const cached = await programsIn(folder, names);
  const absent = names.filter((name) => !cached.has(name));
  if (absent.length === 0) return;
  const temporary = `${folder}.unfinished`;
  await removeTree(temporary);
  await Deno.mkdir(temporary);
  try {
    progress(`preparing ${absent.join(", ")} in ${folder}`);
    const { signal } = options;
    const releases = options.releases ?? RELEASES[platform()] ?? [];
    await downloadPrograms(releases, { temporary, folder, names: absent, progress, signal });
    const downloaded = await programsIn(folder, absent);
    const unbuilt = absent.filter((name) => !downloaded.has(name));
    if (unbuilt.length === 0) return;
    if (!await hasGo()) throw new Error(nothingText(unbuilt));
    progress(`building ${unbuilt.length} programs with Go: minutes the first time, once a machine`);
    await buildPrograms(unbuilt, { temporary, folder, progress, signal });
  } finally {
    await removeTree(temporary);
  }
}

/**
 * The programs of the user's own folder. A complete folder is taken as it is; from one that has only some (as most
 * tools make them) those of Kubernetes are taken when their minor version is the one of the rest.
 */
async function assetPrograms<Name extends AnyProgramName>(
  folder: string | undefined,
  options: { readonly names: readonly Name[]; readonly progress: Progress },
): Promise<Map<Name, string>> {
  const { names, progress } = options;
  if (!folder) return new Map();
  const found = await programsIn(folder, names);
  if (found.size === names.length) return found;
  const server = (await programsIn(folder, ["kube-apiserver"])).get("kube-apiserver");
  const version = server === undefined ? undefined : await versionText(server);
  const [major, minor] = KUBERNETES_VERSION.split(".");
  if (version !== undefined && !version.includes(`v${major}.${minor}.`)) {
    const lacking = names.filter((name) => !found.has(name));
    progress(
      `KUBEBUILDER_ASSETS=${folder} is not used: it lacks ${lacking.join(", ")}, and its ` +
        `kube-apiserver is "${version}" where the rest is v${KUBERNETES_VERSION}`,
    );
    return new Map();
  }
  const present = found.size === 0 ? "nothing" : [...found.keys()].join(", ");
  progress(
    `KUBEBUILDER_ASSETS=${folder} has ${present} of ${
      names.join(", ")
    }; the rest comes from elsewhere`,
  );
  return found;
}

async function versionText(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, {
    args: ["--version"],
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

function nothingText(names: readonly AnyProgramName[]): string {
  return `Cannot prepare ${
    names.join(", ")
  }: they can be neither downloaded (see above) nor built, ` +
    `because there is no Go. Do one of: install Go 1.26 or newer (https://go.dev/dl) so that they ` +
    `are built from Go modules; connect to the internet; or set KUBEBUILDER_ASSETS to a folder ` +
    `that holds ${PROGRAMS.join(", ")} (Kubernetes v${KUBERNETES_VERSION})`;
}

async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
