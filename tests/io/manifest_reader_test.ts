import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { systemClock } from "#base";
import {
  type Manifest,
  manifestProblemText,
  ManifestReader,
  manifestsWith,
  ReadingEndedError,
} from "#manifests";
import { READING_OPTIONS } from "../../src/manifests/reader.ts";

const clock = systemClock;
/** A thread that computes for a while without ever looking whether it is to end. */
const SPINNING = `data:text/javascript,${
  encodeURIComponent(
    "onmessage = () => { for (const end = performance.now() + 3000; performance.now() < end;); };",
  )
}`;

/** Everything is read in the thread. */
const ALWAYS = { readingInPlaceBytes: -1 };

function configMaps(count: number): string {
  const one = (index: number) =>
    `---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a${index}\n  labels: {a: b}\n` +
    `data:\n  key: "\${A}"\n`;
  return Array.from({ length: count }, (_, index) => one(index)).join("");
}

function plain({ file, line, lineOf, object, secrets }: Manifest): unknown {
  const lines = ["metadata", "metadata.labels.a", "data.key", "data.other"].map(lineOf);
  return { file, line, object, secrets, lines };
}

/** Counts how often the event loop comes round, and how long it took at most. */
function heartbeat(): { stop(): Promise<{ readonly beats: number; readonly longestMs: number }> } {
  const end = new AbortController();
  let [beats, longestMs] = [0, 0];
  const beat = async () => {
    while (!end.signal.aborted) {
      const before = clock.monotonicMs();
      await clock.sleep(5);
      beats++;
      longestMs = Math.max(longestMs, clock.monotonicMs() - before);
    }
  };
  const beating = beat();
  return {
    stop: async () => {
      end.abort();
      await beating;
      return { beats, longestMs };
    },
  };
}

Deno.test("ManifestReader reads in its thread what would be read in place, with lines and secrets", async () => {
  using reader = new ManifestReader({ clock, limits: ALWAYS });
  const variables = new Map([["A", { value: "hidden", isSecret: true }]]);
  const files = [
    { path: "b.yaml", text: configMaps(200) },
    { path: "a.json", text: '{"apiVersion": "v1", "kind": "List", "items": []}' },
    {
      path: "list.yaml",
      text:
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: x}\n",
    },
  ];
  for (const inputs of [{}, { variables }]) {
    const [there, here] = [await reader.read(inputs, files), await manifestsWith(inputs, files)];
    assertEquals(there.documents.map(plain), here.documents.map(plain));
    assertEquals([there.problems, there.warnings], [here.problems, here.warnings]);
    assertEquals(there.documents.length, 201);
  }
  const bad = [{ path: "a.yaml", text: "apiVersion: v1\nkind: A\nmetadata:\n  labels: {a: 1}\n" }];
  const { problems } = await reader.read({}, bad);
  assertEquals(problems, (await manifestsWith({}, bad)).problems);
  assertEquals(reader.isRunning, true);
});

Deno.test("ManifestReader reads what is small without a thread", async () => {
  using reader = new ManifestReader({ clock });
  const small = [{ path: "a.yaml", text: configMaps(10) }];
  assertEquals((await reader.read({}, small)).documents.length, 10);
  assertEquals(reader.isRunning, false);
  // A little text can grow.
  const variables = new Map([["A", { value: "x".repeat(10_000), isSecret: false }]]);
  assertEquals((await reader.read({ variables }, small)).documents.length, 10);
  assertEquals(reader.isRunning, true);
});

Deno.test("ManifestReader ends a reading at its deadline, names the file, and does not try again soon", async () => {
  using reader = new ManifestReader({
    clock,
    limits: { ...ALWAYS, readingMs: 200 },
  });
  const files = [
    { path: "a.yaml", text: configMaps(1) },
    ...Array.from(
      { length: 30 },
      (_, i) => ({ path: `b${i}.yaml`, text: `x: [${"1,".repeat(9e4)}]` }),
    ),
  ];
  const heart = heartbeat();
  const error = await assertRejects(
    () => reader.read({}, files, { key: "hostile" }),
    ReadingEndedError,
  );
  const { beats } = await heart.stop();
  assertEquals(beats > 3, true, `the event loop went on ${beats} times`);
  assertMatch(
    manifestProblemText(error.problem),
    /^(a|b\d+)\.yaml: reading the revision took more than .* and was ended in this file; make it smaller/,
  );
  // Where it would be read again it would take as long again.
  await assertRejects(() => reader.read({}, files, { key: "hostile" }), ReadingEndedError);
  const other = await reader.read({}, files.slice(0, 1), { key: "other" });
  assertEquals([other.documents.length, reader.problem()], [1, undefined]);
});

Deno.test("ManifestReader goes on without a thread that does not end, until there are too many", async () => {
  using reader = new ManifestReader({
    clock,
    worker: SPINNING,
    limits: { ...ALWAYS, readingMs: 300, readingEndMs: 50 },
  });
  const files = [{ path: "a.yaml", text: configMaps(1) }];
  const heart = heartbeat();
  await assertRejects(() => reader.read({}, files), ReadingEndedError);
  assertEquals([reader.isRunning, reader.problem()], [false, undefined]);
  await assertRejects(() => reader.read({}, files), ReadingEndedError);
  assertEquals(reader.problem(), "2 threads that read manifests do not end");
  await assertRejects(() => reader.read({}, files), Error, "do not end");
  const { beats } = await heart.stop();
  assertEquals(beats > 3, true, `the event loop went on ${beats} times`);
});

Deno.test("ManifestReader ends with the pass that asked, and what is asked next is answered", async () => {
  using reader = new ManifestReader({ clock, limits: ALWAYS });
  const stop = new AbortController();
  const many = [{ path: "a.yaml", text: configMaps(20_000) }];
  const reading = reader.read({}, many, { signal: stop.signal });
  stop.abort(new Error("the pass ended"));
  await assertRejects(() => reading, Error, "the pass ended");
  assertEquals(
    (await reader.read({}, [{ path: "a.yaml", text: configMaps(2) }])).documents.length,
    2,
  );
});

Deno.test("C2: what one share reads for long does not keep another one's waiting, however much of it there is", async () => {
  using reader = new ManifestReader({ clock, limits: ALWAYS });
  const long = Array.from(
    { length: 4 },
    (_, index) => ({ path: `${index}.yaml`, text: `x: [${"1,".repeat(9e4)}]` }),
  );
  const short = [{ path: "a.yaml", text: configMaps(1) }];
  const ended: string[] = [];
  const read = async (share: string, files: typeof short) => {
    await reader.read({}, files, { share });
    ended.push(share);
  };
  const hostile = [1, 2, 3].map(() => read("hostile", long));
  for (let index = 0; index < 3; index++) await read("healthy", short);
  assertEquals(ended, ["healthy", "healthy", "healthy"]);
  await Promise.all(hostile);
});

Deno.test("ManifestReader ends its thread when nobody needs it", async () => {
  using reader = new ManifestReader({ clock, limits: { ...ALWAYS, readingIdleMs: 20 } });
  const files = [{ path: "a.yaml", text: configMaps(1) }];
  await reader.read({}, files);
  while (reader.isRunning) await clock.sleep(10);
  assertEquals((await reader.read({}, files)).documents.length, 1);
});

Deno.test("the thread that reads manifests may do nothing else", async () => {
  const source = `postMessage(["env", "ffi", "net", "read", "run", "sys", "write"].map((name) =>
    Deno.permissions.querySync({ name }).state));`;
  const module = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(module, READING_OPTIONS);
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  worker.onmessage = ({ data }) => resolve(data);
  assertEquals((await promise).includes("granted"), false);
  worker.terminate();
});
