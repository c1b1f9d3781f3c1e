import { installPackages } from "./apt.ts";
import { isThere, type Making } from "./stored.ts";

/** A program of the system that a real node takes, and the Debian package that has it. */
interface Requirement {
  readonly program: string;
  readonly debianPackage: string;
}

const REQUIREMENTS: readonly Requirement[] = [
  { program: "conntrack", debianPackage: "conntrack" },
  { program: "containerd", debianPackage: "containerd" },
  { program: "containerd-shim-runc-v2", debianPackage: "containerd" },
  { program: "ctr", debianPackage: "containerd" },
  { program: "debootstrap", debianPackage: "debootstrap" },
  { program: "ip", debianPackage: "iproute2" },
  { program: "iptables", debianPackage: "iptables" },
  { program: "runc", debianPackage: "runc" },
  { program: "unshare", debianPackage: "util-linux" },
];

/** Where distributions and container engines put network plugins. */
const NETWORK_PLUGIN_FOLDERS = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];
const NETWORK_PLUGINS = ["bridge", "host-local", "loopback", "portmap"];

/** Programs of the system, by path. */
export interface SystemPrograms {
  readonly containerd: string;
  readonly ctr: string;
  readonly networkPluginFolder: string;
}

/**
 * Finds what a real node takes of the system, and installs what is missing with apt where it may.
 *
 * @throws {Error} naming the packages that are missing, where there is no apt or no root
 */
export async function findSystemPrograms(
  making: Making,
): Promise<SystemPrograms> {
  const lacking = await lackingPackages();
  if (lacking.length > 0) await install(lacking, making);
  const still = await lackingPackages();
  if (still.length > 0) {
    throw new Error(`Cannot prepare a node: ${still.join(", ")} installed, but without programs`);
  }
  const [containerd, ctr, networkPluginFolder] = await Promise.all([
    programPath("containerd"),
    programPath("ctr"),
    findNetworkPlugins(),
  ]);
  if (containerd === undefined || ctr === undefined || networkPluginFolder === undefined) {
    throw new Error("Cannot prepare a node: its programs vanished");
  }
  return { containerd, ctr, networkPluginFolder };
}

/** Debian packages whose programs are not there, sorted; programs from elsewhere count as well. */
export async function lackingPackages(): Promise<readonly string[]> {
  const paths = await Promise.all(REQUIREMENTS.map(({ program }) => programPath(program)));
  const lacking = REQUIREMENTS.filter((_, index) => paths[index] === undefined)
    .map(({ debianPackage }) => debianPackage);
  if (await findNetworkPlugins() === undefined) lacking.push("containernetworking-plugins");
  return [...new Set(lacking)].sort();
}

async function install(
  packages: readonly string[],
  making: Making,
): Promise<void> {
  const command = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (await programPath("apt-get") === undefined) {
    throw new Error(
      `Cannot prepare a node: install what Debian has in ${packages.join(", ")}; ` +
        "there is no apt-get here to do it",
    );
  }
  if (Deno.uid() !== 0) throw new Error(`Cannot prepare a node: as root, run: ${command}`);
  await installPackages(packages, making);
}

async function findNetworkPlugins(): Promise<string | undefined> {
  for (const folder of NETWORK_PLUGIN_FOLDERS) {
    const there = await Promise.all(NETWORK_PLUGINS.map((name) => isThere(`${folder}/${name}`)));
    if (there.every(Boolean)) return folder;
  }
  return undefined;
}

/** Where a program is: in `PATH`, or where programs of root are, which `PATH` may leave out. */
export async function programPath(name: string): Promise<string | undefined> {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  for (const folder of [...folders, "/usr/local/sbin", "/usr/sbin", "/sbin"]) {
    if (await isThere(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return undefined;
}
