import { withoutValuesIn } from "#base";
import type { Facts, Logger } from "./log.ts";
import { redactedValue } from "./redact.ts";

/**
 * A logger whose facts repeat none of some values, in whatever spelling.
 *
 * @param values asked for each line: there may be more by then
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createLogger, discreetLog } from "#telemetry";
 * const lines: string[] = [];
 * const log = createLogger({ sink: (line) => lines.push(line), clock: { now: () => 0 } });
 * discreetLog(log, () => ["s3cret"]).info("Refused", { error: new Error("bad s3cret") });
 * assertEquals(lines, ['{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"Refused","error":"bad ***"}']);
 * ```
 */
export function discreetLog(log: Logger, values: () => readonly string[]): Logger {
  // Errors are texts by then.
  const clean = (facts: Facts = {}) => withoutValuesIn(redactedValue(facts), values()) as Facts;
  return {
    debug: (message, facts) => log.debug(message, clean(facts)),
    info: (message, facts) => log.info(message, clean(facts)),
    warn: (message, facts) => log.warn(message, clean(facts)),
    error: (message, facts) => log.error(message, clean(facts)),
    with: (facts) => discreetLog(log.with(clean(facts)), values),
  };
}
