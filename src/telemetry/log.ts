import { type Clock, redactedText, systemClock } from "#base";
import { redactedValue } from "./redact.ts";

/** From the most talkative to the quietest. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much a line matters. */
export type LogLevel = typeof LOG_LEVELS[number];

/** What a line says besides its message: small JSON values, errors included. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * Writes one JSON line an event.
 *
 * # Guarantees
 * The message is a constant text (facts carry what varies), a line never holds a credential that a URL, a header or a
 * member named like a secret carries, and logging never throws.
 */
export interface Logger {
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
  /** A logger that adds these facts to every line. */
  with(facts: Facts): Logger;
}

/** Takes finished lines, without the line feed. */
export type LogSink = (line: string) => void;

/** What a logger needs. */
export interface LoggerOptions {
  /** Quieter lines are dropped; `info` when left out. */
  readonly level?: LogLevel;
  /** Standard error when left out. */
  readonly sink?: LogSink;
  readonly clock?: Pick<Clock, "now">;
}

/**
 * A logger for lines of a level or above.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createLogger } from "#telemetry";
 * const lines: string[] = [];
 * const clock = { now: () => 0 };
 * const log = createLogger({ sink: (line) => lines.push(line), clock }).with({ kind: "Function" });
 * log.info("Applied a child", { name: "orders", token: "abc" });
 * log.debug("not written");
 * assertEquals(lines, ['{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"Applied a child",' +
 *   '"kind":"Function","name":"orders","token":"***"}']);
 * ```
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = "info", sink = writeStandardError, clock = systemClock } = options;
  return loggerFrom({ threshold: LOG_LEVELS.indexOf(level), sink, clock }, {});
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};

interface Output {
  readonly threshold: number;
  readonly sink: LogSink;
  readonly clock: Pick<Clock, "now">;
}

function loggerFrom(output: Output, fixed: Facts): Logger {
  const write = (level: LogLevel, message: string, facts: Facts = {}) => {
    if (LOG_LEVELS.indexOf(level) < output.threshold) return;
    output.sink(logLine({ level, message, now: output.clock.now() }, [fixed, facts]));
  };
  return {
    debug: (message, facts) => write("debug", message, facts),
    info: (message, facts) => write("info", message, facts),
    warn: (message, facts) => write("warn", message, facts),
    error: (message, facts) => write("error", message, facts),
    with: (facts) => loggerFrom(output, { ...fixed, ...facts }),
  };
}

function logLine(
  event: { readonly level: LogLevel; readonly message: string; readonly now: number },
  facts: readonly Facts[],
): string {
  const head = {
    time: new Date(event.now).toISOString(),
    level: event.level,
    message: redactedText(event.message),
  };
  try {
    const { time: _t, level: _l, message: _m, ...rest } = redactedValue(
      Object.assign({}, ...facts),
    ) as Facts;
    return JSON.stringify({ ...head, ...rest });
  } catch (error) {
    // A getter that throws or a toJSON that fails: the line is worth more than its facts.
    return JSON.stringify({ ...head, factsLost: String(error) });
  }
}

const encoder = new TextEncoder();

/** Lines go to standard error, so that a verb's own output on standard output stays clean. */
function writeStandardError(line: string): void {
  const bytes = encoder.encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) {
    try {
      written += Deno.stderr.writeSync(bytes.subarray(written));
    } catch (error) {
      // A full pipe that does not block is tried again; a closed one (EPIPE) loses the line, not the program.
      if (!(error instanceof Deno.errors.WouldBlock)) return;
    }
  }
}
