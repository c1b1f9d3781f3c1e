import { assertEquals, assertStringIncludes } from "@std/assert";
import { VERBS } from "../../src/cli/mod.ts";
import { meshwright } from "../support/cli.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { needProgram, ran } from "../support/programs.ts";

async function script(shell: string): Promise<string> {
  const { code, out } = await meshwright(["completion", shell]);
  assertEquals(code, 0);
  return out.join("\n");
}

/** A shell in which `meshwright get syncs -o name` answers two, and `get functions -o name` one. */
const SYNCS = "#!/bin/sh\n" +
  '[ "$*" = "get syncs -o name" ] && echo meshsync.gitops.functionmesh.io/shop && ' +
  "echo meshsync.gitops.functionmesh.io/store\n" +
  '[ "$*" = "get functions -o name" ] && echo function.compute.functionmesh.io/orders\n';

/** What bash offers for the last of some words, as if somebody pressed Tab there. */
async function offered(words: readonly string[]): Promise<string[]> {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/meshwright`, SYNCS, { mode: 0o755 });
  await Deno.writeTextFile(`${folder.path}/mesh.yaml`, "");
  const asked = [
    await script("bash"),
    // What `complete` was told to call, with the variables that bash sets for it.
    "function=$(complete -p meshwright | sed 's/.*-F \\([^ ]*\\) .*/\\1/')",
    `COMP_WORDS=(meshwright ${words.map((word) => `'${word}'`).join(" ")})`,
    `COMP_CWORD=${words.length}`,
    "$function",
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join("\n");
  const env = { PATH: `${folder.path}:/usr/bin:/bin` };
  const text = await ran("bash", ["--norc", "-c", asked], { env, cwd: folder.path });
  return text === "" ? [] : text.split("\n");
}

Deno.test("completion for bash offers verbs, flags, values, files and names of MeshSyncs", async () => {
  assertEquals(await offered([""]), VERBS.map(({ name }) => name));
  assertEquals(await offered(["re"]), ["reconcile", "resume", "render"]);
  assertEquals(await offered(["history", "--con"]), ["--context"]);
  assertEquals(await offered(["get", "--output", ""]), ["text", "json", "yaml", "name"]);
  assertEquals(await offered(["get", "--output", "=", "j"]), ["json"]);
  assertEquals(await offered(["get", "--output", "="]), ["text", "json", "yaml", "name"]);
  assertEquals(await offered(["get", "-o", "y"]), ["yaml"]);
  assertEquals(await offered(["get", "s"]), ["syncs", "sources", "sinks"]);
  assertEquals(await offered(["get", "functions", ""]), ["orders"]);
  assertEquals(await offered(["get", "syncs", "st"]), ["store"]);
  assertEquals(await offered(["suspend", "--reason", ""]), []);
  assertEquals(await offered(["suspend", "s"]), ["shop", "store"]);
  assertEquals((await offered(["validate", "m"])).sort(), ["mesh.yaml", "meshwright"]);
  assertEquals(await offered(["diff", "--kubeconfig", "mesh."]), ["mesh.yaml"]);
  assertEquals(await offered(["completion", ""]), ["bash", "zsh", "fish"]);
  assertEquals(await offered(["version", ""]), []);
  for (const { flags, name } of VERBS) {
    const known = flags.flatMap((flag) => [`--${flag.name}`]);
    const shown = (await offered([name, "--"])).filter((flag) => flag !== "--help");
    assertEquals([name, shown], [name, known]);
  }
});

Deno.test("completion for fish offers the same, as fish itself has it", async () => {
  await needProgram("/usr/bin/fish", "fish");
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/meshwright`, SYNCS, { mode: 0o755 });
  await Deno.writeTextFile(`${folder.path}/script.fish`, await script("fish"));
  const offers = async (line: string) => {
    const asked = `source ${folder.path}/script.fish; complete -C '${line}'`;
    const env = { HOME: folder.path, PATH: `${folder.path}:/usr/bin:/bin` };
    const text = await ran("/usr/bin/fish", ["--no-config", "-c", asked], { env });
    return text.split("\n").map((one) => one.split("\t")[0]);
  };
  assertEquals(await offers("meshwright hist"), ["history"]);
  assertEquals(await offers("meshwright get --output y"), ["yaml"]);
  assertEquals(await offers("meshwright resume s"), ["shop", "store"]);
  assertEquals(await offers("meshwright get functions "), ["orders"]);
  assertEquals(await offers("meshwright completion z"), ["zsh"]);
  assertEquals(await offers("kubectl-mesh get syncs --all"), ["--all-namespaces"]);
});

Deno.test("completion for zsh is a script that zsh can read", async () => {
  await needProgram("/usr/bin/zsh", "zsh");
  await using folder = await temporaryFolder();
  const path = `${folder.path}/_meshwright`;
  await Deno.writeTextFile(path, await script("zsh"));
  await ran("/usr/bin/zsh", ["--no-rcs", "-n", path]);
  const load =
    `autoload -U compinit; compinit -D -d ${folder.path}/dump; source ${path}; echo $_comps[meshwright] $_comps[kubectl-mesh]`;
  assertEquals(await ran("/usr/bin/zsh", ["--no-rcs", "-c", load]), "_meshwright _meshwright");
});

Deno.test("completion names the shells that there are", async () => {
  for (const words of [[], ["tcsh"], ["bash", "zsh"]]) {
    const { code, notes } = await meshwright(["completion", ...words]);
    assertEquals(code, 2);
    assertStringIncludes(notes.join("\n"), "bash|zsh|fish");
  }
});
