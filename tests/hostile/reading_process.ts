/**
 * The parts of the program that read what is hostile, in a process of their own: what that takes of the main thread and of
 * memory is theirs, and nobody else's.
 */
import { systemClock } from "#base";
import { gitSource, ThreadedPrograms } from "#git";
import { ManifestReader } from "#manifests";
import { MEMORY_ENV, V8_FLAGS } from "../../scripts/compile.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { consume } from "./consume.ts";
import type { HostileInput } from "./inputs.ts";
import { type OpenPorts, openPorts } from "./ports.ts";
import { residentBytes } from "./processes.ts";
import { threadMs } from "./thread_time.ts";

/** What was seen of a process that read. */
export interface ReadingReport {
  /** How often everything else had a turn, and how long the main thread worked at most between two of them. */
  readonly turns: number;
  readonly blockedMs: number;
  readonly rssBytesMax: number;
  /** Requests that a port could not answer, from its log. */
  readonly failures: readonly string[];
}

/** A process that reads. Dispose it to end it. */
export interface ReadingProcess extends AsyncDisposable {
  readonly ports: OpenPorts["ports"];
  /** Has it read an input. @returns how long its main thread worked meanwhile, in milliseconds */
  read(input: HostileInput): Promise<number>;
  /** Ends it. @throws when it ended badly */
  end(): Promise<ReadingReport>;
}

/** Starts one. */
export async function readingProcess(): Promise<ReadingProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", V8_FLAGS, import.meta.filename ?? ""],
    env: MEMORY_ENV,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = linesOf(child.stdout)[Symbol.asyncIterator]();
  const heard = async <T>(): Promise<T> => {
    const { done, value } = await lines.next();
    if (done) throw new Error("Cannot go on reading: the process ended");
    return JSON.parse(value) as T;
  };
  const ports = await heard<OpenPorts["ports"]>();
  let isEnded = false;
  const close = async () => {
    if (!isEnded) await writer.close();
    isEnded = true;
  };
  return {
    ports,
    read: async (input) => {
      await writer.write(new TextEncoder().encode(`${JSON.stringify(input)}\n`));
      return await heard<number>();
    },
    end: async () => {
      await close();
      return await heard<ReadingReport>();
    },
    [Symbol.asyncDispose]: async () => {
      await close();
      // What it still says is of no interest.
      while (!(await lines.next()).done);
      await child.status;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Watches the main thread until it is stopped. */
function watch() {
  let [turns, blockedMs, rssBytesMax, isDone] = [0, 0, 0, false];
  const beat = async () => {
    while (!isDone) {
      const beforeMs = threadMs();
      // A turn of its own: those of the clock are for one at a time of all who work for long.
      await new Promise((resolve) => setTimeout(resolve, 0));
      blockedMs = Math.max(blockedMs, threadMs() - beforeMs);
      if (++turns % 50 === 0) rssBytesMax = Math.max(rssBytesMax, await residentBytes(Deno.pid));
    }
  };
  const beating = beat();
  return async () => {
    isDone = true;
    await beating;
    return { turns, blockedMs, rssBytesMax };
  };
}

async function main(): Promise<void> {
  const say = async (value: unknown) => {
    const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    for (let sent = 0; sent < bytes.length;) {
      sent += await Deno.stdout.write(bytes.subarray(sent));
    }
  };
  await using folder = await temporaryFolder();
  using reader = new ManifestReader({
    clock: systemClock,
    limits: { readingInPlaceBytes: -1 },
  });
  await using open = await openPorts();
  await using programs = new ThreadedPrograms({ clock: systemClock });
  const source = gitSource({ cacheDirectory: `${folder.path}/cache`, programs });
  const readers = { reader, source };
  await say(open.ports);
  const stop = watch();
  for await (const line of linesOf(Deno.stdin.readable)) {
    const startMs = threadMs();
    await consume(JSON.parse(line) as HostileInput, readers);
    await say(threadMs() - startMs);
  }
  const seen = await stop();
  // A request that makes an answer fail is a bug.
  const failures = open.log.filter((text) => text.includes("Cannot answer a request"));
  await say({ ...seen, failures } satisfies ReadingReport);
}

if (import.meta.main) await main();
