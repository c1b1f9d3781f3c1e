import { assertEquals } from "@std/assert";
import { closedUntilMs, windowProblems } from "../../src/gitops/source/schedule.ts";

const ms = (time: string) => Date.parse(time);
const until = (windows: Parameters<typeof closedUntilMs>[0], time: string) => {
  const found = closedUntilMs(windows, ms(time));
  return found === undefined || !Number.isFinite(found) ? found : new Date(found).toISOString();
};

Deno.test("closedUntilMs() of no windows is always open", () => {
  assertEquals(until([], "2026-07-01T00:00:00Z"), undefined);
});

Deno.test("closedUntilMs() lets a deny window win over an allow window", () => {
  const windows = [
    { kind: "allow", schedule: "0 8 * * *", duration: "10h" },
    { kind: "deny", schedule: "0 12 * * *", duration: "2h" },
  ] as const;
  assertEquals(until(windows, "2026-07-01T09:00:00Z"), undefined);
  assertEquals(until(windows, "2026-07-01T12:00:00Z"), "2026-07-01T14:00:00.000Z");
  assertEquals(until(windows, "2026-07-01T13:59:59Z"), "2026-07-01T14:00:00.000Z");
  assertEquals(until(windows, "2026-07-01T14:00:00Z"), undefined);
  assertEquals(until(windows, "2026-07-01T19:00:00Z"), "2026-07-02T08:00:00.000Z");
});

Deno.test("closedUntilMs() moves with summer time in the window's zone", () => {
  const windows = [
    { kind: "allow", schedule: "0 9 * * *", duration: "1h", timeZone: "Europe/Berlin" },
  ] as const;
  assertEquals(until(windows, "2026-01-15T00:00:00Z"), "2026-01-15T08:00:00.000Z");
  assertEquals(until(windows, "2026-07-15T00:00:00Z"), "2026-07-15T07:00:00.000Z");
});

Deno.test("closedUntilMs() adds up windows that follow each other, and gives up on those that never end", () => {
  const chain = [
    { kind: "deny", schedule: "0 8 * * *", duration: "2h" },
    { kind: "deny", schedule: "0 10 * * *", duration: "1h" },
  ] as const;
  assertEquals(until(chain, "2026-07-01T08:30:00Z"), "2026-07-01T11:00:00.000Z");
  const always = [{ kind: "deny", schedule: "0 0 * * *", duration: "24h" }] as const;
  assertEquals(until(always, "2026-07-01T08:30:00Z"), Infinity);
  assertEquals(until(always, "2026-07-01T23:59:59.500Z"), Infinity, "just before the next begins");
  assertEquals(until(always, "2026-07-01T00:00:00Z"), Infinity, "just as it begins");
});

Deno.test("windowProblems() names what cron or the time zone cannot be", () => {
  const window = { kind: "deny", schedule: "0 8 * * *", duration: "1h" } as const;
  assertEquals(windowProblems([window]), []);
  const bad = windowProblems([window, { ...window, timeZone: "Mars/Olympus" }]);
  assertEquals(bad.map(({ path }) => path), ["spec.windows[1]"]);
});

Deno.test("C2: windowProblems() names a schedule that never begins", () => {
  const window = { kind: "deny", schedule: "0 0 31 2 *", duration: "1h" } as const;
  assertEquals(windowProblems([window]).map(({ path }) => path), ["spec.windows[0].schedule"]);
  assertEquals(windowProblems([{ ...window, schedule: "0 0 29 2 *" }]), []);
});

Deno.test("C2: closedUntilMs() asks a calendar once what it cannot answer, and not at every minute", () => {
  // Ten million looks at a calendar, where each edge of one window was a look at all of them: it did not end.
  const never = { kind: "deny", schedule: "0 0 31 2 *", duration: "1h" } as const;
  const ever = { kind: "deny", schedule: "* * * * *", duration: "87600h" } as const;
  const windows = [...Array(15).fill(never), ...Array(5).fill(ever)];
  assertEquals(until(windows, "2026-07-01T08:30:00Z"), Infinity);
});

Deno.test("closedUntilMs() finds an opening between windows that begin every minute", () => {
  const windows = [
    { kind: "deny", schedule: "* * * * *", duration: "1m" },
    { kind: "deny", schedule: "*/5 * * * *", duration: "1m" },
  ] as const;
  assertEquals(until(windows, "2026-07-01T08:30:30Z"), Infinity);
  const gaps = [{ kind: "deny", schedule: "*/2 * * * *", duration: "1m" }] as const;
  assertEquals(until(gaps, "2026-07-01T08:30:30Z"), "2026-07-01T08:31:00.000Z");
});
