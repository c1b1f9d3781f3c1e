import { assertEquals } from "@std/assert";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { debianLayer } from "../../scripts/e2e/debian_root.ts";
import { enginePackages } from "../../scripts/kind/engine_packages.ts";
import { eventually } from "../support/eventually.ts";
import { commandLinesWith } from "../support/processes.ts";
import { leftovers } from "../support/sandboxes.ts";
import type { HeldEngine } from "./support/held_engine.ts";

const HOLDER = new URL("./support/held_engine.ts", import.meta.url).pathname;

/** Whom a signal reaches ends by itself, with the exit code that shells expect; who is killed does nothing any more. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 } as const;

for (const [signal, code] of Object.entries(CODES)) {
  Deno.test(`an engine and its privileged container leave nothing after ${signal}`, async () => {
    const making = { progress: progressOnStderr };
    const packages = await enginePackages(making);
    const layer = await debianLayer({ ...making, suite: "trixie", packages: [] });
    const sleep = `sleep 600.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    const plan: HeldEngine = {
      packages,
      image: { reference: "localhost/sleeper:1", layer, changes: [] },
      command: sleep.split(" "),
    };
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", HOLDER, JSON.stringify(plan)],
      stdin: "null",
    }).spawn();
    // The program of the container, not the words of who asked for it.
    await eventually(async () => (await commandLinesWith(sleep)).includes(sleep));
    child.kill(signal as Deno.Signal);
    assertEquals((await child.status).code, code);
    await eventually(async () => (await commandLinesWith(sleep)).length === 0);
    await eventually(async () => (await leftovers(child.pid)).length === 0);
    const mounts = await Deno.readTextFile("/proc/self/mountinfo");
    assertEquals(mounts.split("\n").filter((line) => line.includes("meshwright-e2e-")), []);
  });
}
