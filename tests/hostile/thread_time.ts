/**
 * How long the thread that calls has used the processor: what others do on the machine, and threads of this program, do not
 * count. Where the system does not tell, it is the time that passed.
 */
export function threadMs(): number {
  try {
    const [nanoseconds] = Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ");
    return Number(nanoseconds) / 1e6;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return performance.now();
    throw error;
  }
}
