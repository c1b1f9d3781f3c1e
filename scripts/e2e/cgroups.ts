/** Groups of processes that limits are set on, in each hierarchy of this machine. */

/** A mounted hierarchy. */
interface Hierarchy {
  readonly path: string;
  /** How a new group comes to what its parent has; beside hierarchies of version 1, that of version 2 limits nothing. */
  readonly inheritance: "cpuset" | "controllers" | "nothing";
}

/** Version 1 leaves these empty in a new group, and no process may join it then. */
const CPUSET_FILES = ["cpuset.cpus", "cpuset.mems"];

/**
 * Makes a group in every hierarchy, with the groups above it. What limits there can be in the root there can be in it.
 *
 * @param name from the root of a hierarchy: `/a/b`
 */
export async function makeCgroup(name: string): Promise<void> {
  const parts = name.split("/").filter((part) => part !== "");
  for (const { path, inheritance } of await hierarchies()) {
    let above = path;
    for (const part of parts) {
      const group = `${above}/${part}`;
      await Deno.mkdir(group, { recursive: true });
      if (inheritance === "cpuset") await inheritCpuset(above, group);
      if (inheritance === "controllers") await passControllers(above);
      above = group;
    }
    if (inheritance === "controllers") await passControllers(above);
  }
}

/** The names of the groups right below the roots. */
export async function rootCgroups(): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const { path } of await hierarchies()) {
    for (const name of await foldersIn(path)) names.add(name);
  }
  return [...names].sort();
}

/**
 * Removes a group with all below it from every hierarchy where it is.
 *
 * @throws {Error} while there are processes in it
 */
export async function removeCgroup(name: string): Promise<void> {
  for (const { path } of await hierarchies()) await removeGroups(`${path}${name}`);
}

async function removeGroups(path: string): Promise<void> {
  for (const name of await foldersIn(path)) await removeGroups(`${path}/${name}`);
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function hierarchies(): Promise<readonly Hierarchy[]> {
  const lines = (await Deno.readTextFile("/proc/self/mounts")).trim().split("\n");
  const mounts = lines.map((line) => line.split(" "));
  const pathsOf = (type: string) =>
    mounts.filter((mount) => mount[2] === type).map(([, path = ""]) => path);
  const first = pathsOf("cgroup");
  const inheritance = first.length === 0 ? "controllers" : "nothing";
  return [
    ...first.map((path) => ({ path, inheritance: "cpuset" as const })),
    ...pathsOf("cgroup2").map((path) => ({ path, inheritance } as const)),
  ];
}

async function inheritCpuset(above: string, group: string): Promise<void> {
  for (const file of CPUSET_FILES) {
    const value = await textOrNothing(`${above}/${file}`);
    if (value !== undefined) await Deno.writeTextFile(`${group}/${file}`, value, { create: false });
  }
}

async function passControllers(group: string): Promise<void> {
  const namesIn = async (file: string) =>
    (await Deno.readTextFile(`${group}/${file}`)).trim().split(" ").filter((name) => name !== "");
  const passed = await namesIn("cgroup.subtree_control");
  for (const name of await namesIn("cgroup.controllers")) {
    if (passed.includes(name)) continue;
    await Deno.writeTextFile(`${group}/cgroup.subtree_control`, `+${name}`, { create: false });
  }
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

async function textOrNothing(path: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
