/** What processes use, as Linux counts it. */

/** Of a process and everything that it started. */
export interface Usage {
  /** Processor time in seconds, with children that ended. */
  readonly cpuSeconds: number;
  /** Resident memory in MB: now, all together. */
  readonly residentMb: number;
  /** The most that the process itself ever had, in MB. */
  readonly peakMb: number;
}

const TICKS_PER_SECOND = 100;

/** What a process and its descendants use. */
export async function treeUsage(pid: number): Promise<Usage> {
  const usages = await Promise.all((await treeOf(pid)).map(usageOf));
  return { ...summed(usages), peakMb: usages[0]?.peakMb ?? 0 };
}

/** What several use together; each at its peak, though these need not have been at the same time. */
export function summed(usages: readonly Usage[]): Usage {
  const sum = (of: (usage: Usage) => number) => usages.reduce((all, usage) => all + of(usage), 0);
  return {
    cpuSeconds: sum((usage) => usage.cpuSeconds),
    residentMb: sum((usage) => usage.residentMb),
    peakMb: sum((usage) => usage.peakMb),
  };
}

async function treeOf(pid: number): Promise<number[]> {
  const text = await readOrEmpty(`/proc/${pid}/task/${pid}/children`);
  const children = text.split(" ").filter((word) => word !== "").map(Number);
  return [pid, ...(await Promise.all(children.map(treeOf))).flat()];
}

async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readOrEmpty(`/proc/${pid}/stat`),
    readOrEmpty(`/proc/${pid}/status`),
  ]);
  // After the name, which may have anything in it, come state, parent, …: user and system time are 12th to 15th.
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 15).map(Number);
  const mb = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) / 1024;
  return {
    cpuSeconds: ticks.reduce((all, some) => all + some, 0) / TICKS_PER_SECOND,
    residentMb: mb("VmRSS"),
    peakMb: mb("VmHWM"),
  };
}

/** A process may end between two looks: it uses nothing then. */
async function readOrEmpty(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || isNoSuchProcess(error)) return "";
    throw error;
  }
}

function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}
