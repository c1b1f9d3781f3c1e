/** Repositories of a gibibyte that gets no smaller by packing: the same bytes for the same chance. */
import type { TestRepository } from "../support/git_repository.ts";
import { mebibytesIn } from "./soak_samples.ts";

const MEBIBYTE = 1024 * 1024;

/** Of a gibibyte: one file, or very many. */
export interface LargeContent {
  readonly files: number;
  /** How many MiB each has. */
  readonly each: number;
  /** The folder that they lie in. */
  readonly folder: string;
}

/** Commits files of chance beside what is there, without a copy of them in the work tree. */
export async function commitLarge(
  { directory, git }: Pick<TestRepository, "directory" | "git">,
  { each, files, folder }: LargeContent,
  chance: () => number,
): Promise<void> {
  // Nothing is packed or compared that gets no smaller by that.
  for (const name of ["core.compression", "pack.window", "pack.depth"]) {
    await git("config", name, "0");
  }
  const child = new Deno.Command("git", {
    args: ["fast-import", "--quiet", "--force"],
    cwd: directory,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const text = (line: string) => writer.write(new TextEncoder().encode(line));
  const random = await randomPieces(chance);
  await text("commit refs/heads/main\ncommitter Ada Author <ada@example.org> 1700000000 +0000\n");
  await text("data 5\nLarge\nfrom refs/heads/main^0\n");
  for (let file = 0; file < files; file++) {
    await text(`M 100644 inline ${folder}/large-${file}.yaml\ndata ${each * MEBIBYTE}\n`);
    for (let piece = 0; piece < each; piece++) await writer.write(await random());
    await text("\n");
  }
  await writer.close();
  const { success, stderr } = await child.output();
  if (!success) throw new Error(`Cannot import: ${new TextDecoder().decode(stderr)}`);
}

/** Pieces of a mebibyte, as a stream cipher makes them. */
async function randomPieces(chance: () => number): Promise<() => Promise<Uint8Array>> {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(chance() * 256));
  const key = await crypto.subtle.importKey("raw", bytes, "AES-CTR", false, ["encrypt"]);
  const plain = new Uint8Array(MEBIBYTE);
  let count = 0;
  return async () => {
    const counter = new Uint8Array(16);
    new DataView(counter.buffer).setUint32(0, count++);
    return new Uint8Array(
      await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, plain),
    );
  };
}

const LOOK_EVERY_MS = 500;

/** Watches how much a folder takes of its disk. */
export class DiskUse {
  #most = 0;
  #isOver = false;
  readonly #looking: Promise<void>;

  constructor(folder: string) {
    this.#looking = (async () => {
      while (!this.#isOver) {
        this.#most = Math.max(this.#most, await mebibytesIn(folder));
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    })();
  }

  /** Watches no longer, and answers how many MiB it was at most. */
  async end(): Promise<number> {
    this.#isOver = true;
    await this.#looking;
    return Math.round(this.#most);
  }
}
