import { createHash } from "node:crypto";
import { Clone, removeFolder } from "./clone.ts";
import type { Remote } from "./remote.ts";
import { Repository } from "./repository.ts";
import type { Transport } from "./transport.ts";

/** How much may stay on the disk. */
export interface ClonesOptions {
  /** A folder that only this program uses. */
  readonly directory: string;
  readonly transport: Transport;
  /** Limit for the contents that are read at once. */
  readonly contentBytesMax: number;
  /** Remotes of which something stays. */
  readonly clonesMax: number;
  /** Bytes of all of them. */
  readonly bytesMax: number;
}

/**
 * What this program has of remotes, on the disk and in memory.
 *
 * # Guarantees
 * So many remotes at most, and so many bytes: the ones that were used least recently go, but none that is in use.
 */
export class Clones {
  readonly #options: ClonesOptions;
  /** By key, in the order of their last use. */
  readonly #repositories = new Map<string, Repository>();
  readonly #bytes = new Map<string, number>();
  #adopting: Promise<void> | undefined;

  constructor(options: ClonesOptions) {
    this.#options = options;
  }

  /** What is here of a remote. */
  async repository(remote: Remote): Promise<Repository> {
    await this.#adopted();
    const key = keyOf(remote);
    const repository = this.#repositories.get(key) ?? this.#new(key);
    this.#repositories.delete(key);
    this.#repositories.set(key, repository);
    return repository;
  }

  /** Removes all that is here of a remote. */
  async forget(remote: Remote): Promise<void> {
    await this.#adopted();
    await this.#drop(keyOf(remote));
  }

  /** Removes what was not used for long, as far as there is too much. */
  async trim(used: Remote): Promise<void> {
    const { bytesMax, clonesMax } = this.#options;
    const own = keyOf(used);
    this.#bytes.set(own, await this.#repositories.get(own)?.bytes() ?? 0);
    for (const [key, repository] of this.#repositories) {
      const bytes = [...this.#bytes.values()].reduce((sum, one) => sum + one, 0);
      if (this.#repositories.size <= clonesMax && bytes <= bytesMax) return;
      if (key !== own && !repository.isBusy) await this.#drop(key);
    }
  }

  async #drop(key: string): Promise<void> {
    const repository = this.#repositories.get(key);
    this.#repositories.delete(key);
    this.#bytes.delete(key);
    await repository?.drop();
  }

  #new(key: string, clone?: Clone): Repository {
    const { contentBytesMax, directory, transport } = this.#options;
    return new Repository({ directory: `${directory}/${key}`, contentBytesMax, transport }, clone);
  }

  /** Once: takes in what an earlier program left, and removes what that did not finish. */
  async #adopted(): Promise<void> {
    this.#adopting ??= this.#adopt();
    try {
      await this.#adopting;
    } catch (error) {
      this.#adopting = undefined;
      throw error;
    }
  }

  async #adopt(): Promise<void> {
    const { directory, transport } = this.#options;
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    const left: { readonly name: string; readonly clone: Clone; readonly atMs: number }[] = [];
    for await (const { name } of Deno.readDir(directory)) {
      if (!name.endsWith(".git")) continue;
      const path = `${directory}/${name}`;
      const clone = await Clone.found(path, transport.home);
      if (clone === undefined) await removeFolder(path);
      else left.push({ name, clone, atMs: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
    }
    for (const { clone, name } of left.sort((a, b) => a.atMs - b.atMs)) {
      const key = name.slice(0, KEY_LENGTH);
      await this.#drop(key);
      const repository = this.#new(key, clone);
      this.#repositories.set(key, repository);
      this.#bytes.set(key, await repository.bytes());
    }
  }
}

const KEY_LENGTH = 32;

/** What one account fetched is not shown to another. */
function keyOf({ account = "", url }: Remote): string {
  const hash = createHash("sha256").update(`${account}\n${url}`).digest("hex");
  return hash.slice(0, KEY_LENGTH);
}
