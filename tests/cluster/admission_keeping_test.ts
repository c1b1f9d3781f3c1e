import { CONFIGURATION_TYPE, SECRET_TYPE } from "#admission";
import { errorText, type KubeObject, type ObjectKey, systemClock } from "#base";
import { isInvalid } from "#kube";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  installKinds,
  localTarget,
  type RunningAdmission,
  startAdmission,
  whenInstalled,
} from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { functionObject } from "../support/objects.ts";
import { type TestClient, testClient } from "../support/transport.ts";

const cluster = testCluster();

interface Story {
  readonly client: TestClient;
  readonly namespace: string;
  /** Starts a webhook that ends with the test. */
  start: (choices?: Parameters<typeof startAdmission>[2]) => RunningAdmission;
}

/** A namespace, and webhooks whose configurations are removed in the end. */
async function story(test: (story: Story) => Promise<void>): Promise<void> {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  const started: RunningAdmission[] = [];
  const start: Story["start"] = (choices) => {
    const webhook = startAdmission(client.cluster, space.name, choices);
    started.push(webhook);
    return webhook;
  };
  try {
    await test({ client, namespace: space.name, start });
  } finally {
    for (const webhook of started) await webhook[Symbol.asyncDispose]();
    for (const name of new Set(started.map(({ configuration }) => configuration))) {
      const { apiVersion, kind } = CONFIGURATION_TYPE;
      await client.cluster.remove({ apiVersion, kind, namespace: "", name });
    }
  }
}

/** Whether an invalid resource is refused right now, and for the right reason. */
async function isRefused({ client, namespace }: Story): Promise<boolean> {
  const { apiVersion, kind, spec } = functionObject("x", { output: { topic: "http://no" } });
  const metadata = { name: "invalid", namespace };
  try {
    await client.cluster.apply({ apiVersion, kind, metadata, spec }, {
      fieldManager: "test",
      dryRun: true,
    });
    return false;
  } catch (error) {
    if (isInvalid(error) && errorText(error).includes("spec.output.topic")) return true;
    throw error;
  }
}

/** Whether somebody who trusts the authorities of a bundle, in base64, gets through with a new connection. */
async function isTrusted(url: string, bundle: string | undefined): Promise<boolean> {
  const client = Deno.createHttpClient({ caCerts: [atob(bundle ?? "")] });
  try {
    const response = await fetch(url, { client });
    await response.body?.cancel();
    return response.status === 404;
  } finally {
    client.close();
  }
}

async function secretData(client: TestClient, key: ObjectKey): Promise<Record<string, string>> {
  const secret = await client.cluster.get(SECRET_TYPE, key);
  return (secret?.["data"] ?? {}) as Record<string, string>;
}

async function configuration(client: TestClient, name: string): Promise<KubeObject | undefined> {
  return await client.cluster.get(CONFIGURATION_TYPE, { namespace: "", name });
}

interface StoredWebhook {
  readonly failurePolicy: string;
  readonly clientConfig: { readonly caBundle?: string; readonly service?: unknown };
}

async function firstWebhook(client: TestClient, name: string): Promise<StoredWebhook | undefined> {
  const webhooks = (await configuration(client, name))?.["webhooks"] as StoredWebhook[] | undefined;
  return webhooks?.[0];
}

Deno.test("replicas that start together share one authority and one certificate", async () => {
  await story(async (story) => {
    const { client, start } = story;
    const target = localTarget();
    const replicas = [
      start(target),
      ...[1, 2].map(() => start({ ...localTarget(), url: target.url })),
    ];
    await Promise.all(replicas.map(whenInstalled));
    const made = replicas.flatMap(({ logLines }) => logLines)
      .filter((line) => line.includes("Made a certificate"));
    assertEquals(made.length, 1, made.join("\n"));
    const [{ authoritySecret, secret, configuration: name }] = replicas as [RunningAdmission];
    const data = await secretData(client, secret);
    assertEquals(Object.keys(data).sort(), ["ca.crt", "tls.crt", "tls.key"]);
    const authority = await secretData(client, authoritySecret);
    assertEquals(Object.keys(authority).sort(), ["ca.crt", "ca.key"]);
    assertEquals(authority["ca.crt"], data["ca.crt"]);
    assertEquals((await firstWebhook(client, name))?.clientConfig.caBundle, data["ca.crt"]);
    await eventually(() => isRefused(story));
  });
});

Deno.test("a deleted Secret is made anew, and the API server trusts what is in it", async () => {
  await story(async (story) => {
    const { client, start } = story;
    const webhook = start();
    await whenInstalled(webhook);
    await eventually(() => isRefused(story));
    const before = await secretData(client, webhook.secret);
    await client.cluster.remove({ apiVersion: "v1", kind: "Secret", ...webhook.secret });
    const after = await eventually(async () => {
      const data = await secretData(client, webhook.secret);
      return data["ca.crt"] !== undefined && data;
    });
    assertNotEquals(after["tls.crt"], before["tls.crt"]);
    assertEquals(after["ca.crt"], before["ca.crt"], "its authority has a Secret of its own");
    await eventually(async () => {
      const stored = await firstWebhook(client, webhook.configuration);
      return stored?.clientConfig.caBundle === after["ca.crt"];
    });
    await eventually(() => isRefused(story));
  });
});

Deno.test("a deleted authority is made anew with the next certificate, and trusted (L9)", async () => {
  await story(async (story) => {
    const { client, start } = story;
    const webhook = start();
    await whenInstalled(webhook);
    await eventually(() => isRefused(story));
    const before = await secretData(client, webhook.secret);
    for (const key of [webhook.authoritySecret, webhook.secret]) {
      await client.cluster.remove({ apiVersion: "v1", kind: "Secret", ...key });
    }
    await eventually(async () => {
      const stored = await firstWebhook(client, webhook.configuration);
      return stored?.clientConfig.caBundle !== before["ca.crt"];
    });
    await eventually(() => isRefused(story));
  });
});

Deno.test("the authority's key leaves the Secret of what is served, and no review is missed (L9)", async () => {
  await story(async (story) => {
    const { client, namespace, start } = story;
    const target = localTarget();
    const first = start(target);
    await whenInstalled(first);
    await first[Symbol.asyncDispose]();
    const authority = await secretData(client, first.authoritySecret);
    const before = await secretData(client, first.secret);
    // As an earlier version left it.
    const patch = JSON.stringify({ data: { "ca.key": authority["ca.key"] } });
    await cluster.kubectl(["patch", "secret", first.secret.name, "-n", namespace, "-p", patch]);
    await client.cluster.remove({ apiVersion: "v1", kind: "Secret", ...first.authoritySecret });
    let aheadMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    const webhook = start({ ...target, clock });
    await whenInstalled(webhook);
    await eventually(() => isRefused(story));
    await eventually(async () => {
      assert(await isRefused(story));
      return (await secretData(client, webhook.authoritySecret))["ca.key"] !== undefined;
    });
    assertEquals((await secretData(client, webhook.secret))["ca.key"], authority["ca.key"]);
    aheadMs = 11 * 60_000;
    await eventually(async () => {
      assert(await isRefused(story));
      return (await secretData(client, webhook.secret))["ca.key"] === undefined;
    });
    assertEquals(await secretData(client, webhook.secret), before);
    assertEquals(await secretData(client, webhook.authoritySecret), authority);
  });
});

Deno.test("a damaged Secret is mended", async () => {
  await story(async (story) => {
    const { client, namespace, start } = story;
    const webhook = start();
    await whenInstalled(webhook);
    const before = await secretData(client, webhook.secret);
    const patch = '{"data":{"tls.key":"bm8ga2V5"}}';
    await cluster.kubectl(["patch", "secret", webhook.secret.name, "-n", namespace, "-p", patch]);
    const after = await eventually(async () => {
      const data = await secretData(client, webhook.secret);
      return data["tls.key"] !== "bm8ga2V5" && data;
    });
    assertEquals(after["ca.crt"], before["ca.crt"]);
    assertNotEquals(after["tls.crt"], before["tls.crt"]);
    await eventually(() => isRefused(story));
  });
});

Deno.test("certificate and authority are renewed while reviews go on, and none is missed", async () => {
  await story(async (story) => {
    const { client, start } = story;
    // Renewed a third of these after they were made.
    const webhook = start({ terms: { certificateMs: 6_000, authorityMs: 20_000 } });
    await whenInstalled(webhook);
    await eventually(() => isRefused(story));
    const seen = { certificates: new Set<string>(), authorities: new Set<string>() };
    const endMs = performance.now() + 9_000;
    let reviews = 0;
    while (performance.now() < endMs) {
      assert(await isRefused(story), `review ${reviews}:\n${webhook.logLines.join("\n")}`);
      reviews++;
      const data = await secretData(client, webhook.secret);
      assert(await isTrusted(webhook.url, data["ca.crt"]), "the authority of the Secret will do");
      seen.certificates.add(data["tls.crt"] ?? "");
      seen.authorities.add(data["ca.crt"] ?? "");
    }
    assert(seen.certificates.size >= 3, `${seen.certificates.size} certificates`);
    assertEquals(seen.authorities.size, 2);
    const stored = await firstWebhook(client, webhook.configuration);
    const trusted = atob(stored?.clientConfig.caBundle ?? "");
    assertEquals(trusted.match(/BEGIN CERTIFICATE/g)?.length, 2, "the old authority stays trusted");
    assert(reviews > 50, `${reviews} reviews`);
  });
});

Deno.test("a configuration that somebody changes is put right, and otherwise not written", async () => {
  await story(async ({ client, start }) => {
    const webhook = start();
    await whenInstalled(webhook);
    const name = webhook.configuration;
    const wanted = (await configuration(client, name))?.["webhooks"];
    const patch = JSON.stringify([
      { op: "replace", path: "/webhooks/0/failurePolicy", value: "Fail" },
      { op: "remove", path: "/webhooks/1" },
    ]);
    await cluster.kubectl(["patch", CONFIGURATION_TYPE.kind, name, "--type=json", "-p", patch]);
    await eventually(async () => {
      const live = (await configuration(client, name))?.["webhooks"] as { name: string }[];
      const byName = (a: { name: string }, b: { name: string }) => a.name < b.name ? -1 : 1;
      assertEquals([...live].sort(byName), [...wanted as { name: string }[]].sort(byName));
      return true;
    });
    const writes = () =>
      client.requests.filter(({ verb }) => !["get", "discover"].includes(verb)).length;
    const before = [writes(), (await configuration(client, name))?.metadata.resourceVersion];
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const after = [writes(), (await configuration(client, name))?.metadata.resourceVersion];
    assertEquals(after, before);
  });
});

Deno.test("a Secret of somebody else stays as it is, and that is said", async () => {
  await story(async ({ client, namespace, start }) => {
    const metadata = { name: "meshwright-local-tls", namespace };
    await client.cluster.create({ apiVersion: "v1", kind: "Secret", metadata });
    const webhook = start();
    await eventually(() => webhook.admission.problem()?.includes("it is not this program's"));
    assertEquals(await secretData(client, webhook.secret), {});
    assertEquals(await configuration(client, webhook.configuration), undefined);
  });
});

Deno.test("a Service is waited for, and blocks nobody while nothing is behind it", async () => {
  await story(async (story) => {
    const { client, namespace, start } = story;
    const { address } = localTarget();
    const [asked, welcome] = [true, false].map((required) =>
      start({ address, url: undefined, required })
    ) as [RunningAdmission, RunningAdmission];
    await welcome[Symbol.asyncDispose]();
    await eventually(() =>
      asked.admission.problem()?.includes(`there is no Service ${namespace}/meshwright-webhook`)
    );
    assertEquals(welcome.admission.problem(), undefined, "nobody asked for it");
    await cluster.apply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "meshwright-webhook", namespace },
      spec: { selector: { app: "meshwright" }, ports: [{ port: 443, targetPort: 9443 }] },
    });
    await whenInstalled(asked);
    assertEquals(asked.configuration, `meshwright-webhook.${namespace}`);
    assertEquals((await firstWebhook(client, asked.configuration))?.clientConfig.service, {
      namespace,
      name: "meshwright-webhook",
      path: "/validate-compute-functionmesh-io-v1alpha1-function",
      port: 443,
    });
    assertEquals(await isRefused(story), false);
  });
});

Deno.test("a certificate in a folder is served and reloaded, and its authority left to others", async () => {
  await story(async (story) => {
    const { client, start } = story;
    const target = localTarget();
    // Made by a webhook of our own, then handed over as cert-manager would mount it.
    const maker = start(target);
    await whenInstalled(maker);
    const data = await secretData(client, maker.secret);
    await maker[Symbol.asyncDispose]();
    const folder = await Deno.makeTempDir();
    try {
      for (const name of ["tls.crt", "tls.key"]) {
        await Deno.writeTextFile(`${folder}/${name}`, atob(data[name] ?? ""));
      }
      const { apiVersion, kind } = CONFIGURATION_TYPE;
      await client.cluster.remove({ apiVersion, kind, namespace: "", name: maker.configuration });
      const webhook = start({ ...target, certificateFolder: folder });
      await whenInstalled(webhook);
      assertEquals(
        (await firstWebhook(client, webhook.configuration))?.clientConfig.caBundle,
        undefined,
      );
      assertEquals(await isRefused(story), false, "the API server trusts nobody yet");
      const patch = JSON.stringify(
        [0, 1, 2, 3, 4, 5].map((index) => ({
          op: "add",
          path: `/webhooks/${index}/clientConfig/caBundle`,
          value: data["ca.crt"],
        })),
      );
      await cluster.kubectl(["patch", kind, webhook.configuration, "--type=json", "-p", patch]);
      await eventually(() => isRefused(story));
      await Deno.remove(`${folder}/tls.key`);
      await eventually(() => webhook.logLines.some((line) => line.includes("it has no tls.key")));
      assert(await isRefused(story), "it goes on with what it has");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});
