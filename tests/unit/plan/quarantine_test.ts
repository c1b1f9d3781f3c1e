import { assertEquals } from "@std/assert";
import { type CandidateFacts, candidatesAfter, candidateWaitMs, failedCandidates } from "#plan";

const trial = (revision: string, objects: string[], since = "2026-01-01T00:00:00Z") => ({
  revision,
  healthyRevision: "good",
  objects,
  since,
});
const arrival = (revision: string, changed: string[]) => ({
  revision,
  changed,
  now: "2026-01-01T00:01:00Z",
  healthyRevision: "good",
  ended: [],
});
const late = (unhealthy: string[]): CandidateFacts => ({
  unhealthy,
  held: [],
  nowMs: Date.parse("2026-01-01T00:10:00Z"),
  timeoutMs: 60_000,
});

Deno.test("candidatesAfter() keeps an object in the trial of the revision that changed it last", () => {
  assertEquals(candidatesAfter([trial("bad", ["a", "b"])], arrival("fix", ["b"])), [
    trial("bad", ["a"]),
    trial("fix", ["b"], "2026-01-01T00:01:00Z"),
  ]);
});

Deno.test("candidatesAfter() lets an object go back to where it was healthy, not to where it was sick", () => {
  const before = [{ ...trial("bad", ["a"]), healthyRevision: "older" }];
  assertEquals(
    candidatesAfter(before, arrival("worse", ["a", "b"])).map((one) => [
      one.healthyRevision,
      one.objects,
    ]),
    [["good", ["b"]], ["older", ["a"]]],
  );
});

Deno.test("candidatesAfter() lets an object whose hold ended go back to where it was held", () => {
  const ended = [{ ...trial("bad", ["a"]), healthyRevision: "older", contentHash: "", cause: "" }];
  const [one] = candidatesAfter([], { ...arrival("fix", ["a"]), ended });
  assertEquals(one?.healthyRevision, "older");
});

Deno.test("candidatesAfter() gives a second try of the same revision no more time", () => {
  const twice = candidatesAfter([trial("bad", ["a"])], arrival("bad", ["a", "b"]));
  assertEquals(twice.map((one) => [one.objects, one.since]), [
    [["a"], "2026-01-01T00:00:00Z"],
    [["b"], "2026-01-01T00:00:00Z"],
  ]);
});

Deno.test("failedCandidates() names the revision that changed what is sick, not one that came later", () => {
  const trials = [trial("bad", ["a"]), trial("unrelated", ["b"], "2026-01-01T00:00:30Z")];
  assertEquals(failedCandidates(trials, late(["a"])).map((one) => one.revision), ["bad"]);
  assertEquals(failedCandidates(trials, late(["b"])).map((one) => one.revision), ["unrelated"]);
});

Deno.test("failedCandidates() names the oldest revision when what is sick was not changed itself", () => {
  const trials = [trial("second", ["b"], "2026-01-01T00:00:30Z"), trial("first", ["config"])];
  assertEquals(failedCandidates(trials, late(["a"])).map((one) => one.revision), ["first"]);
});

Deno.test("failedCandidates() gives what went back time to come up again", () => {
  const trials = [trial("unrelated", ["b"])];
  assertEquals(failedCandidates(trials, { ...late(["a"]), held: ["a"] }), []);
  assertEquals(failedCandidates(trials, late(["a"])).length, 1);
});

Deno.test("failedCandidates() names nobody before its time, and nobody when all is well", () => {
  const trials = [trial("bad", ["a"])];
  const early = { ...late(["a"]), nowMs: Date.parse("2026-01-01T00:00:59Z") };
  assertEquals(failedCandidates(trials, early), []);
  assertEquals(candidateWaitMs(trials, early), 1_000);
  assertEquals(failedCandidates(trials, late([])), []);
});
