import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { holdsMesh, readSamples, sampleChange } from "../../scripts/demo/samples.ts";
import { eventually } from "../support/eventually.ts";
import { sickChange } from "../../scripts/demo/sick_change.ts";
import { temporaryFolder } from "../support/git_repository.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
const SAMPLES = new URL("../../gitops/mesh/", import.meta.url);

Deno.test("the demo shows commits becoming ready, changed, repaired and gone back, and cleans up", async () => {
  await using folder = await temporaryFolder();
  const { code, stdout, stderr } = await demo([], { TMPDIR: folder.path }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], text);
  const files = await readSamples(SAMPLES);
  const { removed, scaled } = sampleChange(files);
  for (const { name } of files) assertStringIncludes(text, `    A mesh/${name}\n`);
  const meshFiles = files.filter(holdsMesh).length;
  assertMatch(text, new RegExp(`✓ ready .* after the commit: ${meshFiles} created, `));
  assertMatch(text, /✓ ready .* after the commit: 1 configured, 1 pruned, /);
  assertStringIncludes(text, `    D mesh/${removed}\n`);
  assertStringIncludes(
    text,
    `-      replicas: ${scaled.from}\n      +      replicas: ${scaled.to}\n`,
  );
  const pods = `Function  ${"●".repeat(scaled.to)} ${scaled.to}/${scaled.to}`;
  assertMatch(text, new RegExp(`║ ${scaled.name} +║\n *║ ${pods} ║`));
  assertMatch(text, /HPA \d+ to \d+ pods/);
  assertMatch(text, /look at it with a browser: http:\/\/127\.0\.0\.1:\d+\n/);
  assertMatch(text, /✓ it is back after \d+ ms/);
  const { component, from, to } = sickChange(files);
  assertMatch(
    text,
    new RegExp(`✓ unhealthy, and quarantined .*: Function shop/${component}: 0/1 pods ready: `),
  );
  assertMatch(text, new RegExp(`✓ ${component} is ready as in main@sha1:[0-9a-f]{7} after `));
  assertStringIncludes(text, `-  maxReplicas: ${from}\n      +  maxReplicas: ${to}\n`);
  assertMatch(text, /✓ nothing is held back any longer\n/);
  assertMatch(text, /mesh_quarantine_total 1\n/);
  assertMatch(text, /function_mesh_reconcile_count\{type="function",name="[\w-]+",/);
  assertMatch(text, /mesh_commit_to_ready_seconds_count [4-9]/);
  assertMatch(text, /API writes in a quiet second +0 {2}/);
  assertEquals(
    text.match(/[^\n\x20-\x7e●○✓…▼─-╿]/gu),
    null,
    "a control character without a terminal",
  );
  assertEquals(await namesIn(folder.path), []);
});

Deno.test("an interrupted demo ends with the signal's exit code and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const child = demo([], { TMPDIR: folder.path }).spawn();
  child.stderr.cancel();
  let text = "";
  const reading = (async () => {
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) text += part;
  })();
  await eventually(() => text.includes("A commit with meshes"));
  child.kill("SIGINT");
  const { code } = await child.status;
  await reading;
  assertEquals(code, 130);
  assertEquals(await namesIn(folder.path), []);
});

Deno.test("a demo that fails says why, and keeps the logs in the folder that it names", async () => {
  await using folder = await temporaryFolder();
  const programs = `${folder.path}/bin`;
  const temporary = `${folder.path}/tmp`;
  await Deno.mkdir(programs);
  await Deno.mkdir(temporary);
  await Deno.writeTextFile(`${programs}/git`, "#!/bin/sh\necho no disk left >&2\nexit 128\n", {
    mode: 0o755,
  });
  const PATH = `${programs}:${Deno.env.get("PATH")}`;
  const { code, stderr } = await demo([], { TMPDIR: temporary, PATH }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 1);
  assertMatch(text, /The demo failed: Cannot run git init in .*: no disk left/);
  const kept = /cluster: (\S+)/.exec(text)?.[1] ?? "";
  assert(kept.startsWith(temporary));
  assert((await namesIn(kept)).includes("kube-apiserver.log"));
  assertEquals((await namesIn(temporary)).length, 1);
});

function demo(args: readonly string[], env: Readonly<Record<string, string>>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, ...args],
    // Variables of flags must not matter: the demo says what it means.
    env: { ...env, NO_COLOR: "1", WATCHED_NAMESPACE: "elsewhere", GIT_PATH: "elsewhere" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}
