import { basename } from "node:path";
import { cacheRoot } from "../control_plane/cache.ts";
import { BRIDGE, DNS_ADDRESS, SERVICE_CIDR } from "./node_files.ts";
import { removeCgroup, rootCgroups } from "./cgroups.ts";
import { removeTree } from "./stored.ts";

/** Where a sandbox has its files: short, as there are sockets among them. Outside it is a folder in the cache. */
export const SANDBOX_FOLDER = "/run/meshwright";

const NAME_VARIABLE = "MESHWRIGHT_SANDBOX";
const PREFIX = "meshwright-e2e-";

/**
 * What network there is inside: `"pods"`, a bridge for pods and no way out; `"loopback"`, for who makes a network of its own;
 * `"machine"`, the machine's.
 */
export type SandboxNetwork = "loopback" | "machine" | "pods";

/** What differs from this process's own surroundings. */
export interface SandboxOptions {
  /** `"pods"` when left out. */
  readonly network?: SandboxNetwork;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a process in a sandbox needs to know. */
export interface SandboxFacts {
  readonly folder: string;
  /** The same folder by the path that it has outside: files can be linked to it only from there. */
  readonly outsideFolder: string;
  /** The cgroup for everything that runs in pods, from the root of each hierarchy. */
  readonly cgroup: string;
}

/**
 * What the kubelet would set, for the whole machine, where it finds something else: it finds these values in files that
 * are laid over the settings inside.
 */
export const KERNEL_SETTINGS: Readonly<Record<string, string>> = {
  "kernel/keys/root_maxbytes": "25000000",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
};

/** Folders of the machine that containerd and kubelet write to whatever they are told. */
const HIDDEN_FOLDERS = ["/var/lib/cni", "/var/log/containers"];

const LOOPBACK = `
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
`;

/** Sets up each network; the commands are run inside. */
const NETWORKS: Readonly<Record<SandboxNetwork, string>> = {
  loopback: LOOPBACK,
  machine: "",
  pods: `${LOOPBACK}
ip address add ${DNS_ADDRESS}/32 dev lo
ip link add ${BRIDGE.name} type bridge
ip link set ${BRIDGE.name} address ${BRIDGE.macAddress}
ip address add ${BRIDGE.address}/${BRIDGE.prefixLength} dev ${BRIDGE.name}
ip link set ${BRIDGE.name} up
ip route add ${SERVICE_CIDR} dev ${BRIDGE.name}
`,
};

/**
 * The first process inside: sets up mounts and network, runs the command, and takes in orphans meanwhile. When it ends,
 * however it ends, the kernel kills all that is inside, and mounts and interfaces are gone with the last of them.
 */
const INSIDE = `
set -eu
folder=$1 network=$2; shift 2
mkdir -p "$folder/settings"
${
  Object.entries(KERNEL_SETTINGS).map(([name, value]) =>
    `file="$folder/settings/${basename(name)}"; echo ${value} >"$file"
mount --bind "$file" /proc/sys/${name}`
  ).join("\n")
}
mount --bind "$folder" /mnt
mount -t tmpfs -o mode=755 meshwright /run
mkdir ${SANDBOX_FOLDER}
mount --move /mnt ${SANDBOX_FOLDER}
# Containers may ask for volumes whose mounts they share.
mount --make-rshared /
for hidden in ${HIDDEN_FOLDERS.join(" ")}; do
  mkdir -p "$hidden"
  mount -t tmpfs meshwright "$hidden"
done
eval "$network"
set +e
"$@" &
wait "$!"
exit "$?"
`;

/**
 * Outside: holds the sandbox, and cleans up after it. Its standard input is a pipe that only the process that asked for
 * the sandbox holds: when that one ends, even killed, the kernel closes the pipe, and the sandbox is killed.
 */
const OUTSIDE = `
exec 3<&0 </dev/null
cgroup=$1 folder=$2 inside=$3 namespaces=$4; shift 4
mkdir -m 700 -- "$folder" || exit
unshare $namespaces --mount --pid --ipc --uts --propagation private --fork --kill-child=KILL \\
  --mount-proc -- /bin/sh -c "$inside" sandbox "$folder" "$@" 3<&- &
child=$!
( exec >/dev/null 2>&1; while read -r _; do :; done <&3; kill -s KILL "$child" ) &
guard=$!
exec 3<&-
wait "$child"
code=$?
kill -s KILL "$guard" 2>/dev/null
tries=0
while [ "$tries" -lt 50 ]; do
  find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null
  rm -rf -- "$folder" 2>/dev/null
  left=$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$cgroup")
  [ -n "$left" ] || [ -e "$folder" ] || break
  tries=$((tries + 1))
  sleep 0.1
done
exit "$code"
`;

/**
 * Runs a command as root with mounts, processes and, unless it is to have the machine's, a network of its own. Output goes
 * where this process's own goes; there is no input. Nothing of it is left afterwards, also when this process is killed.
 *
 * @returns the exit code of the command; 137 where the signal aborted it
 * @throws {Error} when this is not Linux, or this process is not root
 */
export async function insideSandbox(
  command: readonly string[],
  options: SandboxOptions = {},
): Promise<number> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    throw new Error("Cannot make a sandbox: that takes Linux, and root on it");
  }
  options.signal?.throwIfAborted();
  await Deno.mkdir(sandboxesFolder(), { recursive: true });
  await removeStaleSandboxes();
  const name = `${PREFIX}${Deno.pid}-${crypto.getRandomValues(new Uint8Array(6)).toHex()}`;
  const folder = `${sandboxesFolder()}/${name}`;
  const { network = "pods" } = options;
  const shell = new Deno.Command("/bin/sh", {
    args: ["-c", OUTSIDE, "sandbox", name, folder, INSIDE, ...networkWords(network), ...command],
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
    detached: true,
    env: { ...options.env, [NAME_VARIABLE]: name },
  }).spawn();
  const stop = () => void closePipe(shell);
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) stop();
  try {
    return (await shell.status).code;
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await closePipe(shell);
  }
}

/** Namespaces besides those that every sandbox has, and the commands that set up the network. */
function networkWords(network: SandboxNetwork): readonly string[] {
  if (network === "machine") return ["", NETWORKS[network]];
  // A proxy of the machine is on its network.
  const names = ["http", "https", "all", "no"].map((name) => `${name}_proxy`);
  const unset = `unset ${[...names, ...names.map((name) => name.toUpperCase())].join(" ")}`;
  return ["--net", `${unset}\n${NETWORKS[network]}`];
}

/** What the sandbox is that this process runs in; undefined outside of one. */
export function sandboxFacts(): SandboxFacts | undefined {
  const name = Deno.env.get(NAME_VARIABLE);
  if (name === undefined) return undefined;
  return {
    folder: SANDBOX_FOLDER,
    outsideFolder: `${sandboxesFolder()}/${name}`,
    cgroup: `/${name}`,
  };
}

/** Removes what sandboxes left whose process and guard were both killed: cgroups and folders. */
async function removeStaleSandboxes(): Promise<void> {
  const groups = (await rootCgroups()).filter((name) => name.startsWith(PREFIX));
  const folders = await Array.fromAsync(Deno.readDir(sandboxesFolder()), ({ name }) => name);
  // Looked at afterwards: whatever was there by then had its guard already.
  const used = await commandLines();
  const isStale = (name: string) => used.every((line) => !line.includes(name));
  for (const name of groups) if (isStale(name)) await removeCgroup(`/${name}`);
  for (const name of folders) if (isStale(name)) await removeTree(`${sandboxesFolder()}/${name}`);
}

/** Of all processes: a guard, which lives as long as its sandbox, has the name in its own. */
async function commandLines(): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      lines.push(await Deno.readTextFile(`/proc/${name}/cmdline`));
    } catch (error) {
      // It ended while we looked.
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (!(error instanceof Deno.errors.NotFound || code === "ESRCH")) throw error;
    }
  }
  return lines;
}

function sandboxesFolder(): string {
  return `${cacheRoot(Deno.env.toObject())}/e2e/sandboxes`;
}

async function closePipe(shell: Deno.ChildProcess): Promise<void> {
  try {
    await shell.stdin.close();
  } catch (error) {
    // Closed already, or the reader is gone: the sandbox ended by itself.
    if (!(error instanceof TypeError || error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
