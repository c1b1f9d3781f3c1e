/** Git remotes in memory, behind the interface that the GitOps loop uses. */
import {
  folderPath,
  GitError,
  type GitRef,
  type GitSource,
  type ResolvedRef,
  type Revision,
  type TreeEntry,
  versionChoice,
} from "#git";

/** A commit of a fake repository. */
export interface FakeCommit {
  readonly hash: string;
  readonly parent: string | undefined;
  /** Texts by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly subject: string;
  readonly atMs: number;
  /** Name of the key that signed it. */
  readonly signer: string | undefined;
}

/** How a commit is made. */
export interface CommitOptions {
  readonly branch?: string;
  readonly subject?: string;
  readonly signer?: string;
}

/** One repository. */
export class FakeRepository {
  readonly url: string;
  readonly branches = new Map<string, string>();
  readonly tags = new Map<string, string>();
  readonly commits = new Map<string, FakeCommit>();
  /** Why nobody reaches it now. */
  trouble: GitError | undefined;
  readonly #git: FakeGit;

  constructor(url: string, git: FakeGit) {
    this.url = url;
    this.#git = git;
  }

  /** Writes files (`undefined` removes one) on top of a branch; answers the commit. */
  commit(
    files: Readonly<Record<string, string | undefined>>,
    { branch = "main", subject = "Change files", signer }: CommitOptions = {},
  ): string {
    const parent = this.branches.get(branch);
    const next = new Map(parent === undefined ? [] : this.commits.get(parent)?.files);
    for (const [path, text] of Object.entries(files)) {
      if (text === undefined) next.delete(path);
      else next.set(path, text);
    }
    const hash = this.#git.newHash();
    const commit = { hash, parent, files: next, subject, atMs: this.#git.nowMs(), signer };
    this.commits.set(hash, commit);
    this.branches.set(branch, hash);
    return hash;
  }

  /** Moves a branch to any commit: a force-push. */
  reset(hash: string, branch = "main"): void {
    this.branches.set(branch, hash);
  }

  /** Drops commits that no branch or tag leads to, as a server's clean-up does. */
  collectGarbage(): void {
    const kept = new Set<string>();
    for (const start of [...this.branches.values(), ...this.tags.values()]) {
      let hash: string | undefined = start;
      while (hash !== undefined && !kept.has(hash)) {
        kept.add(hash);
        hash = this.commits.get(hash)?.parent;
      }
    }
    for (const hash of [...this.commits.keys()]) if (!kept.has(hash)) this.commits.delete(hash);
  }
}

/** A commit that syncs need, whatever becomes of it at the remote. */
interface KeptCommit {
  readonly commit: FakeCommit;
  readonly syncs: Set<string>;
}

/** All remotes, and what was fetched of them. */
export class FakeGit {
  readonly nowMs: () => number;
  readonly repositories = new Map<string, FakeRepository>();
  readonly #trees = new Map<string, ReadonlyMap<string, string>>();
  readonly #treeNames = new Map<string, string>();
  /** Trees of folders that were asked for. */
  readonly #folders = new WeakMap<FakeCommit, Map<string, string | undefined>>();
  /** Commits by url and hash. */
  readonly #fetched = new Map<string, Map<string, FakeCommit>>();
  readonly #kept = new Map<string, Map<string, KeptCommit>>();
  #hashes = 0;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  repository(url: string): FakeRepository {
    const known = this.repositories.get(url) ?? new FakeRepository(url, this);
    this.repositories.set(url, known);
    return known;
  }

  newHash(): string {
    return (++this.#hashes).toString(16).padStart(40, "0");
  }

  /** What the GitOps loop asks. */
  source(): GitSource {
    return {
      resolveRef: async (remote, ref) => await this.#resolved(this.#reached(remote.url), ref),
      fetchRevision: async (remote, resolved, { path }) => {
        const kept = this.#kept.get(remote.url)?.get(resolved.commit);
        const commit = kept?.commit ?? this.#commit(this.#reached(remote.url), resolved.commit);
        const fetched = this.#fetched.get(remote.url) ?? new Map<string, FakeCommit>();
        this.#fetched.set(remote.url, fetched.set(commit.hash, commit));
        return await this.#revision(commit, resolved, path);
      },
      listTree: async (_remote, tree) => await this.#entries(tree),
      readFiles: async (_remote, { entries, tree }) => {
        const files = await this.#tree(tree);
        return entries.map((entry) => ({ ...entry, text: files.get(entry.path) ?? "" }));
      },
      verifySigner: async (remote, { keys, object }) => {
        const commit = await this.#reached(remote.url).commits.get(
          object.type === "commit" ? object.hash : object.commit,
        );
        const key = keys.find(({ text }) => text === commit?.signer);
        if (key !== undefined) return { key: key.name, name: key.text };
        throw new GitError("unverified", `Cannot trust commit ${object.hash}: it is not signed`);
      },
      descends: async (remote, { ancestor, commit }) =>
        await descends(this.#reached(remote.url), commit, ancestor),
      keep: async (remote, { commits, sync }) => {
        const all = this.#kept.get(remote.url) ?? new Map<string, KeptCommit>();
        this.#kept.set(remote.url, all);
        for (const { syncs } of all.values()) syncs.delete(sync);
        const fetched = await this.#fetched.get(remote.url);
        const here = commits.flatMap((hash) => fetched?.get(hash) ?? []);
        for (const commit of here) {
          const { syncs } = all.get(commit.hash) ?? { syncs: new Set<string>() };
          all.set(commit.hash, { commit, syncs: syncs.add(sync) });
        }
        for (const [hash, { syncs }] of all) if (syncs.size === 0) all.delete(hash);
        return here.map(({ hash }) => hash);
      },
      forget: async (remote) => {
        await this.#fetched.delete(remote.url);
        this.#kept.delete(remote.url);
      },
    };
  }

  #reached(url: string): FakeRepository {
    const repository = this.repositories.get(url);
    if (repository === undefined) {
      throw new GitError("not_found", `Cannot look at ${url}: repository not found or no access`);
    }
    if (repository.trouble !== undefined) throw repository.trouble;
    return repository;
  }

  async #resolved(repository: FakeRepository, ref: GitRef): Promise<ResolvedRef> {
    if (ref.commit !== undefined) return { commit: ref.commit, name: "commit" };
    const tag = ref.semver === undefined
      ? ref.tag
      : (await versionChoice([...repository.tags.keys()], ref.semver)).chosen;
    const name = tag ?? ref.branch ?? "main";
    const commit = ref.semver !== undefined || ref.tag !== undefined
      ? repository.tags.get(tag ?? "")
      : repository.branches.get(name);
    if (commit === undefined) {
      throw new GitError(
        "no_ref",
        `Cannot follow ${name} of ${repository.url}: it has no such ref`,
      );
    }
    return { commit, name };
  }

  #commit(repository: FakeRepository, hash: string): FakeCommit {
    const commit = repository.commits.get(hash);
    if (commit !== undefined) return commit;
    const cause = "the commit is not in the repository (anymore)";
    throw new GitError("no_ref", `Cannot fetch ${repository.url}: ${cause}`);
  }

  #revision(commit: FakeCommit, resolved: ResolvedRef, path: string): Revision {
    return {
      ...resolved,
      tree: this.#folder(commit, folderPath(path)),
      author: "Ada Author",
      subject: commit.subject,
      committedAtMs: commit.atMs,
    };
  }

  /** The tree of a folder of a commit; undefined where there is none. */
  #folder(commit: FakeCommit, folder: string): string | undefined {
    const known = this.#folders.get(commit) ?? new Map<string, string | undefined>();
    this.#folders.set(commit, known);
    if (known.has(folder)) return known.get(folder);
    const prefix = folder === "" ? "" : `${folder}/`;
    const files = [...commit.files].filter(([file]) => file.startsWith(prefix))
      .map(([file, text]) => [file.slice(prefix.length), text] as const)
      .sort(([a], [b]) => a < b ? -1 : 1);
    const tree = files.length === 0 ? undefined : this.#named(files);
    known.set(folder, tree);
    return tree;
  }

  #named(files: readonly (readonly [string, string])[]): string {
    const content = JSON.stringify(files);
    const name = this.#treeNames.get(content) ?? this.newHash();
    this.#treeNames.set(content, name);
    this.#trees.set(name, new Map(files));
    return name;
  }

  #tree(name: string): ReadonlyMap<string, string> {
    const files = this.#trees.get(name);
    if (files === undefined) {
      throw new GitError("failed", `Cannot list ${name}: it was not fetched`);
    }
    return files;
  }

  #entries(tree: string): TreeEntry[] {
    return [...this.#tree(tree).keys()].map((path) => ({
      path,
      kind: "file",
      blob: `${tree}${path}`,
    }));
  }
}

function descends(repository: FakeRepository, commit: string, ancestor: string): boolean {
  let hash: string | undefined = commit;
  while (hash !== undefined && hash !== ancestor) hash = repository.commits.get(hash)?.parent;
  return hash === ancestor;
}
