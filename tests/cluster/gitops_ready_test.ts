import { assertMatch } from "@std/assert";
import { localTarget } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { hangingServer } from "../support/hanging_server.ts";

const cluster = testCluster();

Deno.test("a program is ready once it looked at the repository of its flags, even if in vain", async () => {
  await using space = await cluster.namespace();
  await using remote = hangingServer();
  await using folder = await temporaryFolder();
  const { address } = localTarget();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "main.ts", "run", "--metrics-addr=0", `--health-probe-addr=${address}`],
      ...[`--namespace=${space.name}`, `--watched-namespace=${space.name}`],
      ...[`--git-url=${remote.url}/a.git`, "--git-timeout=15s", `--cache-dir=${folder.path}`],
    ],
    env: { KUBECONFIG: cluster.kubeconfigPath },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const said = async () => await (await fetch(`http://${address}/readyz?verbose`)).text();
  try {
    // Asked and not answered: everything else is in order by then.
    await eventually(() => remote.waiting().length > 0, { intervalMs: 100 });
    assertMatch(await said(), /syncs.*the MeshSync of the flags was not looked at yet/);
    await eventually(async () => !/not looked at yet/.test(await said()), {
      timeoutMs: 180_000,
      intervalMs: 200,
    });
    const response = await fetch(`http://${address}/readyz`);
    await response.body?.cancel();
    assertMatch(String(response.status), /^200$/);
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
});
