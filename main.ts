/**
 * Meshwright: Pulsar functions and connectors on Kubernetes, straight from Git.
 *
 * This file only turns signals into an abort and an exit code into an exit. `src/cli/mod.ts` knows the verbs,
 * `src/app.ts` puts the running program together.
 *
 * @module
 */
import { main } from "./src/cli/mod.ts";

if (import.meta.main) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      // The first asks for an orderly end, the second does not ask.
      if (stop.signal.aborted) Deno.exit(130);
      stop.abort(new DOMException(`stopped by ${signal}`, "AbortError"));
    });
  }
  Deno.exit(await main(Deno.args, { signal: stop.signal }));
}
