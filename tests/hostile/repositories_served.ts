/** Hostile repositories that are made one after the other, and served over HTTP by a process of its own. */
import { temporaryFolder } from "../support/git_repository.ts";
import { makeRepository, REPOSITORY_KINDS } from "./repositories.ts";
import { serverProcess } from "./server_process.ts";

/** A repository that is there until it is disposed of. */
export interface ServedRepository extends AsyncDisposable {
  readonly url: string;
}

/** A server of repositories. */
export class HostileRepositories implements AsyncDisposable {
  readonly #folder: string;
  readonly #url: string;
  readonly #stack: AsyncDisposableStack;
  #serial = 0;

  private constructor(options: { folder: string; url: string; stack: AsyncDisposableStack }) {
    this.#folder = options.folder;
    this.#url = options.url;
    this.#stack = options.stack;
  }

  /** Starts the server. */
  static async open(): Promise<HostileRepositories> {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await temporaryFolder());
    const { url } = stack.use(await serverProcess(folder));
    return new HostileRepositories({ folder, url, stack: stack.move() });
  }

  /** Makes the repository that a text names (`KIND/SEED`). */
  async made(text: string): Promise<ServedRepository> {
    const [name = "", seed = ""] = text.split("/");
    const kind = REPOSITORY_KINDS.find((one) => one === name);
    if (kind === undefined) throw new RangeError(`Cannot make a repository of ${text}`);
    const path = `r${this.#serial++}`;
    const folder = `${this.#folder}/${path}`;
    await makeRepository(folder, { kind, seed: Number(seed) });
    return {
      url: `${this.#url}/${path}`,
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
