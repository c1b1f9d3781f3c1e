import { GIT_BUDGETS, Semaphore } from "#base";
import type { FetchCall, GitCall, ReadCall, Revision } from "./call.ts";
import { Clone, formatOf, type HashFormat, isCloneFault, removeFolder } from "./clone.ts";
import { isGitAbort } from "./command.ts";
import { compactedClone, FETCHED_REFS, KEEP_REFS } from "./compact.ts";
import {
  checkCommit,
  type Fetch,
  fetchContents,
  fetchObject,
  holdsObject,
  type WantedObject,
} from "./fetch.ts";
import { GitError } from "./git_error.ts";
import type { ResolvedRef } from "./references.ts";
import { placeText, type Remote } from "./remote.ts";
import {
  localRun,
  readEntries,
  type RevisionTree,
  revisionTree,
  type RunLocal,
} from "./revision_tree.ts";
import {
  openKeyring,
  type SignedObject,
  type Signer,
  type SignerKey,
  verifiedSigner,
  withKeyring,
} from "./signature.ts";
import type { Transport } from "./transport.ts";
import { remember } from "./remember.ts";
import { folderPath, treeEntries, type TreeEntry, type TreeFile, treeNodes } from "./tree.ts";

/** Whose repository it is, with the access of the moment. */
interface Asked {
  readonly remote: Remote;
}

/** What a {@linkcode Repository} needs. */
export interface RepositoryOptions {
  /** Where its clones are: this, with something added. */
  readonly directory: string;
  readonly transport: Transport;
  /** Limit for the contents that are read at once. */
  readonly contentBytesMax: number;
}

/** After this many fetches a clone is made anew of what is still wanted of it: packs would pile up for ever. */
const FETCHES_MAX = 100;
/** A revision that nobody asked for in this time is not wanted any longer, unless a sync keeps it. */
const WANTED_MS = 3_600_000;
/** Trees whose origin is remembered, and of those whose entries are. */
const TREES_MAX = 2_000;
const LISTINGS_MAX = 4;
/** Fetches that follow links: each may bring links to other folders. */
const ROUNDS_MAX = 40;
const LIST_BYTES_MAX = GIT_BUDGETS.listBytes;
/** For who never gives up. */
const NEVER = new AbortController().signal;

interface Origin {
  readonly resolved: ResolvedRef;
  readonly path: string;
}

/**
 * What this program has of one remote: revisions that were fetched, and their files.
 *
 * # Guarantees
 * One fetch at a time, as git's own locks fail instead of waiting; what was fetched is read at any time, without a word to
 * the remote. What was fetched in the last hour stays, and what a sync keeps; the rest goes now and then.
 */
export class Repository {
  readonly #options: RepositoryOptions;
  readonly #fetching = new Semaphore(1);
  #clone: Clone | undefined;
  /** Whether something in the clone could not be read: then it is made anew before the next fetch. */
  #isBroken = false;
  readonly #origins = new Map<string, Origin>();
  readonly #listings = new Map<string, readonly TreeEntry[]>();
  /** When commits and tags were asked for last. */
  readonly #wantedMs = new Map<string, number>();

  constructor(options: RepositoryOptions, clone?: Clone) {
    this.#options = options;
    this.#clone = clone;
  }

  /** Whether somebody fetches or reads. */
  get isBusy(): boolean {
    return this.#fetching.free === 0 || this.#clone?.isUsed === true;
  }

  /** Bytes on the disk. */
  async bytes(): Promise<number> {
    return await this.#clone?.bytes() ?? 0;
  }

  /** Forgets everything; what is being read stays on the disk until it was. */
  async drop(): Promise<void> {
    const clone = this.#clone;
    this.#clone = undefined;
    this.#origins.clear();
    this.#listings.clear();
    await clone?.retire();
  }

  /** A revision with the contents that will be read of it, fetched as far as they are not here. */
  async revision(resolved: ResolvedRef, call: FetchCall & Asked): Promise<Revision> {
    const where = { ...call, path: folderPath(call.path) };
    return this.#known(
      resolved,
      await this.#held(resolved, where) ??
        await this.#locked(call, () => this.#fetched(resolved, where)),
      where.path,
    );
  }

  /** All entries below a tree that was fetched. */
  async list(tree: string, call: GitCall & Asked): Promise<readonly TreeEntry[]> {
    const listed = this.#listings.get(tree);
    if (listed !== undefined) return listed;
    return await this.#reading(call, async (run) => {
      const origin = this.#origins.get(tree);
      if (origin === undefined) {
        const args = ["ls-tree", "-r", "-z", "--full-tree", tree];
        const listed = await run(args, { outputBytesMax: LIST_BYTES_MAX });
        return treeEntries(await treeNodes(listed));
      }
      const place = placeText(call.remote);
      return (await revisionTree(origin.resolved, { path: origin.path, place, run })).entries;
    });
  }

  /** The contents of entries of a tree that was fetched. */
  async read(call: ReadCall & Asked): Promise<TreeFile[]> {
    const files = call.entries.filter((entry) => entry.kind !== "submodule");
    if (files.length === 0) return [];
    const { contentBytesMax } = this.#options;
    const read = (run: RunLocal) => readEntries(run, files, contentBytesMax);
    return await this.#reading(call, read, `Cannot read the files of ${placeText(call.remote)}`);
  }

  /** Who signed a commit that was fetched, or the tag that led to it, which is fetched where it has to be. */
  async verify(
    call: GitCall & Asked & {
      readonly object: SignedObject;
      readonly keys: readonly SignerKey[];
    },
  ): Promise<Signer> {
    const { transport } = this.#options;
    const { object, remote } = call;
    const named = object.type === "tag" ? { fullName: `refs/tags/${object.name}` } : {};
    await this.#ensure({ hash: object.hash, ...named }, call);
    const what = object.type === "tag" ? `tag ${object.name}` : `commit ${object.hash}`;
    const action = `Cannot trust ${what} of ${placeText(remote)}`;
    const clone = this.#present(call);
    await using _use = clone.use();
    await using keyring = await openKeyring({ ...call, home: transport.home });
    const access = withKeyring(transport.local, keyring);
    const common = { ...transport.localCall(action, call), access };
    return await verifiedSigner(
      { object, action, keyring },
      (command) => clone.outcome({ ...common, ...command }),
    );
  }

  /** A commit as Git keeps it, fetched where it has to be. */
  async raw(commit: string, call: GitCall & Asked): Promise<Uint8Array> {
    await this.#ensure({ hash: commit }, call);
    return await this.#reading(call, (run) => run(["cat-file", "commit", commit]));
  }

  /**
   * Keeps commits that were fetched for a sync, and no others of it any longer.
   *
   * @returns those that are here
   */
  async keep(
    sync: string,
    commits: readonly string[],
    call: GitCall & Asked,
  ): Promise<string[]> {
    if (this.#clone === undefined) return [];
    return await this.#reading(call, async (run) => {
      const prefix = `${KEEP_REFS}${sync}/`;
      const listed = new TextDecoder().decode(
        await run(["for-each-ref", "--format=%(refname)", FETCHED_REFS, prefix]),
      );
      const names = new Set(listed.split("\n"));
      const kept = commits.filter((commit) =>
        names.has(`${FETCHED_REFS}${commit}`) || names.has(`${prefix}${commit}`)
      );
      const wanted = new Set(kept.map((commit) => `${prefix}${commit}`));
      const gone = [...names].filter((name) => name.startsWith(prefix) && !wanted.has(name));
      const missing = kept.filter((commit) => !names.has(`${prefix}${commit}`));
      const updates = [
        ...gone.map((name) => `delete ${name}\n`),
        ...missing.map((commit) => `update ${prefix}${commit} ${commit}\n`),
      ];
      if (updates.length > 0) await run(["update-ref", "--stdin"], { stdin: updates.join("") });
      return kept;
    });
  }

  #known(resolved: ResolvedRef, found: RevisionTree, path: string): Revision {
    const { entries, revision } = found;
    const { tree } = revision;
    if (tree !== undefined) {
      remember(this.#origins, [tree, { resolved, path }], TREES_MAX);
      remember(this.#listings, [tree, entries], LISTINGS_MAX);
    }
    return revision;
  }

  /** A revision of which everything is here. */
  async #held(
    resolved: ResolvedRef,
    where: FetchCall & Asked,
  ): Promise<RevisionTree | undefined> {
    const clone = this.#usable(formatOf(resolved.commit));
    if (clone === undefined) return undefined;
    await using _use = clone.use();
    try {
      if (!await holdsObject(this.#fetch(clone, where), resolved.commit)) return undefined;
      const found = await this.#look(clone, resolved, where);
      return found.missing.length === 0 ? found : undefined;
    } catch (error) {
      if (!isCloneFault(error) || isGitAbort(error, where.signal)) throw error;
      this.#isBroken = true;
      return undefined;
    }
  }

  /** Fetches what is not here; when the clone turns out to be broken, once more into a new one. */
  async #fetched(resolved: ResolvedRef, where: FetchCall & Asked): Promise<RevisionTree> {
    return await this.#repaired(formatOf(resolved.commit), where, async (clone) => {
      const fetch = this.#fetch(clone, where);
      await this.#object(fetch, { ...resolved, hash: resolved.commit });
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const found = await this.#look(clone, resolved, where).catch(async (error) => {
          await checkCommit(fetch, resolved);
          throw error;
        });
        if (found.missing.length === 0) return found;
        await fetchContents(fetch, { found, resolved });
        if (!found.hasLinks) return { ...found, missing: [] };
      }
      const message = `Cannot read ${where.path || "."} of ${
        placeText(where.remote)
      }: links lead on and on`;
      throw new GitError("too_large", message);
    });
  }

  /** Sees to it that a commit or a tag is here, without files. */
  async #ensure(wanted: WantedObject, call: GitCall & Asked): Promise<void> {
    const format = formatOf(wanted.hash);
    const clone = this.#usable(format);
    if (clone !== undefined) {
      await using _use = clone.use();
      if (await holdsObject(this.#fetch(clone, call), wanted.hash)) return;
    }
    await this.#locked(
      call,
      () => this.#repaired(format, call, (one) => this.#object(this.#fetch(one, call), wanted)),
    );
  }

  async #object(fetch: Fetch, wanted: WantedObject): Promise<void> {
    this.#wantedMs.set(wanted.hash, this.#options.transport.clock.monotonicMs());
    await fetchObject(fetch, wanted);
  }

  #fetch(clone: Clone, call: GitCall & Asked): Fetch {
    const { transport } = this.#options;
    const { remote } = call;
    const place = placeText(remote);
    return {
      remote,
      transport,
      clone,
      call,
      place,
      run: this.#run(clone, `Cannot fetch ${place}`, call),
    };
  }

  #look(clone: Clone, resolved: ResolvedRef, where: FetchCall & Asked): Promise<RevisionTree> {
    this.#wantedMs.set(resolved.commit, this.#options.transport.clock.monotonicMs());
    const place = placeText(where.remote);
    const run = this.#run(clone, `Cannot read ${place}`, where);
    return revisionTree(resolved, { ...where, place, run });
  }

  async #locked<T>({ signal = NEVER }: GitCall, work: () => Promise<T>): Promise<T> {
    return await this.#fetching.run(work, signal);
  }

  async #repaired<T>(
    format: HashFormat,
    call: GitCall & Asked,
    work: (clone: Clone) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#withClone(format, call, work);
    } catch (error) {
      if (!isCloneFault(error) || isGitAbort(error, call.signal)) throw error;
      this.#isBroken = true;
      return await this.#withClone(format, call, work);
    }
  }

  async #withClone<T>(
    format: HashFormat,
    call: GitCall & Asked,
    work: (clone: Clone) => Promise<T>,
  ): Promise<T> {
    const clone = await this.#prepared(format, call);
    await using _use = clone.use();
    return await work(clone);
  }

  /** The clone to fetch into: a new one when there is none, or none that is of use. */
  async #prepared(format: HashFormat, call: GitCall & Asked): Promise<Clone> {
    const old = this.#usable(format);
    if (old !== undefined && old.fetches < FETCHES_MAX) return old;
    const { directory, transport } = this.#options;
    const setup = {
      directory: `${directory}-${crypto.randomUUID().slice(0, 8)}.git`,
      home: transport.home,
      access: transport.local,
      call: transport.localCall(`Cannot prepare a clone of ${placeText(call.remote)}`, call),
    };
    const fresh = old === undefined
      ? await Clone.create(setup.directory, { ...setup, format })
      : await this.#compacted(old, setup);
    await fresh.finish();
    const retired = this.#clone;
    this.#clone = fresh;
    this.#isBroken = false;
    await retired?.retire();
    return fresh;
  }

  async #compacted(
    old: Clone,
    setup: Omit<Parameters<typeof compactedClone>[1], "wanted">,
  ): Promise<Clone> {
    const sinceMs = this.#options.transport.clock.monotonicMs() - WANTED_MS;
    for (const [hash, atMs] of this.#wantedMs) if (atMs < sinceMs) this.#wantedMs.delete(hash);
    const wanted = new Set(this.#wantedMs.keys());
    await using _use = old.use();
    try {
      return await compactedClone(old, { ...setup, wanted });
    } catch (error) {
      if (!isCloneFault(error) || isGitAbort(error, setup.call.signal)) throw error;
      // What cannot be copied cannot be read either.
      await removeFolder(setup.directory);
      return await Clone.create(setup.directory, { ...setup, format: old.format });
    }
  }

  #usable(format: HashFormat): Clone | undefined {
    return this.#isBroken || this.#clone?.format !== format ? undefined : this.#clone;
  }

  #present({ remote }: Asked): Clone {
    if (this.#clone !== undefined) return this.#clone;
    throw new GitError("failed", `Cannot read ${placeText(remote)}: it was not fetched`);
  }

  #run(clone: Clone, action: string, call: GitCall): RunLocal {
    const { transport } = this.#options;
    return localRun(clone, { ...transport.localCall(action, call), access: transport.local });
  }

  /** Reads what was fetched. Where that fails, the next fetch repairs it. */
  async #reading<T>(
    call: GitCall & Asked,
    work: (run: RunLocal) => Promise<T>,
    action = `Cannot read ${placeText(call.remote)}`,
  ): Promise<T> {
    const clone = this.#present(call);
    await using _use = clone.use();
    try {
      return await work(this.#run(clone, action, call));
    } catch (error) {
      if (isCloneFault(error) && !isGitAbort(error, call.signal)) this.#isBroken = true;
      throw error;
    }
  }
}
