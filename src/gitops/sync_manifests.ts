import type { MeshSync } from "#api";
import { type InputContext, type Inputs, readInputs } from "./inputs.ts";
import type { ManifestFile } from "./manifest.ts";
import { type ReadManifests, readManifests } from "./read.ts";
import { isSopsText, type SopsKey, sopsKey } from "./sops.ts";

/** Reads files with the variables and keys that were found for a MeshSync. */
export async function manifestsWith(
  inputs: Pick<Inputs, "identities" | "variables">,
  files: readonly ManifestFile[],
): Promise<ReadManifests> {
  const { identities, variables } = inputs;
  return readManifests(files, {
    ...(variables === undefined ? {} : { variables }),
    sopsKeys: await sopsKeys(files, identities),
  });
}

/**
 * Files as a MeshSync would read them: its variables replaced, what SOPS encrypted opened with its keys, in memory only.
 *
 * @throws {InputError} when an object that the MeshSync refers to is not there, or of no use
 */
export async function syncManifests(
  files: readonly ManifestFile[],
  { sync, ...ctx }: InputContext & { readonly sync: MeshSync },
): Promise<ReadManifests> {
  return await manifestsWith(await readInputs(sync, ctx), files);
}

/** The data keys of encrypted files; none where no key is named, so that such files are refused. */
async function sopsKeys(
  files: readonly ManifestFile[],
  identities: Inputs["identities"],
): Promise<Map<string, SopsKey>> {
  const keys = new Map<string, SopsKey>();
  if (identities === undefined) return keys;
  for (const { path, text } of files.filter((file) => isSopsText(file.text))) {
    const key = await sopsKey(text, identities);
    if (key !== undefined) keys.set(path, key);
  }
  return keys;
}
