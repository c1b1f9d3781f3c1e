import { type GitCommand, gitOutcome, isGitAbort, runGit } from "./command.ts";
import type { Access } from "./environment.ts";
import { GitError } from "./git_error.ts";
import type { Lanes } from "./lanes.ts";
import type { ResolvedRef } from "./references.ts";
import { placeText, type Remote } from "./remote.ts";
import type { GitCall, Revision } from "./source.ts";
import {
  openKeyring,
  type SignedObject,
  type Signer,
  type SignerKey,
  verifiedSigner,
  withKeyring,
} from "./signature.ts";
import { batchContents, folderPath, treeEntries, type TreeEntry, type TreeFile } from "./tree.ts";

/** What a {@linkcode Repository} needs. */
export interface RepositoryOptions {
  readonly directory: string;
  readonly home: string;
  readonly limits: { readonly timeoutMs: number; readonly bytesMax: number };
  /** Who talks to remotes at the same time. */
  readonly lanes: Lanes;
  open(remote: Remote): Promise<Access>;
}

/** After this many fetches the cache is made anew: without it, packs would pile up for ever. */
const FETCHES_MAX = 100;
const LIST_BYTES_MAX = 64 * 1024 * 1024;
const SMALL_BYTES_MAX = 1024 * 1024;

interface Run {
  readonly remote: Remote;
  readonly access: Access;
  readonly call: GitCall;
}

/**
 * The bare cache of one remote: shallow, without file contents until they are asked for, without a work tree (so that
 * links and submodules are seen for what they are, and nothing of a repository is ever put on the disk as a file).
 */
export class Repository {
  readonly #options: RepositoryOptions;
  #line: Promise<unknown> = Promise.resolve();
  #fetches = 0;
  /** Trees and where they came from. */
  readonly #origins = new Map<string, ResolvedRef>();

  constructor(options: RepositoryOptions) {
    this.#options = options;
  }

  /** A revision, fetched when the cache does not hold it. */
  revision(
    remote: Remote,
    resolved: ResolvedRef,
    call: GitCall & { readonly path: string },
  ): Promise<Revision> {
    const path = folderPath(call.path);
    return this.#inLine({ remote, call }, async (run) => {
      await this.#fetch(run, { ...resolved, hash: resolved.commit });
      const about = await this.#git(run, [
        "log",
        "-1",
        "--format=%T%x00%an%x00%s%x00%ct",
        resolved.commit,
        "--",
      ]);
      const [root = "", author = "", subject = "", seconds = "0"] = about.trimEnd().split("\0");
      const tree = path === "" ? root : await this.#subtree(run, { root, path });
      if (tree !== undefined) this.#origins.set(tree, resolved);
      const committedAtMs = Number(seconds) * 1000;
      const { commit, name, tagObject } = resolved;
      const base = tagObject === undefined ? { commit, name } : { commit, name, tagObject };
      return { ...base, tree, author, subject, committedAtMs };
    });
  }

  /** All entries below a tree. */
  list(remote: Remote, tree: string, call: GitCall): Promise<TreeEntry[]> {
    return this.#inLine(
      { remote, call },
      async (run) =>
        treeEntries(await this.#bytes(run, { args: ["ls-tree", "-r", "-z", "--full-tree", tree] })),
    );
  }

  /** The contents of entries of a tree. */
  read(
    remote: Remote,
    call: GitCall & { readonly tree: string; readonly entries: readonly TreeEntry[] },
  ): Promise<TreeFile[]> {
    const files = call.entries.filter((entry) => entry.kind !== "submodule");
    if (files.length === 0) return Promise.resolve([]);
    return this.#inLine({ remote, call }, async (run) => {
      const blobs = [...new Set(files.map((file) => file.blob))].sort();
      await this.#provide(run, { tree: call.tree, blobs });
      const contents = batchContents(
        await this.#bytes(run, {
          args: ["cat-file", "--batch"],
          stdin: `${blobs.join("\n")}\n`,
          outputBytesMax: this.#options.limits.bytesMax,
          action: `Cannot read the files of ${placeText(remote)}`,
        }),
      );
      return files.map((file) => ({ ...file, text: contents.get(file.blob) ?? "" }));
    });
  }

  /** Who signed a commit that was fetched, or the tag that led to it, which is fetched where it has to be. */
  verify(
    remote: Remote,
    call: GitCall & { readonly object: SignedObject; readonly keys: readonly SignerKey[] },
  ): Promise<Signer> {
    const { object } = call;
    return this.#inLine({ remote, call }, async (run) => {
      const { home } = this.#options;
      if (object.type === "tag") {
        const { hash, name } = object;
        await this.#fetch(run, { hash, name, fullName: `refs/tags/${name}` });
      }
      await using keyring = await openKeyring({ ...call, home });
      const what = object.type === "tag" ? `tag ${object.name}` : `commit ${object.hash}`;
      const action = `Cannot trust ${what} of ${placeText(remote)}`;
      const trusting = { ...run, access: withKeyring(run.access, keyring) };
      return await verifiedSigner(
        { object, action, keyring },
        (command) => gitOutcome(this.#command(trusting, { action, ...command })),
      );
    });
  }

  /** A commit as Git keeps it, fetched where it has to be. */
  raw(remote: Remote, commit: string, call: GitCall): Promise<string> {
    return this.#inLine({ remote, call }, async (run) => {
      await this.#fetch(run, { hash: commit, name: "commit" });
      return await this.#git(run, ["cat-file", "commit", commit]);
    });
  }

  /** One after the other: git's own locks fail instead of waiting. */
  #inLine<T>(
    what: { readonly remote: Remote; readonly call: GitCall },
    work: (run: Run) => Promise<T>,
  ): Promise<T> {
    const turn = this.#line.then(async () => {
      what.call.signal?.throwIfAborted();
      await using access = await this.#options.open(what.remote);
      return await this.#repaired({ ...what, access }, work);
    });
    // The next in line does not care how this one ended; its own caller is told.
    this.#line = turn.catch(() => undefined);
    return turn;
  }

  /** Does the work; when the cache is broken, once more with a new one. */
  async #repaired<T>(run: Run, work: (run: Run) => Promise<T>): Promise<T> {
    try {
      await this.#prepare(run);
      return await work(run);
    } catch (error) {
      const isOurFault = error instanceof GitError && error.kind === "failed";
      if (!isOurFault || isGitAbort(error, run.call.signal)) throw error;
      await this.#reset();
      await this.#prepare(run);
      return await work(run);
    }
  }

  async #prepare(run: Run): Promise<void> {
    if (this.#fetches >= FETCHES_MAX) await this.#reset();
    const { directory } = this.#options;
    const ready = `${directory}/ready`;
    if (await exists(ready)) return;
    await this.#remove();
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    await this.#git(run, ["init", "--quiet", "--bare", "--initial-branch=none", "--template="]);
    await Deno.writeTextFile(`${directory}/config`, configText(run.remote.url));
    // Last: its presence says that all before it happened.
    await Deno.writeTextFile(ready, `${placeText(run.remote)}\n`);
  }

  async #reset(): Promise<void> {
    this.#fetches = 0;
    this.#origins.clear();
    await this.#remove();
  }

  async #remove(): Promise<void> {
    try {
      await Deno.remove(this.#options.directory, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #holds(run: Run, hash: string): Promise<boolean> {
    return (await this.#git(run, ["for-each-ref", "--count=1", keptRef(hash)])) !== "";
  }

  /** Fetches a commit or a tag, unless the cache holds it. */
  async #fetch(run: Run, wanted: Wanted): Promise<void> {
    const { hash, fullName } = wanted;
    if (await this.#holds(run, hash)) return;
    this.#fetches++;
    const kept = keptRef(hash);
    const flags = ["--depth=1", "--filter=blob:none", "origin"];
    try {
      await this.#talk(run, { args: [...FETCH, ...flags, `+${hash}:${kept}`] });
    } catch (error) {
      // A server that gives nothing by its hash: take what the name points to, if that is still it.
      const isRefused = error instanceof GitError && error.kind === "no_ref";
      if (!isRefused || fullName === undefined) throw error;
      const arrived = "refs/arrived";
      await this.#talk(run, { args: [...FETCH, ...flags, `+${fullName}:${arrived}`] });
      const found = await this.#git(run, ["rev-parse", arrived, `${arrived}^{commit}`]);
      const [tip = "", got = ""] = found.trim().split("\n");
      if (tip !== hash && got !== hash) {
        throw new GitError(
          "moved",
          `Cannot fetch ${hash} of ${
            placeText(run.remote)
          }: ${wanted.name} moved on to ${got} meanwhile`,
        );
      }
      await this.#git(run, ["update-ref", kept, hash]);
    }
  }

  /** The tree of a folder; undefined when it is not there. */
  async #subtree(
    run: Run,
    at: { readonly root: string; readonly path: string },
  ): Promise<string | undefined> {
    const line =
      (await this.#git(run, ["ls-tree", "-z", "--full-tree", at.root, at.path])).split("\0")[0] ??
        "";
    if (line === "") return undefined;
    const [mode, type, hash] = line.split(/[ \t]/);
    if (type === "tree") return hash;
    const what = mode === "120000"
      ? "a symbolic link"
      : type === "commit"
      ? "a submodule"
      : "a file";
    throw new GitError(
      "no_path",
      `Cannot read path ${at.path} of ${placeText(run.remote)}: it is ${what}, not a folder`,
    );
  }

  /** Contents of a tree that the cache does not hold. */
  async #missing(run: Run, tree: string): Promise<ReadonlySet<string>> {
    const listed = await this.#git(run, [
      "rev-list",
      "--objects",
      "--missing=print",
      "--no-object-names",
      tree,
    ], LIST_BYTES_MAX);
    const lines = listed.split("\n").filter((line) => line.startsWith("?"));
    return new Set(lines.map((line) => line.slice(1)));
  }

  /** Makes sure that the cache holds contents. */
  async #provide(
    run: Run,
    { tree, blobs }: { readonly tree: string; readonly blobs: readonly string[] },
  ): Promise<void> {
    const missing = await this.#missing(run, tree);
    const wanted = blobs.filter((blob) => missing.has(blob));
    if (wanted.length === 0) return;
    try {
      await this.#fetchBlobs(run, wanted);
    } catch (error) {
      // A server of before protocol 2, or an sshd that does not pass the version on, gives no single contents.
      const isRefused = error instanceof GitError && error.kind === "no_ref";
      const origin = this.#origins.get(tree);
      if (!isRefused || origin === undefined) throw error;
      await this.#fetchWhole(run, origin);
      const still = await this.#missing(run, tree);
      if (!wanted.some((blob) => still.has(blob))) return;
      const place = placeText(run.remote);
      const message =
        `Cannot fetch the files of ${origin.commit} of ${place}: ${origin.name} moved`;
      throw new GitError("moved", message, { cause: error });
    }
  }

  async #fetchWhole(run: Run, origin: ResolvedRef): Promise<void> {
    this.#fetches++;
    const from = origin.fullName ?? origin.commit;
    const flags = ["--refetch", "--no-filter", "--depth=1"];
    await this.#talk(run, { args: [...FETCH, ...flags, "origin", `+${from}:refs/arrived`] });
  }

  async #fetchBlobs(run: Run, blobs: readonly string[]): Promise<void> {
    this.#fetches++;
    await this.#talk(run, {
      args: [
        "-c",
        "fetch.negotiationAlgorithm=noop",
        ...FETCH,
        "--filter=blob:none",
        "--stdin",
        "origin",
      ],
      stdin: `${blobs.join("\n")}\n`,
    });
  }

  async #git(run: Run, args: readonly string[], outputBytesMax = SMALL_BYTES_MAX): Promise<string> {
    return new TextDecoder().decode(await this.#bytes(run, { args, outputBytesMax }));
  }

  async #bytes(run: Run, command: RepositoryCommand): Promise<Uint8Array> {
    return await runGit(this.#command(run, command));
  }

  /** Runs a command that talks to the remote. */
  async #talk(run: Run, command: RepositoryCommand): Promise<void> {
    const { signal } = run.call;
    await this.#options.lanes.take(() => this.#bytes(run, command), {
      place: run.remote.url,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #command(run: Run, command: RepositoryCommand): GitCommand {
    const { directory, home, limits } = this.#options;
    const { program = "git" } = command;
    return {
      program,
      env: run.access.env,
      config: run.access.config,
      secrets: run.access.secrets,
      action: command.action ?? `Cannot fetch ${placeText(run.remote)}`,
      args: program === "git" ? [`--git-dir=${directory}`, ...command.args] : command.args,
      directory: home,
      timeoutMs: run.call.timeoutMs ?? limits.timeoutMs,
      outputBytesMax: command.outputBytesMax ?? LIST_BYTES_MAX,
      ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
      ...(run.call.signal === undefined ? {} : { signal: run.call.signal }),
    };
  }
}

/** A commit or a tag to fetch. */
interface Wanted {
  readonly hash: string;
  readonly name: string;
  readonly fullName?: string;
}

interface RepositoryCommand {
  readonly program?: "git" | "gpg";
  readonly args: readonly string[];
  readonly action?: string;
  readonly stdin?: string;
  readonly outputBytesMax?: number;
}

const FETCH = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"] as const;

/** A ref keeps a commit from being thought of as garbage, and says that it was fetched completely. */
function keptRef(commit: string): string {
  return `refs/kept/${commit}`;
}

/** The settings of a repository whose missing objects are at its remote. */
export function configText(url: string): string {
  return [
    "[core]",
    "\trepositoryformatversion = 1",
    "\tbare = true",
    "[extensions]",
    "\tpartialClone = origin",
    '[remote "origin"]',
    `\turl = "${url.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`,
    "\tpromisor = true",
    "\tpartialclonefilter = blob:none",
    "",
  ].join("\n");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
