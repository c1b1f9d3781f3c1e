/** Below the range from which systems take ports for outgoing connections, so that none of these is in the way. */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const TRIES_MAX = 1_000;

/**
 * Ports of the loopback interface that nobody listens on. Another process may take one before it is used: whoever uses
 * it starts again then, and the random choice makes that rare.
 */
export function freePorts(count: number): readonly number[] {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > TRIES_MAX) {
      throw new Error(`Cannot find ${count} free ports: ${TRIES_MAX} are taken`);
    }
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
