import { programArguments } from "#install";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { anyBase, compileProgram } from "../../scripts/compile.ts";
import { localTarget } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { install, installation, startProgram } from "../support/installed_program.ts";
import { functionObject } from "../support/objects.ts";
import { ran } from "../support/programs.ts";
import { openWindow, startChromium, watched } from "../browser/support/chromium.ts";

const cluster = testCluster({ alone: true });

/** The binary, made once for this file: with a base that cannot be had every test fails, and says so. */
let binary = "";
Deno.test.beforeAll(async () => {
  binary = `${await Deno.makeTempDir({ prefix: "meshwright-binary-" })}/meshwright`;
  await compileProgram({ output: binary, base: await anyBase() });
});
Deno.test.afterAll(() => Deno.remove(binary.replace(/\/meshwright$/, ""), { recursive: true }));

Deno.test("the binary tells the commit that it was made from", async () => {
  const commit = await ran("git", ["log", "-1", "--format=%h", "--abbrev=12"]);
  const text = await ran(binary, ["--version"]);
  assertMatch(text, /^meshwright \d+\.\d+\.\d+ \(commit \w+(\+changes)? of \d{4}-\d\d-\d\d, deno /);
  assertStringIncludes(text, `(commit ${commit}`);
});

Deno.test("the binary renders what the source renders", async () => {
  const words = ["render", "-f", "gitops/mesh/orders.yaml"];
  const text = await ran(binary, words);
  assertStringIncludes(text, "kind: StatefulSet");
  assertEquals(text, await ran(Deno.execPath(), ["run", "-A", "main.ts", ...words]));
});

Deno.test("the binary reads in a thread of its own what is large, as the source does", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/many.yaml`;
  const one = (index: number) =>
    `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a${index}, labels: {a: b}}\n`;
  await Deno.writeTextFile(path, Array.from({ length: 1_000 }, (_, i) => one(i)).join(""));
  const { stderr, success } = await new Deno.Command(binary, { args: ["validate", path] }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals([text.trim(), success], ["1 file, 1000 objects, 0 problems", true]);
});

Deno.test("the binary says no with exit code 2 as the source does", async () => {
  const command = new Deno.Command(binary, {
    args: ["run", "--concurrency=many"],
    stderr: "piped",
  });
  const { code, stderr } = await command.output();
  assertEquals(code, 2);
  assertStringIncludes(new TextDecoder().decode(stderr), "no whole number");
});

Deno.test("the binary has no permission to write where no repository is kept", async () => {
  await using folder = await temporaryFolder();
  const child = new Deno.Command(binary, {
    args: [
      "sync",
      "--once",
      "--git-url=https://127.0.0.1:1/a.git",
      "--wait=30s",
      "--cache-dir=/var/lib/elsewhere",
    ],
    env: { KUBECONFIG: cluster.kubeconfigPath, HOME: folder.path },
  });
  const { code, stderr, stdout } = await child.output();
  const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  assertEquals(code, 1, text);
  assertStringIncludes(text, "/var/lib/elsewhere");
});

Deno.test("the binary runs with the rights of install: a mesh from Git, the webhook, the lease", async () => {
  const chosen = installation({ replicas: 2 });
  const { namespace } = chosen;
  await install(cluster, chosen);
  await using repository = await testRepository();
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir("gitops/mesh")) {
    files[name] = await Deno.readTextFile(`gitops/mesh/${name}`);
  }
  await repository.commit(files);
  await using server = gitServer({ folder: repository.directory.replace(/\/work$/, "") });
  const startMs = performance.now();
  await using program = await startProgram(cluster, {
    namespace,
    command: [binary],
    flags: [
      ...programArguments(chosen),
      ...[`--git-url=${server.url}/work/.git`, "--git-interval=1s"],
      ...["--enable-webhooks=true", `--webhook-addr=${localTarget().address}`],
    ],
  });
  await eventually(async () => {
    const text = await program.readiness();
    if (!text.includes("[+]") || text.includes("[-]")) throw new Error(text);
    return true;
  }, { intervalMs: 50 });
  const readyMs = performance.now() - startMs;
  await cluster.kubectl([
    ...["wait", "--for=condition=Ready", "msync/bootstrap", "-n", namespace, "--timeout=60s"],
  ]);
  await cluster.kubectl(["wait", "--for=condition=Ready", "fmesh/orders", "-n", "shop"]);
  assertEquals(await program.answered(/^403$/), []);
  const [memory] = await program.metric("process_resident_memory_bytes");
  // For people who read the log: speed depends on the machine, so that nothing is asserted of it.
  await Deno.stderr.write(new TextEncoder().encode(
    `binary: ready ${Math.round(readyMs)} ms after its start, ` +
      `${Math.round((memory?.value ?? 0) / 2 ** 20)} MiB\n`,
  ));
  assert(!/NotCapable|Requires .* access/.test(program.log()), program.log());
});

Deno.test("the binary has the console's page in it: a browser shows what runs, and loads nothing from elsewhere", async () => {
  const chosen = installation({ namespace: "binary-page", console: true });
  const { namespace } = chosen;
  await install(cluster, chosen);
  const { metadata: _other, ...shown } = functionObject("seen", { replicas: 0, minReplicas: 0 });
  await cluster.apply({ ...shown, metadata: { namespace, name: "seen" } });
  await using program = await startProgram(cluster, {
    namespace,
    command: [binary],
    flags: [...programArguments(chosen), "--webhook-addr=0", "--console-addr=127.0.0.1:0"],
  });
  await eventually(async () => (await program.readiness()).includes("readyz ok"));
  const url = await eventually(() =>
    /"message":"Listening".*"console":"([^"]+)"/.exec(program.log())?.[1]
  );
  const browser = await startChromium();
  try {
    const page = await (await openWindow(browser)).newPage();
    page.setDefaultTimeout(120_000);
    const faults = await watched(page, url);
    await page.goto(url);
    await page.locator(`[data-id="c:Function/${namespace}/seen"]`).click();
    const panel = page.getByRole("complementary", { name: "Function seen" });
    await panel.getByText("From commit to container").waitFor();
    assertEquals(faults, []);
  } finally {
    await browser.close();
  }
});
