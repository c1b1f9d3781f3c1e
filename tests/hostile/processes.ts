/** What processes take of the processors, as Linux tells. */

/** Of a process, and of what it started and has ended. */
export interface ProcessorTime {
  readonly ownMs: number;
  readonly childrenMs: number;
}

/** Ticks of the clock of `/proc` in a second: a constant of Linux. */
const TICKS = 100;

/** What a process took so far. */
export async function processorTime(id: number): Promise<ProcessorTime> {
  const text = await Deno.readTextFile(`/proc/${id}/stat`);
  // The name of the program stands in brackets, and may hold what it likes.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const [user = 0, system = 0, usersOfChildren = 0, systemOfChildren = 0] = fields.slice(11, 15);
  const ms = (ticks: number) => ticks * 1000 / TICKS;
  return { ownMs: ms(user + system), childrenMs: ms(usersOfChildren + systemOfChildren) };
}

/** How long the first thread of a process ran so far, and how long it wanted to and others did. */
export async function mainThreadMs(
  id: number,
): Promise<{ readonly ranMs: number; readonly waitedMs: number }> {
  const text = await Deno.readTextFile(`/proc/${id}/task/${id}/schedstat`);
  const [ran = 0, waited = 0] = text.trim().split(" ").map((one) => Number(one) / 1e6);
  return { ranMs: ran, waitedMs: waited };
}

/** Memory that a process has at the moment. */
export async function residentBytes(id: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${id}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

const GROUPS = "/sys/fs/cgroup/cpu";

/** Processes that share the processors with others as one, as those of a pod do. Dispose it when they have ended. */
export interface ProcessorGroup extends AsyncDisposable {
  /** Takes a process in; what that starts from now on is in it, too. */
  add(id: number): Promise<void>;
}

/**
 * A group of its own: outside of one, Linux counts each process that leads a session (as each git of the program does) as much
 * as the program with all that it started, whatever its priority. Undefined where the system has no such groups for us.
 */
export async function processorGroup(
  name: string,
  weight: number,
): Promise<ProcessorGroup | undefined> {
  const folder = `${GROUPS}/${name}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/cpu.shares`, String(weight));
  } catch (error) {
    const kinds = [Deno.errors.NotFound, Deno.errors.PermissionDenied, Deno.errors.NotSupported];
    if (kinds.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
  return {
    add: (id) => Deno.writeTextFile(`${folder}/cgroup.procs`, String(id)),
    [Symbol.asyncDispose]: () => Deno.remove(folder),
  };
}
