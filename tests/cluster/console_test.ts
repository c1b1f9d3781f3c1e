/** The console as `install --console` has it: with the rights of that, over TLS, before an API server that says who may what. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { programArguments } from "#install";
import { consolePageFolder } from "../../scripts/console_page.ts";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { streamOf } from "../support/console_stand.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { install, installation, startProgram } from "../support/installed_program.ts";
import { functionObject } from "../support/objects.ts";

const cluster = testCluster({ alone: true });

/** A ServiceAccount with a right to something in its namespace, and its token. */
async function viewerIn(namespace: string, resources: string): Promise<string> {
  const place = ["-n", namespace];
  await cluster.kubectl(["create", "serviceaccount", "viewer", ...place]);
  await cluster.kubectl([
    ...["create", "role", "viewer", ...place, "--verb=get"],
    `--resource=${resources}`,
  ]);
  await cluster.kubectl([
    ...["create", "rolebinding", "viewer", ...place, "--role=viewer"],
    `--serviceaccount=${namespace}:viewer`,
  ]);
  return (await cluster.kubectl(["create", "token", "viewer", ...place])).trim();
}

/** A Function that no mesh is for. */
function shown(namespace: string, name: string): object {
  const { metadata: _other, ...rest } = functionObject(name, { replicas: 0, minReplicas: 0 });
  return { ...rest, metadata: { namespace, name } };
}

/** The port that the program's log tells, and a client that trusts the authority of its Secret. */
async function trusted(namespace: string, log: () => string) {
  const port = await eventually(() => {
    const [, port] = /"message":"Serving console over TLS".*"port":(\d+)/.exec(log()) ?? [];
    return port;
  });
  const { data } = await cluster.get<{ data: Record<string, string> }>(
    ["secret", "meshwright-console-tls", "-n", namespace],
  );
  const client = Deno.createHttpClient({ caCerts: [atob(data["ca.crt"] ?? "")] });
  return { url: `https://127.0.0.1:${port}`, client };
}

Deno.test("a user with rights in one namespace sees that one in the console, and the program needs no more than install gives", async () => {
  await consolePageFolder({ progress: progressOnStderr });
  const chosen = installation({ namespace: "console-program", console: true });
  const { namespace } = chosen;
  await install(cluster, chosen);
  await using own = await cluster.namespace();
  await using other = await cluster.namespace();
  const token = await viewerIn(own.name, "functions.compute.functionmesh.io");
  await cluster.apply(shown(own.name, "seen"), shown(other.name, "hidden-one"));
  await using program = await startProgram(cluster, {
    namespace,
    flags: [...programArguments(chosen), "--webhook-addr=0", "--console-addr=:0"],
  });
  await eventually(async () => (await program.readiness()).includes("readyz ok"));
  const { client, url } = await trusted(namespace, program.log);
  using _client = client;
  {
    await using stream = await streamOf(url, token, client);
    const view = await stream.next();
    assertEquals(Object.keys(view?.data.components), [`Function/${own.name}/seen`]);
    assertEquals(view?.data.someHidden, true);
    assertEquals(new RegExp(`hidden-one|${other.name}`).exec(JSON.stringify(view)), null);
    await cluster.apply(shown(other.name, "hidden-two"), shown(own.name, "seen-too"));
    const change = await stream.nextOf("change");
    assertEquals(JSON.stringify(change).includes(other.name), false);
  }
  const ask = async (path: string, shownToken = token) => {
    const headers = { authorization: `Bearer ${shownToken}` };
    const answer = await fetch(`${url}${path}`, { client, headers });
    return [answer.status, await answer.text()] as const;
  };
  const of = (space: string, name: string) =>
    `/api/explain?kind=Function&namespace=${space}&name=${name}`;
  const [status, text] = await ask(of(own.name, "seen"));
  assertEquals([status, JSON.parse(text).object], [200, `Function ${own.name}/seen`]);
  assertStringIncludes(text, "StatefulSets of");
  assertEquals((await ask(of(other.name, "hidden-one")))[0], 403);
  assertEquals((await ask(of(other.name, "not-there")))[0], 403, "nobody learns what is there");
  assertEquals((await ask("/api/stream", "made.up.token"))[0], 401);
  assertEquals((await ask("/"))[0], 200);
  assertEquals(await program.answered(/^403$/), []);
  assertEquals(program.log().includes(token), false);
  await cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
});
