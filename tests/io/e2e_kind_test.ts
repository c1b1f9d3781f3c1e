import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { withKindCluster } from "../../scripts/e2e/kind.ts";
import { KindEngine, NODE_IMAGE, usableEngine } from "../../scripts/e2e/kind_engine.ts";
import { KUBERNETES_VERSION } from "../../scripts/control_plane/versions.ts";
import { temporaryFolder } from "../support/git_repository.ts";

/** Stands for `docker`: an engine that has some images, and a registry that has others. */
const DOCKER = `#!/bin/sh
folder=$(dirname "$0")
echo "docker $*" >> "$folder/said"
case "$1 $2" in
  "info "*) [ -e "$folder/engine" ] || { echo "no engine" >&2; exit 1; } ;;
  "image inspect") grep -qx "$5" "$folder/images" ;;
  "pull "*) grep -qx "$3" "$folder/registry" || { echo "no such host" >&2; exit 1; } ;;
esac
`;

/** Stands for \`kind\`: clusters are lines of a file; a name that is there cannot be made again. */
const KIND = `#!/bin/sh
folder=$(dirname "$0")
echo "kind $*" >> "$folder/said"
case "$1 $2" in
  "get clusters") cat "$folder/clusters" ;;
  "get nodes") for node in control-plane worker worker2; do echo "$4-$node"; done ;;
  "create cluster") echo "$4" >> "$folder/clusters"; [ ! -e "$folder/broken" ] || { echo "no disk" >&2; exit 1; } ;;
  "delete cluster") grep -vx "$4" "$folder/clusters" > "$folder/others"; mv "$folder/others" "$folder/clusters" ;;
esac
`;

interface Machine extends AsyncDisposable {
  readonly path: string;
  find(name: string): Promise<string | undefined>;
  /** Lines of a file of the machine. */
  lines(name: "clusters" | "said"): Promise<string[]>;
}

/** A machine with both programs; every file of it can be written by a test. */
async function machine(files: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const folder = await temporaryFolder();
  const all = { clusters: "", said: "", images: "", registry: "", engine: "", ...files };
  for (const [name, text] of Object.entries({ docker: DOCKER, kind: KIND, ...all })) {
    await Deno.writeTextFile(`${folder.path}/${name}`, text, { mode: 0o755 });
  }
  return {
    path: folder.path,
    find: (name) => Promise.resolve(`${folder.path}/${name}`),
    async lines(name) {
      const text = await Deno.readTextFile(`${folder.path}/${name}`);
      return text.split("\n").filter((line) => line !== "");
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const said: string[] = [];
const progress = (line: string) => void said.push(line);

function runWith(options: { readonly keep?: boolean; readonly signal?: AbortSignal } = {}) {
  return {
    nodeImage: "nodes:1",
    images: [{ reference: "localhost/runner:1", path: "/images/runner.tar" }],
    keep: options.keep ?? false,
    progress,
    signal: options.signal ?? new AbortController().signal,
  };
}

Deno.test("usableEngine() takes a node image that is there or can be pulled, and says what is missing", async () => {
  await using ready = await machine({ images: "here:1\n", registry: "there:1\n" });
  assertEquals(await usableEngine("here:1", { ...ready, progress }) instanceof KindEngine, true);
  assertEquals((await ready.lines("said")).some((line) => line.includes("pull")), false);
  assertEquals(await usableEngine("there:1", { ...ready, progress }) instanceof KindEngine, true);
  const trouble = await usableEngine("nowhere:1", { ...ready, progress });
  assertEquals(
    trouble,
    "docker has no image nowhere:1 and cannot pull it: no such host (--node-image names another one)",
  );
  await Deno.remove(`${ready.path}/engine`);
  const silent = await usableEngine("here:1", { ...ready, progress });
  assertEquals(silent, "docker does not answer: no engine");
  const find = (name: string) => name === "kind" ? Promise.resolve(undefined) : ready.find(name);
  assertEquals(await usableEngine("here:1", { find, progress }), "kind is not installed");
});

Deno.test("the node image has the version of Kubernetes that everything is tested with", () => {
  assertEquals(NODE_IMAGE, `kindest/node:v${KUBERNETES_VERSION}`);
});

Deno.test("two runs on kind have a cluster each, and each deletes its own only", async () => {
  await using host = await machine({ clusters: "meshwright-e2e-kept\nwork\n" });
  const engine = new KindEngine(`${host.path}/kind`);
  said.length = 0;
  await withKindCluster(engine, runWith(), async () => {
    const seen = await withKindCluster(engine, runWith(), () => host.lines("clusters"));
    assertEquals([seen.length, new Set(seen).size], [4, 4]);
    assertEquals((await host.lines("clusters")).length, 3);
  });
  assertEquals(await host.lines("clusters"), ["meshwright-e2e-kept", "work"]);
  assertStringIncludes(said.join("\n"), "kind delete cluster --name meshwright-e2e-kept");
});

Deno.test("kind is run with the engine that it is given, and keeps its files where it is told", async () => {
  await using host = await machine();
  const kind = (await Deno.readTextFile(`${host.path}/kind`))
    .replace('kind $*"', 'kind at $DOCKER_HOST: $*"');
  await Deno.writeTextFile(`${host.path}/kind`, kind);
  const engine = new KindEngine(`${host.path}/kind`, { DOCKER_HOST: "unix:///own.sock" });
  const run = { ...runWith(), parentFolder: host.path };
  const folder = await withKindCluster(engine, run, (cluster) => Promise.resolve(cluster.folder));
  assertMatch(folder, new RegExp(`^${host.path}/meshwright-kind-`));
  const calls = (await host.lines("said")).filter((line) => line.startsWith("kind"));
  assertEquals(calls.length, 5);
  for (const call of calls) assertStringIncludes(call, "kind at unix:///own.sock: ");
});

Deno.test("images go to the nodes that run pods, from the node image that was asked for", async () => {
  await using host = await machine();
  const engine = new KindEngine(`${host.path}/kind`);
  const workers = await withKindCluster(engine, runWith(), (cluster) => {
    return Promise.resolve(cluster.workers);
  });
  const calls = (await host.lines("said")).join("\n");
  const [, name = ""] = /create cluster --name (\S+)/.exec(calls) ?? [];
  assertEquals(workers, [`${name}-worker`, `${name}-worker2`]);
  assertMatch(calls, /create cluster .* --image nodes:1 /);
  assertStringIncludes(
    calls,
    `load image-archive /images/runner.tar --name ${name} --nodes ${name}-worker,${name}-worker2\n`,
  );
});

Deno.test("a cluster that is to stay stays once work began; one that could not be made, or was interrupted, does not", async () => {
  await using host = await machine();
  const engine = new KindEngine(`${host.path}/kind`);
  const stop = new AbortController();
  const interrupted = withKindCluster(engine, runWith({ keep: true, signal: stop.signal }), () => {
    throw new Error("no work begins after an interruption");
  });
  stop.abort(new Error("interrupted by SIGINT"));
  await assertRejects(() => interrupted, Error, "interrupted by SIGINT");
  assertEquals(await host.lines("clusters"), []);
  const folder = await withKindCluster(
    engine,
    runWith({ keep: true }),
    (cluster) => Promise.resolve(cluster.folder),
  );
  await Deno.remove(folder, { recursive: true });
  assertEquals((await host.lines("clusters")).length, 1);
  await Deno.writeTextFile(`${host.path}/broken`, "");
  await assertRejects(
    () => withKindCluster(engine, runWith({ keep: true }), () => Promise.resolve()),
    Error,
    "no disk",
  );
  assertEquals((await host.lines("clusters")).length, 1);
});
