import type { InstanceException } from "#api";
import { type ProtobufField, protobufFields } from "./protobuf.ts";

/** An exception as an instance tells it. */
export interface ReportedException {
  readonly origin: InstanceException["origin"];
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly text: string;
}

/** What an instance says of itself: Pulsar's message `FunctionStatus`. Counts are since its start. */
export interface InstanceNumbers {
  /** Why it ended; empty while it runs. */
  readonly failure: string;
  readonly received: number;
  /** Written, by sources and sinks. */
  readonly processed: number;
  readonly userExceptions: number;
  readonly systemExceptions: number;
  readonly sourceExceptions: number;
  readonly sinkExceptions: number;
  /** 0 where it was never measured: connectors do not. */
  readonly averageLatencyMs: number;
  /** Milliseconds since 1970; 0 for never. */
  readonly lastInvocationMs: number;
  /** The last ten of each origin at most, in the order of the message. */
  readonly exceptions: readonly ReportedException[];
}

/** Fields of `FunctionStatus`, as Pulsar's `InstanceCommunication.proto` numbers them. */
const FIELD = {
  failure: 2,
  processed: 5,
  userExceptions: 6,
  systemExceptions: 8,
  averageLatency: 12,
  lastInvocation: 13,
  received: 17,
  sourceExceptions: 18,
  sinkExceptions: 20,
} as const;

/** Fields with exceptions, and whose code they are of. */
const ORIGINS: Readonly<Record<number, ReportedException["origin"]>> = {
  7: "user",
  9: "system",
  19: "source",
  21: "sink",
};

/** More than a million a second for thirty years: nobody counted that, and sums of it are no numbers of the API any more. */
const COUNT_MAX = 1e15;
/** Thirty years for a message. */
const LATENCY_MS_MAX = 1e12;
/** Times above are no milliseconds: Go's instances tell nanoseconds in the same fields. */
const MILLISECONDS_MAX = 1e14;

/**
 * What an instance answered to `GetFunctionStatus`, which `pulsar-admin functions status` shows too: one call that the
 * instances of Java, Python and Go all have, and the only one that tells when exceptions happened.
 *
 * Exceptions of connectors are listed and not counted by instances of Pulsar 4.0: at least those that are listed count.
 *
 * @param message a `FunctionStatus`, without the frame of gRPC
 * @throws {RangeError} when it is none
 */
export function instanceNumbers(message: Uint8Array): InstanceNumbers {
  const fields = protobufFields(message);
  const count = (number: number) => within(integer(fields, number), COUNT_MAX);
  const exceptions = fields.flatMap(({ number, value }) => {
    const origin = ORIGINS[number];
    return origin === undefined || typeof value === "bigint"
      ? []
      : [reportedException(origin, value)];
  });
  const listed = (origin: ReportedException["origin"]) =>
    exceptions.filter((exception) => exception.origin === origin).length;
  return {
    failure: text(fields, FIELD.failure),
    received: count(FIELD.received),
    processed: count(FIELD.processed),
    userExceptions: count(FIELD.userExceptions),
    systemExceptions: count(FIELD.systemExceptions),
    sourceExceptions: Math.max(count(FIELD.sourceExceptions), listed("source")),
    sinkExceptions: Math.max(count(FIELD.sinkExceptions), listed("sink")),
    averageLatencyMs: within(double(fields, FIELD.averageLatency), LATENCY_MS_MAX),
    lastInvocationMs: milliseconds(integer(fields, FIELD.lastInvocation)),
    exceptions,
  };
}

function reportedException(
  origin: ReportedException["origin"],
  message: Uint8Array,
): ReportedException {
  const fields = protobufFields(message);
  return { origin, timeMs: milliseconds(integer(fields, 2)), text: text(fields, 1) };
}

function milliseconds(time: number): number {
  return Math.trunc(time > MILLISECONDS_MAX ? time / 1e6 : time);
}

/** @throws {RangeError} where that is no count, and no time, of anything */
function within(value: number, most: number): number {
  if (value >= 0 && value <= most) return value;
  throw new RangeError(`Cannot take ${value} for what an instance counted`);
}

/** The last value counts, as in every protobuf reader; what is left out is zero. */
function integer(fields: readonly ProtobufField[], number: number): number {
  const value = fields.findLast((field) => field.number === number)?.value;
  return typeof value === "bigint" ? Math.max(0, Number(BigInt.asIntN(64, value))) : 0;
}

function text(fields: readonly ProtobufField[], number: number): string {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
}

function double(fields: readonly ProtobufField[], number: number): number {
  const value = fields.findLast((field) => field.number === number)?.value;
  if (!(value instanceof Uint8Array) || value.length !== 8) return 0;
  const found = new DataView(value.buffer, value.byteOffset, 8).getFloat64(0, true);
  return Number.isFinite(found) ? found : 0;
}
