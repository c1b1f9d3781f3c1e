import { assertEquals, assertStringIncludes } from "@std/assert";
import { redactedText } from "#base";
import { createLogger, type LogLevel } from "#telemetry";

function logger(level: LogLevel = "debug") {
  const lines: string[] = [];
  const clock = { now: () => 0 };
  const log = createLogger({ level, sink: (line) => lines.push(line), clock });
  return { log, lines, facts: () => lines.map((line) => JSON.parse(line)) };
}

Deno.test("Logger writes lines of its level and above", () => {
  const { log, facts } = logger("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assertEquals(facts().map((line) => [line.level, line.message]), [["warn", "c"], ["error", "d"]]);
});

Deno.test("Logger.with() adds facts, and no fact hides time, level or message", () => {
  const { log, facts } = logger();
  log.with({ kind: "Function" }).with({ object: "shop/a" }).info("Applied", {
    level: "none",
    count: 2,
  });
  assertEquals(facts(), [{
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "Applied",
    kind: "Function",
    object: "shop/a",
    count: 2,
  }]);
});

Deno.test("Logger keeps secrets out, wherever they are", () => {
  const { log, lines } = logger();
  const cause = new Error("remote: https://bot:hunter2@git.example/a.git not found");
  log.error("Cannot fetch", {
    error: new Error("git failed", { cause }),
    url: "https://git.example/a?access_token=hunter2&ref=x",
    headers: { Authorization: "Bearer hunter2", list: ["basic aHVudGVyMg=="] },
    clientSecret: "hunter2",
    secret: { any: "hunter2" },
  });
  const [line = ""] = lines;
  assertEquals([line.includes("hunter2"), line.includes("aHVudGVyMg")], [false, false]);
  assertStringIncludes(line, "git failed: remote: https://***@git.example/a.git not found");
  assertStringIncludes(line, "access_token=***&ref=x");
});

Deno.test("Logger writes names of secrets: they are no secrets", () => {
  const { log, facts } = logger();
  log.info("Cannot read a secret", {
    secretRef: "git-auth",
    secretName: "git-auth",
    tokens: undefined,
  });
  assertEquals([facts()[0].secretRef, facts()[0].secretName], ["git-auth", "git-auth"]);
});

Deno.test("Logger survives facts that cannot be written", () => {
  const { log, facts } = logger();
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  log.info("Round", { circle, big: 10n, bytes: new Uint8Array(3), call: () => 1 });
  log.info("Broken", {
    get now() {
      throw new Error("no");
    },
  });
  assertEquals(facts().map((line) => line.message), ["Round", "Broken"]);
  assertEquals([facts()[0].big, facts()[0].bytes, facts()[1].factsLost], [
    "10",
    "3 bytes",
    "Error: no",
  ]);
});

Deno.test("redactedText() leaves harmless text alone", () => {
  for (
    const text of ["git@github.com:a/b.git", "http://localhost:8080/a?page=2", "mail a@b.c", ""]
  ) {
    assertEquals(redactedText(text), text);
  }
  assertEquals(redactedText("ssh://git@github.com/a"), "ssh://***@github.com/a");
});
