import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Leadership, NotLeadingError, runAsLeader } from "#kube";
import { createLogger } from "#telemetry";
import { FakeClock } from "../support/fake_clock.ts";
import { LEASE_KEY, LeaseServer, START_MS } from "../support/lease_server.ts";

interface Candidate {
  readonly leadership: Leadership;
  readonly stop: AbortController;
  readonly lines: string[];
  readonly result: Promise<"ended" | "lost">;
  /** When the work began and ended, by the monotonic clock from the start of the test. */
  readonly worked: number[];
}

/** A process whose work ends `drainMs` after it is told to. */
function candidate(
  server: LeaseServer,
  clock: FakeClock,
  { name = "one", drainMs = 0 }: { name?: string; drainMs?: number } = {},
): Candidate {
  const leadership = new Leadership(clock);
  const stop = new AbortController();
  const lines: string[] = [];
  const worked: number[] = [];
  const result = runAsLeader({
    cluster: server.client(name),
    key: LEASE_KEY,
    identity: name,
    clock,
    leadership,
    log: createLogger({ level: "info", sink: (line) => lines.push(line), clock }),
    signal: stop.signal,
  }, async (signal) => {
    worked.push(clock.monotonicMs() - START_MS);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    if (drainMs > 0) await clock.sleep(drainMs);
    worked.push(clock.monotonicMs() - START_MS);
  });
  return { leadership, stop, lines, result, worked };
}

function leads({ leadership }: Candidate): boolean {
  try {
    leadership.assertLeads();
    return true;
  } catch (error) {
    assert(error instanceof NotLeadingError);
    return false;
  }
}

Deno.test("runAsLeader() ends before the lease runs out when no renewal arrives, and nothing is written from then on", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  await clock.advance(0);
  assertEquals([leads(one), one.worked], [true, [0]]);
  await clock.advance(2_000);
  server.answering = () => ({ fails: true, beforeMs: 500_000 });
  // Renewed at 2 s for the last time; the lease lasts until 17 s.
  await clock.advance(9_999);
  assertEquals(leads(one), true);
  await clock.advance(1);
  assertEquals(leads(one), false);
  assertEquals(await one.result, "lost");
  assertEquals(one.worked, [0, 12_000]);
  assertEquals(clock.sleeping, 0);
});

Deno.test("runAsLeader() counts a renewal from when it was sent: answers that take 12 s keep nobody leading", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  await clock.advance(0);
  server.answering = () => ({ afterMs: 12_000 });
  await clock.advance(10_000);
  assertEquals([leads(one), await one.result], [false, "lost"]);
  assertEquals(one.worked, [0, 10_000]);
  // Nor does anybody begin to lead by an answer that is older than a renewal may be.
  const two = candidate(server, clock, { name: "two" });
  await clock.advance(120_000);
  assertEquals([leads(two), two.worked], [false, []]);
  two.stop.abort();
  await clock.advance(60_000);
  assertEquals(await two.result, "ended");
  assertEquals(clock.sleeping, 0);
});

Deno.test("runAsLeader() waits the whole lease, however long the look at it takes", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  server.store({ holderIdentity: "dead", renewTime: "x", leaseDurationSeconds: 15 });
  // The first look takes 6 s, and its holder may have renewed at the end of them.
  server.answering = (_verb, index) => index === 0 ? { beforeMs: 6_000 } : {};
  const heir = candidate(server, clock, { name: "heir" });
  await clock.advance(6_000);
  await clock.advance(14_999);
  assertEquals(heir.worked, []);
  await clock.advance(2_000);
  assertEquals([heir.worked.length, server.holder], [1, "heir"]);
  heir.stop.abort();
  await clock.advance(0);
  assertEquals([await heir.result, server.holder], ["ended", ""]);
});

Deno.test("runAsLeader() waits for its own time where a lease does not say how long it lasts", async () => {
  for (const leaseDurationSeconds of ["often", -3, 0, null]) {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    server.store({ holderIdentity: "dead", renewTime: "x", leaseDurationSeconds });
    const heir = candidate(server, clock, { name: "heir" });
    await clock.advance(14_999);
    assertEquals(server.holder, "dead");
    await clock.advance(2_000);
    assertEquals(server.holder, "heir", `leaseDurationSeconds: ${leaseDurationSeconds}`);
    heir.stop.abort();
    await clock.advance(0);
    await heir.result;
  }
});

Deno.test("runAsLeader() neither loses nor keeps a lease by a clock that is set forward or back", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  await clock.advance(0);
  const two = candidate(server, clock, { name: "two" });
  for (const byMs of [3_600_000, -7_200_000, 86_400_000, -86_400_000]) {
    clock.setWall(byMs);
    await clock.advance(30_000);
    assertEquals([leads(one), leads(two)], [true, false], `set by ${byMs} ms`);
  }
  // And it loses it in time while the clock goes back and back.
  server.answering = () => ({ fails: true, beforeMs: 500_000 });
  for (let second = 0; second < 12; second++) {
    clock.setWall(-1_000);
    await clock.advance(1_000);
  }
  assertEquals([leads(one), await one.result], [false, "lost"]);
  server.answering = () => ({});
  two.stop.abort();
  await clock.advance(500_000);
  await two.result;
});

Deno.test("Leadership is over for a process that was stopped for 40 s, before any of its timers has fired", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  await clock.advance(4_000);
  assertEquals(leads(one), true);
  clock.stopFor(40_000);
  // The very first thing that it does is a write.
  assertEquals([leads(one), one.leadership.signal.aborted], [false, true]);
  await clock.advance(0);
  assertEquals(await one.result, "lost");
  assertEquals(one.worked.length, 2);
  assertEquals(clock.sleeping, 0);
});

Deno.test("runAsLeader() stops a process whose renewal was answered while it was stopped", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  await clock.advance(0);
  server.answering = () => ({ afterMs: 100 });
  await clock.advance(2_000);
  clock.stopFor(40_000);
  await clock.advance(0);
  assertEquals([leads(one), await one.result], [false, "lost"]);
});

Deno.test("runAsLeader() loses a lease that somebody else took or removed", async () => {
  for (
    const take of [
      (server: LeaseServer) => server.store({ holderIdentity: "thief" }),
      (server: LeaseServer) => {
        server.lease = undefined;
      },
    ]
  ) {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    const one = candidate(server, clock);
    await clock.advance(0);
    take(server);
    await clock.advance(2_000);
    assertEquals([leads(one), await one.result, one.worked], [false, "lost", [0, 2_000]]);
  }
});

Deno.test("runAsLeader() goes on when somebody only wrote a label on its lease", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  for (let second = 0; second < 20; second++) {
    if (second % 2 === 0) server.store({});
    await clock.advance(1_000);
  }
  assertEquals(leads(one), true);
  one.stop.abort();
  await clock.advance(0);
  assertEquals([await one.result, server.holder], ["ended", ""]);
});

Deno.test("runAsLeader() renews while its work drains, and gives the lease back after it", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock, { drainMs: 25_000 });
  await clock.advance(0);
  one.stop.abort();
  await clock.advance(24_000);
  assertEquals([leads(one), server.holder], [true, "one"]);
  await clock.advance(1_000);
  assertEquals([await one.result, server.holder], ["ended", ""]);
  assertThrows(() => one.leadership.assertLeads(), NotLeadingError, "the work is done");
});

Deno.test("runAsLeader() gives the lease back although its own last renewal came between (F11)", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  await clock.advance(0);
  // Done by the server, but the answer is still under way when the end comes.
  server.answering = (verb) => verb === "patch" ? { afterMs: 1_000 } : {};
  await clock.advance(2_500);
  one.stop.abort();
  server.answering = () => ({});
  await clock.advance(0);
  assertEquals(await one.result, "ended");
  assertEquals(server.holder, "");
  assertEquals(server.writes.at(-1), "2500 one: ");
});

Deno.test("runAsLeader() that is stopped while it takes the lease gives it back", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  server.answering = (verb) => verb === "create" ? { afterMs: 1_000 } : {};
  const one = candidate(server, clock);
  await clock.advance(500);
  assertEquals(server.holder, "one");
  one.stop.abort();
  await clock.advance(0);
  assertEquals([await one.result, server.holder, one.worked], ["ended", "", []]);
});

Deno.test("runAsLeader() gives up to give back after a few seconds: the lease runs out by itself", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const one = candidate(server, clock);
  await clock.advance(0);
  server.answering = () => ({ beforeMs: 500_000 });
  one.stop.abort();
  await clock.advance(5_000);
  assertEquals(await one.result, "ended");
  assert(one.lines.some((line) => line.includes("Cannot give the lease back")));
});

Deno.test("runAsLeader() throws what the work throws, after giving the lease back", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  const work = runAsLeader({
    cluster: server.client("one"),
    key: LEASE_KEY,
    identity: "one",
    clock,
    signal: new AbortController().signal,
  }, () => Promise.reject(new Error("a loop failed")));
  await assertRejects(() => work, Error, "a loop failed");
  assertEquals([server.holder, clock.sleeping], ["", 0]);
});

Deno.test("runAsLeader() refuses times with which two could lead", async () => {
  const clock = new FakeClock();
  await assertRejects(
    () =>
      runAsLeader({
        cluster: new LeaseServer(clock).client("one"),
        key: LEASE_KEY,
        identity: "one",
        clock,
        durationMs: 10_000,
        renewDeadlineMs: 10_000,
        signal: new AbortController().signal,
      }, () => Promise.resolve()),
    RangeError,
    "Cannot lead for 10000 ms without renewing",
  );
});

Deno.test("runAsLeader() asks less often for a lease that it cannot read", async () => {
  const clock = new FakeClock();
  const server = new LeaseServer(clock);
  let asked = 0;
  server.answering = () => (asked++, { fails: true });
  const one = candidate(server, clock);
  await clock.advance(600_000);
  assert(asked > 30 && asked < 100, `asked ${asked} times in ten minutes`);
  server.answering = () => ({});
  await clock.advance(15_000);
  assertEquals(leads(one), true);
  one.stop.abort();
  await clock.advance(0);
  await one.result;
});
