import { GitError } from "./git_error.ts";
import { type GitCommand, gitOutcome, runGit } from "./command.ts";
import type { LocalAccess } from "./environment.ts";

/** How a repository names its objects. */
export type HashFormat = "sha1" | "sha256";

/** The format of a full hash. */
export function formatOf(hash: string): HashFormat {
  return hash.length === 64 ? "sha256" : "sha1";
}

/** A command in a clone. */
export interface CloneCommand extends
  Pick<
    GitCommand,
    "action" | "args" | "begin" | "clock" | "signal" | "timeoutMs" | "url"
  > {
  readonly program?: "git" | "gpg";
  readonly access: LocalAccess;
  readonly stdin?: string | Uint8Array;
  readonly outputBytesMax?: number;
}

const OUTPUT_BYTES_MAX = 1024 * 1024;
/** The file that says that a clone was made completely. */
const READY = "ready";

/**
 * A bare repository on the disk: shallow, without contents that nobody asked for, without a work tree (so that links and
 * submodules are seen for what they are, and nothing of a repository is ever put on the disk as a file).
 *
 * # Guarantees
 * Who uses it keeps it: it is removed when it is retired and nobody uses it (anymore).
 */
export class Clone {
  readonly directory: string;
  readonly format: HashFormat;
  /** How often something was fetched into it: each time leaves a pack. */
  fetches = 0;
  readonly #home: string;
  #users = 0;
  #isRetired = false;
  #removal: Promise<void> | undefined;

  private constructor(directory: string, { format, home }: CloneOptions) {
    this.directory = directory;
    this.format = format;
    this.#home = home;
  }

  /** Makes an empty one. */
  static async create(directory: string, options: CloneOptions & CloneSetup): Promise<Clone> {
    const clone = new Clone(directory, options);
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    const flags = ["--quiet", "--bare", "--initial-branch=none", "--template="];
    const { access, call } = options;
    await clone.run({
      ...call,
      access,
      args: ["init", ...flags, `--object-format=${clone.format}`],
    });
    await Deno.writeTextFile(`${directory}/config`, configText(clone.format));
    return clone;
  }

  /** The one that an earlier program left there; undefined when it was not finished. */
  static async found(directory: string, home: string): Promise<Clone | undefined> {
    try {
      const text = (await Deno.readTextFile(`${directory}/${READY}`)).trim();
      if (text !== "sha1" && text !== "sha256") return undefined;
      return new Clone(directory, { format: text, home });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Says that everything is in it that has to be. */
  async finish(): Promise<void> {
    await Deno.writeTextFile(`${this.directory}/${READY}`, `${this.format}\n`);
  }

  /** Keeps it on the disk until the answer is disposed of. */
  use(): AsyncDisposable {
    this.#users++;
    let isUsed = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (isUsed) this.#users--;
        isUsed = false;
        if (this.#isRetired && this.#users === 0) await this.#remove();
      },
    };
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** Removes it as soon as nobody uses it. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    if (this.#users === 0) await this.#remove();
  }

  /** Bytes of its packs. */
  async bytes(): Promise<number> {
    return await folderBytes(`${this.directory}/objects/pack`);
  }

  /**
   * Deletes what came of packs that never came to their end: a fetch that is ended, or dies with its process, leaves it.
   * Nobody may be fetching.
   */
  async dropUnfinished(): Promise<void> {
    const folder = `${this.directory}/objects/pack`;
    for (const name of await namesIn(folder)) {
      if (name.startsWith("tmp_")) await Deno.remove(`${folder}/${name}`);
    }
  }

  /** Runs a command in it and answers what that wrote. */
  async run(command: CloneCommand): Promise<Uint8Array> {
    return await runGit(this.#command(command));
  }

  /** The same as a text. */
  async text(command: CloneCommand): Promise<string> {
    return new TextDecoder().decode(await this.run(command));
  }

  /** Runs a command that says with its exit code what it found out. */
  outcome(command: CloneCommand): ReturnType<typeof gitOutcome> {
    return gitOutcome(this.#command(command));
  }

  #command({ access, program = "git", ...command }: CloneCommand): GitCommand {
    return {
      outputBytesMax: OUTPUT_BYTES_MAX,
      ...command,
      program,
      env: access.env,
      config: access.config,
      secrets: access.secrets,
      args: program === "git" ? [`--git-dir=${this.directory}`, ...command.args] : command.args,
      directory: this.#home,
    };
  }

  async #remove(): Promise<void> {
    await (this.#removal ??= removeFolder(this.directory));
  }
}

interface CloneOptions {
  readonly format: HashFormat;
  /** A folder that only this program uses. */
  readonly home: string;
}

interface CloneSetup {
  readonly access: CloneCommand["access"];
  readonly call: Pick<CloneCommand, "action" | "begin" | "clock" | "signal" | "timeoutMs">;
}

/**
 * The settings of a repository whose missing objects are at its remote. The remote's address is not among them: only
 * commands that are to ask it are told.
 */
function configText(format: HashFormat): string {
  return [
    "[core]",
    "\trepositoryformatversion = 1",
    "\tbare = true",
    "[extensions]",
    ...(format === "sha256" ? ["\tobjectFormat = sha256"] : []),
    "\tpartialClone = origin",
    '[remote "origin"]',
    "\tpromisor = true",
    "\tpartialclonefilter = blob:none",
    "",
  ].join("\n");
}

/** Bytes of the files in a folder; 0 when it is not there. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  // A pack that is being written gets another name meanwhile.
  for (const name of await namesIn(folder)) bytes += await fileBytes(`${folder}/${name}`);
  return bytes;
}

/** What is in a folder; nothing when it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function fileBytes(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Removes a folder with all that is in it, if it is there. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A broken clone, as opposed to a remote that refuses. */
export function isCloneFault(error: unknown): boolean {
  return error instanceof GitError && error.kind === "failed";
}
