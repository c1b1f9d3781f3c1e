/** Real Git repositories for tests: made by the `git` program in a temporary folder, served by it over HTTP. */

/** A work tree to commit in. */
export interface TestRepository extends AsyncDisposable {
  readonly directory: string;
  /** `file:` url of the repository. */
  readonly url: string;
  /** Runs git in it and answers the trimmed output. */
  git(...args: string[]): Promise<string>;
  /** Writes files (`undefined` removes one), commits, and answers the commit. */
  commit(files: Readonly<Record<string, string | undefined>>, message?: string): Promise<string>;
}

const IDENTITY = {
  GIT_AUTHOR_NAME: "Ada Author",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Cleo Committer",
  GIT_COMMITTER_EMAIL: "cleo@example.org",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

/** A new repository with the branch `main` and no commit. */
export async function testRepository(): Promise<TestRepository> {
  const root = await Deno.makeTempDir({ prefix: "meshwright-git-" });
  const directory = `${root}/work`;
  await Deno.mkdir(directory);
  const git = async (...args: string[]) => {
    const command = new Deno.Command("git", { args, cwd: directory, env: IDENTITY });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`git ${args.join(" ")}: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout).trim();
  };
  await git("init", "--quiet", "--initial-branch=main");
  await git("config", "uploadpack.allowFilter", "true");
  return {
    directory,
    url: `file://${directory}`,
    git,
    commit: async (files, message = "Change files") => {
      for (const [path, text] of Object.entries(files)) {
        await writeOrRemove(`${directory}/${path}`, text);
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", "--message", message);
      return await git("rev-parse", "HEAD");
    },
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

async function writeOrRemove(path: string, text: string | undefined): Promise<void> {
  if (text === undefined) return await Deno.remove(path);
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

/** A folder that is removed at the end of the scope. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "meshwright-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** A `git` that notes how it was called and then is the real one. */
export interface CountedGit {
  /** Environment for a git source, whose PATH leads to the counting program first. */
  readonly environment: Readonly<Record<string, string>>;
  /** The argument lists so far, one line a call, and forgets them. */
  take(): Promise<string[]>;
}

/** Makes a counting `git` in a folder. */
export async function countedGit(folder: string): Promise<CountedGit> {
  const path = Deno.env.get("PATH") ?? "/usr/bin:/bin";
  const notes = `${folder}/calls`;
  await Deno.mkdir(`${folder}/bin`, { recursive: true });
  // A call is noted in one write: two at the same time are two lines.
  await Deno.writeTextFile(
    `${folder}/bin/git`,
    `#!/bin/sh\nprintf '%s\\n' "$(printf '%s ' "$@" | tr '\\n' ' ')" >>'${notes}'\nPATH='${path}' exec git "$@"\n`,
    { mode: 0o755 },
  );
  return {
    environment: { PATH: `${folder}/bin:${path}` },
    take: async () => {
      const text = await Deno.readTextFile(notes).catch((error) => {
        if (error instanceof Deno.errors.NotFound) return "";
        throw error;
      });
      await Deno.writeTextFile(notes, "");
      return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    },
  };
}
