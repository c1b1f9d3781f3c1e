import { fileText } from "#base";
import { type GitCommand, gitOutcome } from "./command.ts";
import { inheritedEnvironment } from "./environment.ts";

/** A file of a commit, with who touched it last. */
export interface FileChange {
  readonly commit: string;
  readonly author: string;
  readonly subject: string;
  readonly text: string;
}

const LOOK = { timeoutMs: 30_000, outputBytesMax: 4 * 1024 * 1024 } as const;

/**
 * A file as a commit has it, and the last commit on the way to it that changed it, in a working copy of this machine.
 *
 * @returns undefined where the folder is in no working copy, or that has no such commit or file
 * @throws {GitError} when it takes too long
 */
export async function lastChange(
  directory: string,
  { commit, path, signal }: {
    readonly commit: string;
    readonly path: string;
    readonly signal: AbortSignal;
  },
): Promise<FileChange | undefined> {
  const run = async (...args: readonly string[]) => {
    const command: GitCommand = {
      args: ["-C", directory, ...args],
      action: `Look for ${path} in ${directory}`,
      directory: "/",
      env: inheritedEnvironment(),
      config: [],
      signal,
      ...LOOK,
    };
    const { isSuccess, stdout } = await gitOutcome(command);
    return isSuccess ? fileText(stdout) : undefined;
  };
  const text = await run("cat-file", "blob", `${commit}:${path}`);
  if (text === undefined) return undefined;
  const format = "--format=%H%x00%an%x00%s";
  // From the top, wherever in the working copy the folder is, and as it is written.
  const place = `:(top,literal)${path}`;
  const said = await run("log", "-1", "--no-show-signature", format, commit, "--", place);
  const [hash = "", author = "", subject = ""] = (said ?? "").trimEnd().split("\0");
  return hash === "" ? undefined : { commit: hash, author, subject, text };
}
