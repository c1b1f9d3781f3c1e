import { isGitAbort, runGit } from "./command.ts";
import type { Access } from "./environment.ts";
import { GitError } from "./git_error.ts";
import type { ResolvedRef } from "./references.ts";
import { placeText, type Remote } from "./remote.ts";
import type { GitCall, Revision } from "./source.ts";
import {
  openKeyring,
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
      if (!await this.#holds(run, resolved.commit)) await this.#fetch(run, resolved);
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
      return { commit: resolved.commit, name: resolved.name, tree, author, subject, committedAtMs };
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

  /** Who signed a commit that was fetched. */
  verify(
    remote: Remote,
    call: GitCall & { readonly commit: string; readonly keys: readonly SignerKey[] },
  ): Promise<Signer> {
    return this.#inLine({ remote, call }, async (run) => {
      const { home } = this.#options;
      await using keyring = await openKeyring({ ...call, home });
      const action = `Cannot trust commit ${call.commit} of ${placeText(remote)}`;
      return await verifiedSigner(
        { ...call, action, keyring },
        async (command) =>
          new TextDecoder().decode(
            await this.#bytes({ ...run, access: withKeyring(run.access, keyring) }, {
              action,
              ...command,
            }),
          ),
      );
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
    const url = run.remote.url.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    await Deno.writeTextFile(`${directory}/config`, configText(url));
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

  async #holds(run: Run, commit: string): Promise<boolean> {
    return (await this.#git(run, ["for-each-ref", "--count=1", keptRef(commit)])) !== "";
  }

  async #fetch(run: Run, resolved: ResolvedRef): Promise<void> {
    this.#fetches++;
    const { commit, fullName } = resolved;
    const kept = keptRef(commit);
    try {
      await this.#git(run, [
        ...FETCH,
        "--depth=1",
        "--filter=blob:none",
        "origin",
        `+${commit}:${kept}`,
      ]);
    } catch (error) {
      // A server that gives nothing by its hash: take what the name points to, if that is still it.
      const isRefused = error instanceof GitError && error.kind === "no_ref";
      if (!isRefused || fullName === undefined) throw error;
      const arrived = "refs/arrived";
      await this.#git(run, [
        ...FETCH,
        "--depth=1",
        "--filter=blob:none",
        "origin",
        `+${fullName}:${arrived}`,
      ]);
      const got = (await this.#git(run, ["rev-parse", `${arrived}^{commit}`])).trim();
      if (got !== commit) {
        throw new GitError(
          "moved",
          `Cannot fetch ${commit} of ${
            placeText(run.remote)
          }: ${resolved.name} moved on to ${got} meanwhile`,
        );
      }
      await this.#git(run, ["update-ref", kept, commit]);
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
    await this.#git(run, [...FETCH, ...flags, "origin", `+${from}:refs/arrived`]);
  }

  async #fetchBlobs(run: Run, blobs: readonly string[]): Promise<void> {
    this.#fetches++;
    await this.#bytes(run, {
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
    const { directory, home, limits } = this.#options;
    const { program = "git" } = command;
    return await runGit({
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
    });
  }
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

function configText(url: string): string {
  return [
    "[core]",
    "\trepositoryformatversion = 1",
    "\tbare = true",
    "[extensions]",
    "\tpartialClone = origin",
    '[remote "origin"]',
    `\turl = "${url}"`,
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
