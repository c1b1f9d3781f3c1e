import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { findBinaries, startControlPlane } from "../../scripts/control_plane.ts";
import { etcdFlags } from "../../scripts/control_plane/flags.ts";
import { GuardedProcess } from "../../scripts/control_plane/guarded_process.ts";
import { freePorts } from "../../scripts/control_plane/ports.ts";
import { PortTakenError, waitFor } from "../../scripts/control_plane/waiting.ts";
import { eventually } from "../support/eventually.ts";
import { commandLinesWith, listenAddressesOf } from "../support/processes.ts";

const LOOPBACK = "0100007F";

Deno.test("startControlPlane() has ready nodes and listens on loopback only", async () => {
  const lines: string[] = [];
  await using plane = await startControlPlane({ progress: (line) => lines.push(line) });
  const nodes = await plane.kubectl(["get", "nodes", "--no-headers"]);
  assertEquals(nodes.stdout.match(/ Ready /g)?.length, 2);
  const version = JSON.parse((await plane.kubectl(["version", "-o", "json"])).stdout);
  assertEquals(version.serverVersion.gitVersion, "v1.36.1");
  assertStringIncludes(lines.at(-1) ?? "", "control plane ready (");

  const addresses = await listenAddressesOf(plane.directory);
  assertEquals(addresses.length, 3, "etcd for clients, etcd for peers, API server");
  assertEquals(addresses.filter((address) => !address.startsWith(`${LOOPBACK}:`)), []);
});

Deno.test("startControlPlane() runs several side by side that know nothing of each other", async () => {
  const planes = await Promise.all([
    startControlPlane({ nodeCount: 1 }),
    startControlPlane({ nodeCount: 3 }),
  ]);
  try {
    const names = await Promise.all(
      planes.map((plane) => plane.kubectl(["get", "nodes", "-o", "name"])),
    );
    assertEquals(names.map(({ stdout }) => stdout.trim().split("\n").length), [1, 3]);
  } finally {
    await Promise.all(planes.map((plane) => plane[Symbol.asyncDispose]()));
  }
  for (const { directory } of planes) {
    assertEquals(await commandLinesWith(directory), []);
    await assertRejects(() => Deno.stat(directory), Deno.errors.NotFound);
  }
});

Deno.test("startControlPlane() without nodes simulates none", async () => {
  await using plane = await startControlPlane({ nodeCount: 0 });
  assertEquals((await plane.kubectl(["get", "nodes", "-o", "name"])).stdout, "");
  const lines = await commandLinesWith(plane.directory);
  assertEquals(lines.filter((line) => line.startsWith(plane.binaries.kwok)), []);
  assert(lines.some((line) => line.startsWith(plane.binaries["kube-scheduler"])));
});

Deno.test("startControlPlane() starts who follows the API server again when it ends by itself", async () => {
  await using plane = await startControlPlane();
  const pidOf = async (program: string) =>
    Number(await Deno.readTextFile(`${plane.directory}/${program}.pid`));
  const programs = ["kube-controller-manager", "kube-scheduler", "kwok"] as const;
  const before = await Promise.all(programs.map(pidOf));
  for (const pid of before) Deno.kill(pid, "SIGKILL");
  await eventually(async () => {
    const after = await Promise.all(programs.map(pidOf));
    return after.every((pid, at) => pid > 0 && pid !== before[at]);
  });
  await plane.kubectl(["create", "deployment", "web", "--image=web.example/web:1"]);
  const node = ["get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}"];
  await eventually(async () => (await plane.kubectl(node)).stdout !== "");
  const last = await pidOf("kwok");
  Deno.kill(last, "SIGKILL");
  await plane.programs.kill("kwok");
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  assertEquals(await pidOf("kwok"), last);
  assertEquals(plane.programs.running.map(({ name }) => name).includes("kwok"), false);
});

Deno.test("startControlPlane() gives further users no rights but those of RBAC", async () => {
  await using plane = await startControlPlane({ users: [{ name: "ann", groups: ["devs"] }] });
  const path = await plane.userKubeconfig("ann");
  const mayList = () => plane.kubectl(["--kubeconfig", path, "auth", "can-i", "list", "pods"]);
  assertEquals((await mayList()).stdout.trim(), "no");
  await plane.kubectl(["create", "clusterrolebinding", "v", "--clusterrole=view", "--group=devs"]);
  await eventually(async () => (await mayList()).stdout.trim() === "yes");
  await assertRejects(() => plane.userKubeconfig("bob"), Error, "not in users");
});

Deno.test("startControlPlane() says why a program did not start, and leaves nothing", async () => {
  const parentDirectory = await Deno.makeTempDir();
  const error = await assertRejects(
    () => startControlPlane({ parentDirectory, apiServerFlags: ["--no-such-flag"] }),
    Error,
    "Cannot start kube-apiserver: it exited with code 1",
  );
  assertStringIncludes(error.message, "unknown flag: --no-such-flag");
  // Fails when it is not empty.
  await Deno.remove(parentDirectory);
});

Deno.test("startControlPlane() stops at once and leaves nothing when its signal aborts", async () => {
  const parentDirectory = await Deno.makeTempDir();
  const controller = new AbortController();
  const progress = (line: string) => {
    if (line.includes("kube-apiserver")) controller.abort(new Error("enough"));
  };
  await assertRejects(
    () => startControlPlane({ parentDirectory, progress, signal: controller.signal }),
    Error,
    "enough",
  );
  // Fails when it is not empty.
  await Deno.remove(parentDirectory);
});

Deno.test("waitFor() reports a taken port of a real etcd as PortTakenError", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const [etcdPeerPort = 0] = freePorts(1);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = listener.addr.port;
    await using etcd = new GuardedProcess("etcd", {
      program: (await findBinaries()).etcd,
      args: etcdFlags({ directory, etcdPort: port, etcdPeerPort, serverPort: 0 }),
      logPath: `${directory}/etcd.log`,
    });
    await assertRejects(
      () =>
        waitFor(() => Promise.resolve(undefined), {
          what: "etcd lives",
          processes: [etcd],
          timeoutMs: 10_000,
        }),
      PortTakenError,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  Deno.test(`deno task cluster leaves nothing behind after ${signal}`, async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "scripts/cluster.ts", "--nodes", "1"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value: first = "" } = await reader.read();
    const directory = first.match(/^export KUBECONFIG=(.*)\/kubeconfig\n$/)?.[1];
    if (directory === undefined) throw new Error(`unexpected output ${JSON.stringify(first)}`);
    assertEquals((await programsOf(directory)).length, 5);

    child.kill(signal);
    assertEquals((await child.status).code, signal === "SIGKILL" ? 137 : 0);
    assertEquals(await reader.read(), { done: true, value: undefined }, "exactly one line");
    await eventually(async () => (await commandLinesWith(directory)).length === 0);
    await eventually(() => isGone(directory));
  });
}

Deno.test("with_cluster.ts runs a command with the cluster's environment and exits with its code", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ..."run -A scripts/with_cluster.ts -- sh -c".split(" "),
      'test "$KUBECONFIG" = "$MESHWRIGHT_TEST_KUBECONFIG" && kubectl get ns default -o name; exit 7',
    ],
    stderr: "null",
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "namespace/default\n");
  assertEquals(code, 7);
});

Deno.test("cluster.ts explains itself and refuses what it does not know", async () => {
  const run = async (...args: string[]) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "scripts/cluster.ts", ...args],
    });
    const { code, stdout, stderr } = await command.output();
    return { code, text: new TextDecoder().decode(code === 0 ? stdout : stderr) };
  };
  const help = await run("--help");
  assertEquals(help.code, 0);
  assertStringIncludes(help.text, "Usage: deno task cluster");
  assertEquals(await run("--nods", "3"), {
    code: 2,
    text: "unknown argument --nods; see --help\n",
  });
  assertEquals((await run("--nodes", "many")).code, 2);
});

async function programsOf(directory: string): Promise<readonly string[]> {
  const lines = await commandLinesWith(directory);
  return lines.filter((line) => !line.startsWith("/bin/sh"));
}

async function isGone(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
