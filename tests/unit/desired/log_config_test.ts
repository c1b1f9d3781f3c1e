import { assertEquals } from "@std/assert";
import { DEFAULT_SETTINGS, desiredChildren } from "#desired";
import type { DefaultedComponent, LogConfig } from "#api";
import { aFunction, aSink, at, ofKind } from "./fixtures.ts";

function script(component: DefaultedComponent): string {
  const set = ofKind(desiredChildren(component, {}, DEFAULT_SETTINGS), "StatefulSet");
  const name = `pulsar-${component.kind.toLowerCase()}`;
  return String(at(set, "spec", "template", "spec", "containers", name, "command", 2));
}

function java(log: LogConfig, logTopicAgent: "runtime" | "sidecar" = "runtime"): string {
  return script(aSink({ java: { jar: "a", log }, logTopicAgent }));
}

function python(name: string, log: LogConfig): string {
  return script(aFunction({ name, python: { py: "a.py", log } }));
}

Deno.test("javaScript() writes a log file only with a rotation, by size beside a sidecar", () => {
  assertEquals(java({}).includes("RollingRandomAccessFile"), false);
  assertEquals(java({ rotatePolicy: "SizedPolicyWith50MB" }).includes(`size="50 MB"`), true);
  assertEquals(java({}, "sidecar").includes(`size="10 MB"`), true);
  const schedules = (["Daily", "Weekly", "Monthly"] as const).map((every) =>
    /schedule="([^"]*)"/.exec(java({ rotatePolicy: `TimedPolicyWith${every}` }))?.[1]
  );
  assertEquals(schedules, ["0 0 0 * * ?", "0 0 0 ? * 1", "0 0 0 1 * ?"]);
});

Deno.test("javaScript() writes no configuration that a ConfigMap brings, nor one of a type it does not know", () => {
  assertEquals(java({}).includes("java_instance_log4j.xml &&"), true);
  assertEquals(
    java({ javaLog4JConfigFileType: "yaml" }).includes("java_instance_log4j.yaml &&"),
    true,
  );
  assertEquals(java({ javaLog4JConfigFileType: "ini" }).includes("mkdir"), false);
  assertEquals(java({ logConfig: { name: "cm", key: "k" } }).includes("mkdir"), false);
});

Deno.test("javaScript() sets levels that log4j knows", () => {
  const level = (log: LogConfig) => /-Dpulsar\.log\.level=(\w+)/.exec(java(log))?.[1];
  assertEquals([level({}), level({ level: "off" }), level({ level: "panic" })], [
    undefined,
    "OFF",
    "INFO",
  ]);
});

Deno.test("pythonScript() sets levels and rotations that Python knows", () => {
  assertEquals(python("f", { level: "warn" }).includes("level=WARNING/g"), true);
  assertEquals(python("f", { level: "trace" }).includes("level=INFO/g"), true);
  assertEquals(
    python("f", { rotatePolicy: "TimedPolicyWithWeekly" }).includes(`f.log", "W0", 1, 5)`),
    true,
  );
  assertEquals(
    python("f", { rotatePolicy: "SizedPolicyWith100MB" }).includes(`f.log", "a", 104857600, 5)`),
    true,
  );
});

Deno.test("pythonScript() writes the function's name as a literal that neither the ini reader nor Python reads into", () => {
  const text = python(`a%(x)s", open("/etc/passwd"), "☃`, { rotatePolicy: "SizedPolicyWith10MB" });
  const literal = /args=\("([^"]*)", "a"/.exec(text)?.[1] ?? "";
  assertEquals(/^[A-Za-z0-9_.\/\\-]*$/.test(literal), true, literal);
  const read = literal.replaceAll(
    /\\U([0-9a-f]{8})/g,
    (_, code) => String.fromCodePoint(parseInt(code, 16)),
  );
  assertEquals(read, `logs/functions/a%(x)s", open("/etc/passwd"), "☃.log`);
});
