import type { World } from "./world.ts";

/**
 * Copies logs, and what the cluster held, to a folder that survives the demo.
 *
 * @returns the folder
 */
export async function keepEvidence(
  directories: readonly string[],
  world: World | undefined,
): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "meshwright-demo-failed-" });
  for (const directory of directories) {
    for await (const { name, isFile } of Deno.readDir(directory)) {
      if (isFile && name.endsWith(".log")) {
        await Deno.copyFile(`${directory}/${name}`, `${folder}/${name}`);
      }
    }
  }
  if (world !== undefined) {
    const text = JSON.stringify(world.snapshot(), null, 2);
    await Deno.writeTextFile(`${folder}/objects.json`, `${text}\n`);
  }
  return folder;
}
