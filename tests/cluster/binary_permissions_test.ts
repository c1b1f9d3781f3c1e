import { assertEquals, assertMatch } from "@std/assert";
import { bundleProgram } from "../../scripts/compile/bundle.ts";
import { environmentVariables, permissionArguments } from "../../scripts/compile/permissions.ts";
import { testCluster } from "../support/control_plane.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";

const cluster = testCluster();

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Runs the bundle that is compiled, with this Deno. */
async function program(
  main: string,
  { words, permissions, path = Deno.env.get("PATH") ?? "" }: {
    readonly words: readonly string[];
    readonly permissions: readonly string[];
    readonly path?: string;
  },
): Promise<Ended> {
  await using home = await temporaryFolder();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...["--no-prompt", "--no-config", "--cached-only", "--unstable-worker-options"],
      ...[...permissions, main],
      ...words,
    ],
    clearEnv: true,
    env: { HOME: home.path, KUBECONFIG: cluster.kubeconfigPath, PATH: path },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("the permissions of the binary are enough, and without any one of them a sync fails", async (t) => {
  await using folder = await temporaryFolder();
  await using repository = await testRepository();
  await using space = await cluster.namespace();
  await using server = gitServer({ folder: repository.directory.replace(/\/work$/, "") });
  const metadata = { name: "settings", namespace: space.name };
  await repository.commit({
    "settings.json": JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: {} }),
  });
  const build = { commit: "0123456789ab", date: "2026-01-01" };
  const main = await bundleProgram(folder.path, { build, variables: environmentVariables() });
  const permissions = permissionArguments({ system: "linux" });
  // It needs each of them.
  const sync = (wait: string) => [
    ...["sync", "--once", `--wait=${wait}`, "--reconcile=false", "--log-level=warn"],
    ...[`--git-url=${server.url}/work/.git`, `--namespace=${space.name}`],
  ];
  // An API server that cannot be reached is waited for by the one, and told by the other.
  const get = ["get", "syncs"];
  await t.step("all of them", async () => {
    const { code, text } = await program(main, { words: sync("300s"), permissions });
    assertEquals(code, 0, text);
    await cluster.kubectl(["get", "configmap/settings", "-n", space.name]);
  });
  for (const left of permissions) {
    const [, name = ""] = /^--allow-(\w+)/.exec(left) ?? [];
    await t.step(`without ${name}`, async () => {
      const others = permissions.filter((one) => one !== left);
      const { code, text } = await program(main, {
        words: name === "net" ? get : sync("15s"),
        permissions: others,
      });
      assertEquals([name, code], [name, 1], text);
      assertMatch(text, new RegExp(`Requires ${name} access`));
    });
  }
});

Deno.test("a binary made for a login plugin of a kubeconfig runs it, and one that was not refuses", async () => {
  await using folder = await temporaryFolder();
  const { serverUrl, caPem, token } = await cluster.access();
  const plugin = `${folder.path}/bin/meshwright-test-plugin`;
  await Deno.mkdir(`${folder.path}/bin`);
  const apiVersion = "client.authentication.k8s.io/v1";
  const credential = JSON.stringify({ apiVersion, kind: "ExecCredential", status: { token } });
  await Deno.writeTextFile(plugin, `#!/bin/sh\necho '${credential}'\n`, { mode: 0o755 });
  const kubeconfig = `${folder.path}/kubeconfig`;
  const exec = { apiVersion, command: "meshwright-test-plugin", interactiveMode: "Never" };
  const clusterEntry = { server: serverUrl, "certificate-authority-data": btoa(caPem) };
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      clusters: [{ name: "test", cluster: clusterEntry }],
      users: [{ name: "test", user: { exec } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    }),
  );
  const build = { commit: "0123456789ab", date: "2026-01-01" };
  const main = await bundleProgram(folder.path, { build });
  const words = ["get", "syncs", `--kubeconfig=${kubeconfig}`];
  const path = `${folder.path}/bin:${Deno.env.get("PATH")}`;
  const made = permissionArguments({ system: "linux", plugins: ["meshwright-test-plugin"] });
  const allowed = await program(main, { words, permissions: made, path });
  assertEquals(allowed.code, 0, allowed.text);
  const others = made.filter((one) => !one.startsWith("--allow-run"));
  const refused = await program(main, {
    words,
    permissions: [...others, "--allow-run=git,gpg,sh"],
    path,
  });
  assertEquals(refused.code, 1, refused.text);
  assertMatch(refused.text, /Requires run access to "[^"]*meshwright-test-plugin"/);
});
