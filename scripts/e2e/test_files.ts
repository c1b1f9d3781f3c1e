/** Where the tests are. */
export const E2E_FOLDER: string = new URL("../../tests/e2e", import.meta.url).pathname;

/**
 * Names of the test files whose name has one of `parts` in it, sorted; all without parts.
 *
 * @throws {Error} when a part is in no name
 */
export async function testFiles(parts: readonly string[]): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(E2E_FOLDER)) {
    if (name.endsWith("_test.ts")) names.push(name);
  }
  const strange = parts.find((part) => names.every((name) => !name.includes(part)));
  if (strange !== undefined) {
    throw new Error(`Cannot run ${strange}: no file of tests/e2e has that in its name`);
  }
  return names.sort()
    .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)));
}
