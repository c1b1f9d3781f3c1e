import { assertEquals, assertStringIncludes } from "@std/assert";
import { KNOWN_PEERS } from "../bench/peers/known_peers.ts";

/** Runs the task; answers its code and all that it says. */
async function bench(...words: string[]): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "bench", ...words],
    cwd: new URL("../..", import.meta.url).pathname,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("deno task bench --help names each peer that the bench can build, and others are refused", async () => {
  const { code, said } = await bench("--help");
  assertEquals(code, 0);
  for (const peer of KNOWN_PEERS) assertStringIncludes(said, `--peer ${peer}`);
  const refused = await bench("--peer", "nobody");
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.said, `--peer knows ${KNOWN_PEERS.join(" and ")}, not nobody`);
});

Deno.test("docs/benchmarks.md names the versions of the peers that are built", async () => {
  const page = await Deno.readTextFile("docs/benchmarks.md");
  const names = new Map([
    ["source_controller", "source-controller"],
    ["kustomize_controller", "kustomize-controller"],
    ["function_mesh", "function-mesh"],
  ]);
  for (const [folder, name] of names) {
    const module = await Deno.readTextFile(`tests/bench/peers/${folder}/go.mod`);
    const [, version] = new RegExp(`^(?:require |\\t)\\S+/${name} (v\\S+)`, "m").exec(module) ?? [];
    assertStringIncludes(page, `${name} ${version}`);
  }
});
