import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { insideSandbox, type SandboxNetwork } from "../../scripts/e2e/sandbox.ts";
import { eventually } from "../support/eventually.ts";
import { commandLinesWith } from "../support/processes.ts";
import { leftovers, namesIn, sandboxesFolder } from "../support/sandboxes.ts";

const ignore = !mayUnshare();

Deno.test({
  name: "insideSandbox() has a network of its own, without a way out, and its own processes",
  ignore,
  async fn() {
    const outside = await networkNames();
    const said = await saidInside(
      "ls /sys/class/net >/dev/null; ip -o link | cut -d: -f2; echo $$",
    );
    assertMatch(said, /^ lo\n mw0\n\d{1,2}\n$/);
    assertEquals(await saidInside("ip route get 192.0.2.1 2>&1; true"), UNREACHABLE);
    assertEquals(await networkNames(), outside);
    await assertNothingLeft();
  },
});

Deno.test({
  name:
    "insideSandbox() has an empty network for who makes one, and the machine's for who needs it",
  ignore,
  async fn() {
    assertEquals(await saidInside("ip -o link | cut -d: -f2", "loopback"), " lo\n");
    const outside = new Deno.Command("readlink", { args: ["/proc/self/ns/net"] });
    const { stdout } = await outside.output();
    const network = new TextDecoder().decode(stdout);
    assertEquals(await saidInside("readlink /proc/self/ns/net", "machine"), network);
    assertNotEquals(await saidInside("readlink /proc/self/ns/net", "loopback"), network);
    await assertNothingLeft();
  },
});

Deno.test({
  name: "insideSandbox() hides the machine's kernel settings from whoever would change them",
  ignore,
  async fn() {
    const path = "/proc/sys/kernel/panic";
    const outside = await Deno.readTextFile(path);
    assertEquals(await saidInside(`cat ${path}; echo 7 >${path}; cat ${path}`), "10\n7\n");
    assertEquals(await Deno.readTextFile(path), outside);
  },
});

Deno.test({
  name: "insideSandbox() answers the exit code of its command and removes its cgroups",
  ignore,
  async fn() {
    const script = `
      for root in /sys/fs/cgroup /sys/fs/cgroup/memory; do
        [ -e "$root/cgroup.procs" ] && mkdir -p "$root/$MESHWRIGHT_SANDBOX/a/b" && made=7
      done
      exit "\${made:-1}"`;
    assertEquals(await insideSandbox(["sh", "-c", script]), 7);
    await assertNothingLeft();
  },
});

Deno.test({
  name: "insideSandbox() kills everything inside when its signal aborts",
  ignore,
  async fn() {
    const sleep = uniqueSleep();
    const controller = new AbortController();
    // In a session of its own: nothing but the end of the process namespace reaches it.
    const ended = insideSandbox(["sh", "-c", `setsid ${sleep} & wait`], controller);
    await eventually(async () => (await commandLinesWith(sleep)).includes(sleep));
    controller.abort();
    assertEquals(await ended, 137);
    assertEquals(await commandLinesWith(sleep), []);
    await assertNothingLeft();
  },
});

Deno.test({
  name: "insideSandbox() leaves nothing when the process that asked for it is killed",
  ignore,
  async fn() {
    const sleep = uniqueSleep();
    const script = `
      import { insideSandbox } from "./scripts/e2e/sandbox.ts";
      await insideSandbox(["sh", "-c", "${sleep}; true"]);`;
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", script] }).spawn();
    await eventually(async () => (await commandLinesWith(sleep)).includes(sleep));
    child.kill("SIGKILL");
    await child.status;
    await eventually(async () => (await commandLinesWith(sleep)).length === 0);
    await eventually(async () => (await leftovers(child.pid)).length === 0);
  },
});

Deno.test({
  name: "insideSandbox() removes what is left of one of which no process is left",
  ignore,
  async fn() {
    const name = `meshwright-e2e-${Deno.pid}-abandoned`;
    const folder = `${sandboxesFolder()}/${name}`;
    await Deno.mkdir(`${folder}/logs`, { recursive: true });
    const script = `
      cd /sys/fs/cgroup
      [ -e cgroup.procs ] || cd memory
      mkdir -p ${name}/a/b "$MESHWRIGHT_SANDBOX/a"`;
    assertEquals(await insideSandbox(["sh", "-c", script]), 0);
    assertEquals((await leftovers(Deno.pid)).length, 1, "only the cgroup that the script made");
    assertEquals(await insideSandbox(["true"]), 0);
    await assertNothingLeft();
  },
});

const UNREACHABLE = "RTNETLINK answers: Network is unreachable\n";

/** What a shell script in a sandbox writes. */
async function saidInside(script: string, network?: SandboxNetwork): Promise<string> {
  const path = await Deno.makeTempFile();
  try {
    const options = network === undefined ? {} : { network };
    assertEquals(await insideSandbox(["sh", "-c", `exec >${path}; ${script}`], options), 0);
    return await Deno.readTextFile(path);
  } finally {
    await Deno.remove(path);
  }
}

async function networkNames(): Promise<readonly string[]> {
  return (await namesIn("/sys/class/net")).sort();
}

async function assertNothingLeft(): Promise<void> {
  assertEquals(await leftovers(Deno.pid), []);
}

/** A command line that no other process has. */
function uniqueSleep(): string {
  return `sleep 600.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
}

/** Whether this process may make namespaces: root on Linux, and not in a container that forbids it. */
function mayUnshare(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const args = ["--net", "--mount", "--pid", "--fork", "ip", "link"];
  return new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).outputSync().success;
}
