import { CONFIGURATION_TYPE } from "#admission";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { installKinds, localTarget } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { functionObject } from "../support/objects.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

interface Program extends AsyncDisposable {
  readonly healthUrl: string;
  readonly log: () => string;
}

/** `meshwright run` as a process of its own, for one namespace. */
function program(namespace: string, flags: readonly string[]): Program {
  const { address } = localTarget();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "main.ts",
      "run",
      ...[`--namespace=${namespace}`, `--watched-namespace=${namespace}`],
      ...["--metrics-addr=0", `--health-probe-addr=${address}`, "--install-crds=false"],
      ...flags,
    ],
    env: { KUBECONFIG: cluster.kubeconfigPath },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) log += text;
  })();
  return {
    healthUrl: `http://${address}`,
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const { code } = await child.status;
      await reading;
      assertEquals(code, 0, log);
    },
  };
}

async function readiness({ healthUrl }: Program): Promise<string> {
  const response = await fetch(`${healthUrl}/readyz?verbose`);
  return await response.text();
}

Deno.test("run --webhook-url serves the webhook that the API server asks", async () => {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  const { address, url } = localTarget();
  const configuration = `meshwright-local.${space.name}`;
  try {
    await using running = program(space.name, [
      `--webhook-addr=${address}`,
      `--webhook-url=${url}`,
    ]);
    await eventually(async () => (await readiness(running)).includes("[+]admission ok"));
    const { apiVersion, kind, spec } = functionObject("x", { output: { topic: "http://no" } });
    const object = { apiVersion, kind, metadata: { name: "x", namespace: space.name }, spec };
    await eventually(async () => {
      const answer = await cluster.tryKubectl(["apply", "-f", "-"], {
        stdin: JSON.stringify(object),
      });
      return answer.code === 1 && answer.stderr.includes("spec.output.topic");
    });
    await eventually(() => running.log().includes("Refused a resource"));
  } finally {
    await cluster.kubectl(["delete", CONFIGURATION_TYPE.kind, configuration, "--ignore-not-found"]);
  }
});

Deno.test("run with a mere kubeconfig has no webhook, and says why", async () => {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  await using running = program(space.name, []);
  await eventually(async () => (await readiness(running)).includes("[+]caches ok"));
  assertStringIncludes(await readiness(running), "[+]admission ok");
  assertStringIncludes(running.log(), '"reason":"not in a cluster, and no --webhook-url"');
});

Deno.test("run --enable-webhooks=true is not ready without its Service, and works nevertheless", async () => {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  const { address } = localTarget();
  await using running = program(space.name, [
    `--webhook-addr=${address}`,
    "--enable-webhooks=true",
  ]);
  await eventually(async () => {
    const text = await readiness(running);
    return text.includes(`there is no Service ${space.name}/meshwright-webhook`) &&
      text.includes("[+]caches ok");
  });
  const { apiVersion, kind, spec } = functionObject("x");
  await cluster.apply({ apiVersion, kind, metadata: { name: "x", namespace: space.name }, spec });
  await eventually(async () =>
    (await cluster.tryKubectl(["get", "sts", "-n", space.name, "x-function"])).code === 0
  );
});
