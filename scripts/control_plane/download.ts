import { createHash } from "node:crypto";
import { errorText } from "#base";
import { publish } from "./cache.ts";
import { type Progress, reported } from "./progress.ts";
import { type AnyProgramName, type Release } from "./versions.ts";

/** How long a host may take to answer, and how long it may say nothing in the middle of a file. */
const CONNECT_TIMEOUT_MS = 5_000;
const STALL_TIMEOUT_MS = 30_000;

/** What a download needs to know. */
export interface DownloadOptions {
  /** A directory on the same file system as `folder`, removed by the caller. */
  readonly temporary: string;
  readonly folder: string;
  readonly names: readonly AnyProgramName[];
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gets those of `names` that the releases hold. What cannot be had (no connection, wrong checksum) is said and left to
 * the next way of getting it.
 */
export async function downloadPrograms(
  releases: readonly Release[],
  options: DownloadOptions,
): Promise<void> {
  const needed = releases.filter((release) => membersOf(release, options.names).length > 0);
  for (const [index, release] of needed.entries()) {
    const what = `download ${index + 1}/${needed.length} ${release.url}`;
    try {
      await reported(what, () => downloadRelease(release, options), options.progress);
    } catch (error) {
      options.signal?.throwIfAborted();
      options.progress(`${what}: not possible: ${errorText(error)}`);
    }
  }
}

async function downloadRelease(release: Release, options: DownloadOptions): Promise<void> {
  const file = `${options.temporary}/release`;
  const checksum = await downloadFile(release, { file, signal: options.signal });
  if (checksum !== release.checksum) {
    throw new Error(
      `refused: its ${release.algorithm} is ${checksum} instead of ${release.checksum}`,
    );
  }
  const names = membersOf(release, options.names);
  for (const name of names) {
    const member = release.members[name];
    if (member === ".") await Deno.rename(file, `${options.temporary}/${name}`);
    else if (member !== undefined) await extract(file, { member, to: options.temporary, name });
  }
  await publish(options.temporary, { folder: options.folder, names });
}

/**
 * Writes what a server answers to a file.
 *
 * @returns its checksum, in hexadecimal digits
 * @throws {Error} when the server does not answer, answers something else than the file, or falls silent
 */
export async function downloadFile(
  release: Pick<Release, "algorithm" | "url">,
  options: { readonly file: string; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const silence = new AbortController();
  const stop = (afterMs: number, what: string) =>
    setTimeout(() => silence.abort(new Error(`no ${what} within ${afterMs / 1000} s`)), afterMs);
  let timer = stop(CONNECT_TIMEOUT_MS, "answer");
  const signals = options.signal ? [options.signal, silence.signal] : [silence.signal];
  try {
    const response = await fetch(release.url, { signal: AbortSignal.any(signals) });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the server answered ${response.status}`);
    }
    const hash = createHash(release.algorithm);
    using file = await Deno.open(options.file, { create: true, write: true, truncate: true });
    const writer = file.writable.getWriter();
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = stop(STALL_TIMEOUT_MS, "data");
      hash.update(chunk);
      await writer.write(chunk);
    }
    await writer.close();
    return hash.digest("hex");
  } finally {
    clearTimeout(timer);
  }
}

async function extract(
  archive: string,
  options: { readonly member: string; readonly to: string; readonly name: string },
): Promise<void> {
  const { code, stderr } = await new Deno.Command("tar", {
    args: ["-xzf", archive, "-C", options.to, options.member],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) {
    const reason = new TextDecoder().decode(stderr).trim();
    throw new Error(`tar could not read ${options.member} from it: ${reason}`);
  }
  await Deno.rename(`${options.to}/${options.member}`, `${options.to}/${options.name}`);
}

function membersOf(release: Release, names: readonly AnyProgramName[]): readonly AnyProgramName[] {
  return names.filter((name) => release.members[name] !== undefined);
}
