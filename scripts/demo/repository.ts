import { inheritedEnvironment, runGit } from "#git";

/** A commit as `git show` tells of it. */
export interface Commit {
  readonly hash: string;
  readonly author: string;
  readonly subject: string;
  /** `A`, `M` or `D`, and the path. */
  readonly files: readonly (readonly [string, string])[];
  /** Lines of files that were there before and still are, `+` or `-` first. */
  readonly changedLines: readonly string[];
  /** When the commit was complete, as `performance.now()` counts. */
  readonly atMs: number;
}

/** Folder of the meshes in the repository. */
export const MESH_FOLDER = "mesh";

const TIMEOUT_MS = 30_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;

/** A Git repository with the branch `main`, to commit in. */
export class Repository {
  readonly directory: string;
  readonly #signal: AbortSignal;

  private constructor(directory: string, signal: AbortSignal) {
    this.directory = directory;
    this.#signal = signal;
  }

  /** Makes one in a folder that is not there yet. @throws {GitError} when git is missing or refuses */
  static async create(directory: string, signal: AbortSignal): Promise<Repository> {
    await Deno.mkdir(`${directory}/${MESH_FOLDER}`, { recursive: true });
    const repository = new Repository(directory, signal);
    await repository.#git("init", "--quiet", "--initial-branch=main");
    await repository.#git("config", "uploadpack.allowFilter", "true");
    return repository;
  }

  /** Writes mesh files by name (undefined removes one) and commits them. */
  async commit(
    subject: string,
    files: Readonly<Record<string, string | undefined>>,
  ): Promise<Commit> {
    for (const [name, text] of Object.entries(files)) {
      const path = `${this.directory}/${MESH_FOLDER}/${name}`;
      if (text === undefined) await Deno.remove(path);
      else await Deno.writeTextFile(path, text);
    }
    await this.#git("add", "--all");
    await this.#git("commit", "--quiet", "--message", subject);
    return await this.#newest(performance.now());
  }

  async #newest(atMs: number): Promise<Commit> {
    const [hash = "", author = "", said = ""] =
      (await this.#git("show", "--no-patch", "--format=%H%n%an%n%s")).split("\n");
    const names = await this.#git("show", "--format=", "--name-status");
    const patch = await this.#git("show", "--format=", "--unified=0", "--diff-filter=M");
    return {
      hash,
      author,
      subject: said,
      files: names.split("\n").filter((line) => line !== "").map((line) => {
        const [status = "", path = ""] = line.split("\t");
        return [status, path];
      }),
      changedLines: patch.split("\n").filter((line) => /^[+-](?![+-]{2} )/.test(line)),
      atMs,
    };
  }

  async #git(...args: readonly string[]): Promise<string> {
    const output = await runGit({
      args,
      action: `Cannot run git ${args[0]} in ${this.directory}`,
      directory: this.directory,
      env: {
        ...inheritedEnvironment(),
        // Settings of this machine (signing, hooks, other branch names) have no place in a demo.
        HOME: this.directory,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        LC_ALL: "C.UTF-8",
      },
      config: [["user.name", "Mona Mesh"], ["user.email", "mona@example.org"]],
      timeoutMs: TIMEOUT_MS,
      outputBytesMax: OUTPUT_BYTES_MAX,
      signal: this.#signal,
    });
    return new TextDecoder().decode(output).trimEnd();
  }
}
