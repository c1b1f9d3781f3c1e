/** Gives hostile inputs to the program's parts, and tells what becomes of them and of the event loop meanwhile. */
import { HostileRepositories } from "./repositories_served.ts";
import { HostilePorts } from "./requests.ts";
import { hostileInputs, type InputKind } from "./inputs.ts";
import { readingProcess, type ReadingReport } from "./reading_process.ts";

/** What became of a corpus. */
export interface CorpusReport extends ReadingReport {
  readonly inputs: number;
  /** By what was given: how many inputs, and what one took at most of the main thread. */
  readonly kinds: ReadonlyMap<InputKind, { readonly count: number; readonly longestMs: number }>;
}

/** Has so many inputs read, all YAML in the thread. Who makes them, serves them and calls is not in the process that reads. */
export async function readCorpus(seed: number, count: number): Promise<CorpusReport> {
  await using repositories = await HostileRepositories.open();
  await using reading = await readingProcess();
  await using ports = new HostilePorts(reading.ports);
  const kinds = new Map<InputKind, { count: number; longestMs: number }>();
  for (const input of hostileInputs(seed, count)) {
    if (input.kind === "request") await ports.say(input.text);
    await using place = input.kind === "repository"
      ? await repositories.made(input.text)
      : undefined;
    const tookMs = await reading.read(place === undefined ? input : { ...input, text: place.url });
    const known = kinds.get(input.kind) ?? { count: 0, longestMs: 0 };
    const longestMs = Math.max(known.longestMs, tookMs);
    kinds.set(input.kind, { count: known.count + 1, longestMs });
  }
  await ports[Symbol.asyncDispose]();
  return { inputs: count, kinds, ...await reading.end() };
}
