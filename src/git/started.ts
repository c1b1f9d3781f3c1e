/** What a process started and that started, where the system tells and this program may look; nothing elsewhere. */
export function startedBy(id: number): number[] {
  const children = ownFile(id, `task/${id}/children`);
  const ids = (children ?? "").split(" ").filter((one) => one !== "").map(Number);
  return ids.flatMap((one) => [one, ...startedBy(one)]);
}

/** Bytes of memory that a process shares with no file, as far as the system tells. */
export function ownBytes(id: number): number {
  const lines = ownFile(id, "status") ?? "";
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(lines)?.[1] ?? 0) * 1024;
}

/** One of the files in which Linux tells of a process. */
function ownFile(id: number, name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${id}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || isGone(error)) return undefined;
    throw error;
  }
}

/** A process that has ended, and a system without `/proc`. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && (error as { readonly code?: string }).code === "ESRCH");
}
