/** What a machine lends a process, and takes away: memory by a control group, room on a disk by a small file system. */
import { isThere, ran } from "../support/programs.ts";
import { CannotTry } from "./guarantee.ts";

/** @throws {CannotTry} where this is not root on Linux */
export function wantRoot(): void {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    throw new CannotTry("as it takes root on Linux");
  }
}

const GROUPS = "/sys/fs/cgroup";
const MEBIBYTE = 1024 * 1024;

/** A group of processes whose memory the kernel bounds, by either version of control groups. */
export class MemoryGroup implements AsyncDisposable {
  readonly #path: string;
  readonly #files: { readonly limit: string; readonly usage: string; readonly none: string };

  private constructor(path: string, isFirstVersion: boolean) {
    this.#path = path;
    this.#files = isFirstVersion
      ? { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", none: "-1" }
      : { limit: "memory.max", usage: "memory.current", none: "max" };
  }

  /** @throws {CannotTry} where the machine has no such groups */
  static async open(): Promise<MemoryGroup> {
    const isFirstVersion = await isThere(`${GROUPS}/memory/memory.limit_in_bytes`);
    const parent = isFirstVersion ? `${GROUPS}/memory` : GROUPS;
    const path = `${parent}/meshwright-chaos-${crypto.randomUUID().slice(0, 8)}`;
    try {
      await Deno.mkdir(path);
      const group = new MemoryGroup(path, isFirstVersion);
      await group.unlimit();
      // What is bounded must not go to the disk instead: a pod's does not.
      const swap = isFirstVersion ? "memory.swappiness" : "memory.swap.max";
      if (await isThere(`${path}/${swap}`)) await group.#write(swap, "0");
      return group;
    } catch (error) {
      throw new CannotTry("as memory cannot be bounded by a control group", { cause: error });
    }
  }

  /** Starts a command in the group. */
  get wrapper(): readonly string[] {
    return ["sh", "-c", `echo $$ > ${this.#path}/cgroup.procs && exec "$@"`, "sh"];
  }

  /** From now on the group may take a mebibyte more than it has. */
  async limitToUsage(): Promise<void> {
    const used = Number(await Deno.readTextFile(`${this.#path}/${this.#files.usage}`));
    await this.limit(used + MEBIBYTE);
  }

  /** From now on the group may take so many bytes. */
  async limit(bytes: number): Promise<void> {
    await this.#write(this.#files.limit, String(bytes));
  }

  async unlimit(): Promise<void> {
    await this.#write(this.#files.limit, this.#files.none);
  }

  async #write(file: string, text: string): Promise<void> {
    // As it is there already: nothing may be truncated or made.
    await Deno.writeTextFile(`${this.#path}/${file}`, text, { create: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#path);
  }
}

/** A file system in memory of a size that can be used up. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts one of a size, as `mount` takes it. */
  static async mount(path: string, size: string): Promise<SmallDisk> {
    await Deno.mkdir(path);
    await ran("mount", ["-t", "tmpfs", "-o", `size=${size}`, "meshwright-chaos", path]);
    return new SmallDisk(path);
  }

  /** Takes all the room that is left. */
  async fill(): Promise<void> {
    using file = await Deno.open(`${this.path}/filler`, { write: true, create: true });
    const chunk = new Uint8Array(4_096);
    try {
      while (true) await file.write(chunk);
    } catch (error) {
      if (!(error instanceof Error) || !/No space left/.test(error.message)) throw error;
    }
  }

  async free(): Promise<void> {
    await Deno.remove(`${this.path}/filler`);
  }

  async unmount(): Promise<void> {
    await ran("umount", ["--lazy", this.path]);
  }
}
