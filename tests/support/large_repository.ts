/** Many mesh objects in one repository: what a large site looks like. */
import type { TestRepository } from "./git_repository.ts";
import { functionText } from "./sync_story.ts";

/** Name of one of the Functions, counted from 0. */
export function largeName(index: number): string {
  return `f${String(index).padStart(4, "0")}`;
}

/** The file of one of the Functions. */
export function largeFile(folder: string, index: number, image = "example/runner:1"): [
  path: string,
  text: string,
] {
  const name = largeName(index);
  const text = functionText(name, "  replicas: 0\n").replace("example/runner:1", image);
  return [`${folder}/${name.slice(0, 3)}/${name}.yaml`, text];
}

/** Commits so many Functions, a file each. */
export async function commitMany(
  repository: TestRepository,
  { folder, count }: { readonly folder: string; readonly count: number },
): Promise<string> {
  const files = Array.from({ length: count }, (_, index) => largeFile(folder, index));
  return await repository.commit(Object.fromEntries(files), `Add ${count} functions`);
}
