import { cacheRoot } from "../../scripts/control_plane/cache.ts";

/** Folders and cgroups of the sandboxes that a process asked for. */
export async function leftovers(owner: number): Promise<readonly string[]> {
  const groups = await namesIn("/sys/fs/cgroup");
  const folders = [
    sandboxesFolder(),
    "/sys/fs/cgroup",
    ...groups.map((name) => `/sys/fs/cgroup/${name}`),
  ];
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await namesIn(folder)).filter((name) => name.startsWith(`meshwright-e2e-${owner}-`))
        .map((name) => `${folder}/${name}`)
    ),
  );
  return found.flat();
}

/** Where sandboxes have their folders. */
export function sandboxesFolder(): string {
  return `${cacheRoot(Deno.env.toObject())}/e2e/sandboxes`;
}

/** What is in a folder; nothing where there is none. */
export async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
  return names;
}
