import { assertEquals, assertThrows } from "@std/assert";
import { instanceNumbers } from "../../../src/reconcile/metrics_poll/instance_numbers.ts";
import { protobufFields } from "../../../src/reconcile/metrics_poll/protobuf.ts";
import samples from "./samples/function_status.json" with { type: "json" };

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

function concat(...parts: readonly (readonly number[])[]): number[] {
  return parts.flat();
}

function varint(value: bigint): number[] {
  return value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)];
}

function integer(number: number, value: bigint): number[] {
  return concat(varint(BigInt(number << 3)), varint(value));
}

function nested(number: number, value: readonly number[]): number[] {
  return concat(varint(BigInt((number << 3) | 2)), varint(BigInt(value.length)), value);
}

Deno.test("instanceNumbers() reads what a Java function says", () => {
  const { exceptions, averageLatencyMs, lastInvocationMs, ...counts } = instanceNumbers(
    bytes(samples.java_function),
  );
  assertEquals(counts, {
    failure: "",
    received: 6,
    processed: 3,
    userExceptions: 3,
    systemExceptions: 0,
    sourceExceptions: 0,
    sinkExceptions: 0,
  });
  assertEquals(
    exceptions.map(({ origin, text }) => [origin, text]),
    [
      ["user", '[java.lang.IllegalArgumentException]: cannot take "bad1"'],
      ["user", '[java.lang.IllegalArgumentException]: cannot take "bad1"'],
      ["user", '[java.lang.IllegalArgumentException]: cannot take "bad1"'],
    ],
  );
  assertEquals(averageLatencyMs > 0 && averageLatencyMs < 1_000, true, `${averageLatencyMs}`);
  const year = (timeMs: number) => new Date(timeMs).getUTCFullYear();
  assertEquals([lastInvocationMs, ...exceptions.map(({ timeMs }) => timeMs)].map(year), [
    2026,
    2026,
    2026,
    2026,
  ]);
});

Deno.test("instanceNumbers() reads what a Python function says", () => {
  const found = instanceNumbers(bytes(samples.python_function));
  assertEquals([found.received, found.processed, found.userExceptions], [6, 3, 3]);
  assertEquals(found.exceptions.length, 3);
  assertEquals(found.exceptions[0]?.text.startsWith("Traceback (most recent call last):"), true);
});

Deno.test("instanceNumbers() reads what connectors say: received and written, no latency", () => {
  for (const sample of [samples.java_source, samples.java_sink]) {
    const found = instanceNumbers(bytes(sample));
    assertEquals(found.received > 0 && found.received === found.processed, true);
    assertEquals([found.averageLatencyMs, found.exceptions], [0, []]);
  }
});

Deno.test("instanceNumbers() takes the nanoseconds of Go for what they are", () => {
  const exception = concat(
    nested(1, [...new TextEncoder().encode("boom")]),
    integer(2, 1_795_374_248_431_000_000n),
  );
  const message = concat(nested(7, exception), integer(13, 1_795_374_248_431_000_000n));
  const found = instanceNumbers(new Uint8Array(message));
  assertEquals(found.lastInvocationMs, 1_795_374_248_431);
  assertEquals(found.exceptions, [{ origin: "user", timeMs: 1_795_374_248_431, text: "boom" }]);
});

Deno.test("instanceNumbers() counts exceptions of connectors that are told and not counted", () => {
  const exception = nested(1, [0x78]);
  const message = concat(nested(21, exception), nested(21, exception), nested(19, exception));
  const { sinkExceptions, sourceExceptions } = instanceNumbers(new Uint8Array(message));
  assertEquals([sinkExceptions, sourceExceptions], [2, 1]);
});

Deno.test("instanceNumbers() takes no count that nobody can have counted, and no latency of ages", () => {
  const counts = [5, 6, 8, 17, 18, 20].flatMap((number) =>
    [2n ** 63n - 1n, 2n ** 50n].map((value) => integer(number, value))
  );
  const latencies = [1e300, -1].map((value) => {
    const double = new DataView(new ArrayBuffer(8));
    double.setFloat64(0, value, true);
    return concat(varint(BigInt((12 << 3) | 1)), [...new Uint8Array(double.buffer)]);
  });
  for (const message of [...counts, ...latencies]) {
    assertThrows(() => instanceNumbers(new Uint8Array(message)), RangeError);
  }
});

Deno.test("instanceNumbers() of an empty message is an instance that did nothing", () => {
  const found = instanceNumbers(new Uint8Array());
  assertEquals([found.received, found.lastInvocationMs, found.failure], [0, 0, ""]);
});

Deno.test("protobufFields() refuses what ends early, does not end, or has a wire type of old", () => {
  for (
    const text of [[0x0a, 0x05, 1], [0x08], [0x08, ...Array(11).fill(0xff)], [0x0b], [0x09, 1]]
  ) {
    assertThrows(() => protobufFields(new Uint8Array(text)), RangeError);
  }
});

Deno.test("protobufFields() refuses what is nothing but fields", () => {
  const message = new Uint8Array(100_000).map((_, index) => index % 2 === 0 ? 0x08 : 1);
  assertThrows(() => protobufFields(message), RangeError, "more than 10000 fields");
});

Deno.test("protobufFields() skips what it does not know, whatever its type", () => {
  const fields = protobufFields(new Uint8Array([0x0d, 1, 2, 3, 4, 0x10, 7]));
  assertEquals(fields.map(({ number }) => number), [1, 2]);
});
