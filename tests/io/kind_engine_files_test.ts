import { assertEquals, assertMatch } from "@std/assert";
import {
  engineAddress,
  engineJson,
  lacksSysResource,
  runtimeScript,
} from "../../scripts/kind/engine_files.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { ran } from "../support/programs.ts";

const SITE = { folder: "/run/x", dataFolder: "/run/data", cgroup: "/x", hasNetworks: true };

Deno.test("an engine of one's own keeps all of its files and groups in places of its own", () => {
  const told = JSON.parse(engineJson(SITE, { wrapped: true, version: "Docker version 20.10.24" }));
  assertEquals(told["data-root"], "/run/data");
  assertEquals(told["cgroup-parent"], "/x");
  assertEquals(told.hosts, [engineAddress(SITE)]);
  assertEquals(told.runtimes[told["default-runtime"]].path, "/run/x/runc");
  for (const name of ["exec-root", "pidfile", "deprecated-key-path"]) {
    assertMatch(told[name], /^\/run\/x\//, name);
  }
});

Deno.test("an engine is told of a key, a runtime and networks only where that means something", () => {
  const site = { ...SITE, hasNetworks: false };
  const told = JSON.parse(engineJson(site, { wrapped: false, version: "Docker version 26.1.5" }));
  assertEquals("deprecated-key-path" in told, false);
  assertEquals("runtimes" in told || "default-runtime" in told, false);
  assertEquals([told.bridge, told.iptables], ["none", false]);
});

Deno.test("lacksSysResource() reads the bounding set", () => {
  assertEquals(lacksSysResource("Name:\tx\nCapBnd:\t000001fffeffffff\n"), true);
  assertEquals(lacksSysResource("CapBnd:\t000001ffffffffff\n"), false);
  assertEquals(lacksSysResource("CapEff:\t0000000000000000\n"), false);
});

Deno.test("the runtime takes one capability out of what a container, or a process in it, asks for", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await Deno.writeTextFile(`${path}/runc`, `#!/bin/sh\necho "$@"\n`, { mode: 0o755 });
  await Deno.writeTextFile(`${path}/runtime`, runtimeScript(`${path}/runc`), { mode: 0o755 });
  const sets = {
    bounding: ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_KILL"],
    effective: ["CAP_SYS_RESOURCE", "CAP_KILL"],
    permitted: ["CAP_KILL", "CAP_SYS_RESOURCE"],
  };
  const [container, process] = [`${path}/bundle/config.json`, `${path}/process.json`];
  await Deno.mkdir(`${path}/bundle`);
  for (const file of [container, process]) await Deno.writeTextFile(file, JSON.stringify(sets));
  const left = {
    bounding: ["CAP_CHOWN", "CAP_KILL"],
    effective: ["CAP_KILL"],
    permitted: ["CAP_KILL"],
  };
  const said = await ran(`${path}/runtime`, ["create", "--bundle", `${path}/bundle`, "id"]);
  assertEquals(said.trim(), `create --bundle ${path}/bundle id`);
  assertEquals(JSON.parse(await Deno.readTextFile(container)), left);
  assertEquals(JSON.parse(await Deno.readTextFile(process)), sets, "nobody named this one");
  await ran(`${path}/runtime`, ["exec", "--process", process, "id"]);
  assertEquals(JSON.parse(await Deno.readTextFile(process)), left);
});
