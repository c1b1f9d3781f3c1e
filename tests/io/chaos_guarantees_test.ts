import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { GUARANTEES, guaranteesWith, QUICK } from "../chaos/chaos.ts";
import { differences, type Snapshot } from "../chaos/content.ts";
import { chanceOf, Report } from "../chaos/guarantee.ts";
import { MEASURES, soakPicture, soakTable } from "../chaos/soak_samples.ts";
import { Writers } from "../chaos/writers.ts";
import type { ProxiedRequest } from "../support/recording_proxy.ts";

const OPERATIONS = await Deno.readTextFile("docs/operations.md");

Deno.test("docs/operations.md promises what deno task chaos tries, line by line", () => {
  const [, section = ""] = OPERATIONS.split("## What we promise");
  const [promises = ""] = section.split("\n## ");
  const named = [...promises.matchAll(/\| `([a-z/-]+)` +\|$/gm)].map(([, name]) => name);
  assertEquals(named, GUARANTEES.map(({ name }) => name));
  assertEquals(new Set(named).size, named.length);
});

Deno.test("the short version of deno task chaos names one guarantee each time, and has some of every chapter", () => {
  const found = QUICK.map((name) => guaranteesWith(name).map((one) => one.name));
  assertEquals(found, QUICK.map((name) => [name]));
  const chapters = (names: readonly string[]) => new Set(names.map((name) => name.split("/")[0]));
  const all = chapters(GUARANTEES.map(({ name }) => name));
  // A release that is not in a shallow clone cannot be upgraded from; hundreds of Functions take minutes.
  for (const chapter of ["upgrades", "shards"]) all.delete(chapter);
  assertEquals(chapters(QUICK), all);
});

Deno.test("Report tells what held, what did not and what cannot be tried apart, as tests close", () => {
  const report = new Report(
    ["a", "b", "c", "d"].map((name) => ({ name, claim: "it holds" })),
    () => {},
  );
  report.held("a", { what: "killed", times: 2 });
  report.impossible("b", "as it takes root on Linux");
  assertEquals([report.tally(), report.isGood], ["1 passed | 2 failed | 1 ignored", false]);
  report.held("c", { what: "killed", times: 1 });
  report.held("d", { what: "killed", times: 1 });
  assertEquals([report.tally(), report.isGood], ["3 passed | 0 failed | 1 ignored", true]);
  report.broken("c", "the second time", new Error("it lied"));
  assertEquals([report.tally(), report.isGood], ["2 passed | 1 failed | 1 ignored", false]);
  assertEquals(report.faultCount, 4);
});

Deno.test("chanceOf() is the same for the same seed, and another one for each guarantee and round", () => {
  const drawn = (seed: number, round: number, name: string) => {
    const chance = chanceOf(seed, round, name);
    return [chance(), chance()].join(" ");
  };
  const first = drawn(7, 1, "processes/prune");
  assertEquals(drawn(7, 1, "processes/prune"), first);
  for (const other of [drawn(8, 1, "processes/prune"), drawn(7, 2, "processes/prune")]) {
    assertNotEquals(other, first);
  }
  assertNotEquals(drawn(7, 1, "processes/change"), first);
});

Deno.test("soakTable() calls flat what comes and goes, and tells of what grows", () => {
  const at = (seconds: number, memory: number) => ({
    ...{ seconds, memory, descriptors: 20, connections: 5, clones: 1 },
  });
  const seconds = Array.from({ length: 100 }, (_, index) => index);
  const flat = soakTable(seconds.map((one) => at(one, 200 + one % 7 + (one < 20 ? one * 5 : 0))));
  assertEquals([flat.isFlat, flat.text.includes("GROWS")], [true, false]);
  const growing = soakTable(seconds.map((one) => at(one, 200 + 3 * one)));
  assertEquals([growing.isFlat, growing.text.match(/GROWS/g)?.length], [false, 1]);
  assertEquals(soakTable([]).isFlat, false);
});

Deno.test("soakPicture() draws each sample, and says of what", () => {
  const [memory] = MEASURES;
  const samples = [0, 60].map((seconds) => ({
    ...{ seconds, memory: 100 + seconds, descriptors: 20, connections: 5, clones: 1 },
  }));
  const text = soakPicture(memory, samples);
  assertEquals(/points="([^"]+)"/.exec(text)?.[1]?.split(" ").length, 2);
  assertMatch(text, /MiB of resident memory/);
});

/** A request as a proxy tells of it. */
function request(method: string, path: string): ProxiedRequest {
  const isLease = path.includes("/leases/");
  return {
    method,
    path,
    isWatch: false,
    isList: false,
    isLease,
    isWrite: method !== "GET" && !isLease,
  };
}

function leaseAnswer(holderIdentity: string): Response {
  return Response.json({ kind: "Lease", metadata: { name: "lease" }, spec: { holderIdentity } });
}

Deno.test("Writers tells of whoever writes without the lease, and of nobody else", async () => {
  const writers = new Writers();
  const lease = request("PATCH", "/apis/coordination.k8s.io/v1/namespaces/shop/leases/lease");
  const write = request("PATCH", "/api/v1/namespaces/shop/configmaps/a");
  const answered = async (who: string, answer: Response) => {
    const given = await writers.meet(who, lease)?.after?.(answer);
    return given?.status;
  };
  assertEquals(await answered("first", leaseAnswer("first_1")), 200);
  writers.meet("first", write);
  writers.meet("second", request("GET", write.path));
  // A lease that was refused changes nothing.
  assertEquals(await answered("second", new Response("{}", { status: 409 })), 409);
  assertEquals([writers.holder, writers.violations], ["first", []]);
  await answered("second", leaseAnswer("second_1"));
  writers.meet("first", write);
  assertEquals(writers.violations, [`first: PATCH ${write.path} while second led`]);
  await answered("second", leaseAnswer(""));
  assertEquals([writers.holder, writers.releases], [undefined, ["second"]]);
});

Deno.test("differences() tells what is missing, other than in Git, left over, on its way out or not ready", () => {
  const content = { configs: { a: "1", b: "1" }, functions: { f: { cpu: "100m" } } };
  const metadata = (name: string, more = {}) => ({ name, uid: `uid-${name}`, ...more });
  const config = (name: string, value: string, more = {}) =>
    ({
      kind: "ConfigMap",
      metadata: metadata(name, more),
      data: { value },
    }) as unknown as KubeObject;
  const child = (kind: string, owner: string) => {
    const ownerReferences = [{ apiVersion: "v1", kind: "Function", name: "f", uid: owner }];
    return { kind, metadata: metadata(`f-${kind}`, { ownerReferences }) } as unknown as KubeObject;
  };
  const conditions = [{ type: "Ready", status: "True", observedGeneration: 1 }];
  const made = {
    kind: "Function",
    metadata: metadata("f", { generation: 1 }),
    spec: { resources: { requests: { cpu: "100m" } } },
    status: { conditions },
  } as unknown as KubeObject;
  const good: Snapshot = {
    configs: [config("a", "1"), config("b", "1")],
    functions: [made],
    children: [child("StatefulSet", "uid-f"), child("Service", "uid-f")],
    parts: [],
  };
  assertEquals(differences(good, content), []);
  const leaving = { deletionTimestamp: "2026-01-01T00:00:00Z" };
  const bad: Snapshot = {
    configs: [config("a", "2"), config("c", "1", leaving)],
    functions: [{ ...made, metadata: metadata("f", { generation: 2 }) } as KubeObject],
    children: [child("StatefulSet", "uid-f"), child("Service", "uid-of-another")],
    parts: [],
  };
  assertEquals(differences(bad, content), [
    "ConfigMap a is 2, not 1",
    "ConfigMap b is undefined, not 1",
    "Function f has no Service",
    "ConfigMap c is left",
    "Service f-Service is left",
    "ConfigMap c is left",
    "Function f is not Ready: undefined",
  ]);
});
