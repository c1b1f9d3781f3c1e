/** Follows hostile repositories over HTTP as a MeshSync does. */
import { GitError, type GitSource, gitSource } from "#git";
import { type ManifestReader, selectedFiles } from "#manifests";
import { temporaryFolder } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { makeRepository, REPOSITORY_KINDS } from "./repositories.ts";

/** A server of repositories, and who follows them. */
export class HostileRepositories implements AsyncDisposable {
  readonly #folder: string;
  readonly #url: string;
  readonly #source: GitSource;
  readonly #stack: AsyncDisposableStack;
  #serial = 0;

  private constructor(options: { folder: string; url: string; stack: AsyncDisposableStack }) {
    this.#folder = options.folder;
    this.#url = options.url;
    this.#stack = options.stack;
    this.#source = gitSource({ cacheDirectory: `${options.folder}/cache` });
  }

  /** Starts the server. */
  static async open(): Promise<HostileRepositories> {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await temporaryFolder());
    const { url } = stack.use(gitServer({ folder }));
    return new HostileRepositories({ folder, url, stack: stack.move() });
  }

  /** Makes the repository that a text names (`KIND/SEED`), reads it, and removes it. Refusals are answers. */
  async read(text: string, reader: ManifestReader): Promise<void> {
    const [name = "", seed = ""] = text.split("/");
    const kind = REPOSITORY_KINDS.find((one) => one === name);
    if (kind === undefined) throw new RangeError(`Cannot make a repository of ${text}`);
    const folder = `${this.#folder}/r${this.#serial}`;
    const remote = { url: `${this.#url}/r${this.#serial++}` };
    await makeRepository(folder, { kind, seed: Number(seed) });
    const source = this.#source;
    try {
      const resolved = await source.resolveRef(remote, { branch: "main" });
      const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "" });
      const { files } = await selectedFiles({
        root: "",
        entries: await source.listTree(remote, tree),
        read: (entries) => source.readFiles(remote, { tree, entries }),
      }, {});
      await reader.read({}, files);
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
    }
    await source.forget(remote);
    await Deno.remove(folder, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
