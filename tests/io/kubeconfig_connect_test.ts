// What kubeconfigs say about a connection has its effect, or is refused by name: servers and proxies on loopback.
import { type Clock, StalledError, systemClock } from "#base";
import { httpTransport, NoAnswerError } from "#kube";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "../../src/kube/connect.ts";
import { ownCertificates } from "../support/certificates.ts";
import { connectProxy, type ServerKey, socksProxy } from "../support/connect_proxy.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { kubeconfig, writtenKubeconfig as written } from "../support/kubeconfigs.ts";

interface Echo extends AsyncDisposable {
  readonly url: string;
  readonly caPem: string;
  readonly key: ServerKey;
}

/** Answers each request with the lines of its head: method, path, then names and values. */
async function echoServer(host = "127.0.0.1", port = 0): Promise<Echo> {
  const { authorities: [caPem = ""], certificate: cert, privateKey } = await ownCertificates([
    host,
  ]);
  const key = { cert, key: privateKey };
  const server = https.createServer(key, (request, response) => {
    let body = "";
    request.on("data", (part) => body += part);
    request.on("end", () => {
      const { method, rawHeaders, url } = request;
      response.end(JSON.stringify({ method, url, body, lines: rawHeaders }));
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(port, "127.0.0.1", () => resolve());
  await promise;
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem,
    key,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

const ASK = { verb: "get", kind: "Pod" };
const env = () => undefined;
/** A connection that fails is not tried again. */
const ONCE = { triesMax: 1 };

interface Heard {
  readonly lines: readonly string[];
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

async function heard(path: string, request: object = {}, clock: Clock = systemClock) {
  const { endpoint } = await connect({ kubeconfig: path, env, clock });
  await using transport = httpTransport(endpoint, ONCE);
  const answer = await transport.request({ path: "/a", ask: ASK, ...request });
  return answer as unknown as Heard;
}

const valuesOf = ({ lines }: Heard, name: string) =>
  lines.filter((_, at) => lines[at - 1]?.toLowerCase() === name);

Deno.test("insecure-skip-tls-verify connects to a server that nobody vouches for, with a warning", async () => {
  await using server = await echoServer("other.example");
  await using folder = await temporaryFolder();
  const path = await written(folder.path, kubeconfig({ server: server.url }));
  await assertRejects(() => heard(path), NoAnswerError);
  await written(
    folder.path,
    kubeconfig({ server: server.url, "insecure-skip-tls-verify": true }),
  );
  const body = { kind: "Größe" };
  const answer = await heard(path, { method: "PUT", body });
  assertEquals([answer.method, answer.url], ["PUT", "/a"]);
  assertEquals(JSON.parse(answer.body), body);
  assertEquals(valuesOf(answer, "authorization"), ["Bearer t0"]);
  const { warnings } = await connect({ kubeconfig: path, env, clock: systemClock });
  assertEquals(warnings.length, 1);
  assertStringIncludes(
    warnings[0] ?? "",
    "Context x does not verify its API server, as clusters[0].cluster.insecure-skip-tls-verify",
  );
});

Deno.test("insecure-skip-tls-verify that is false, or absent, verifies without a warning", async () => {
  await using server = await echoServer();
  await using folder = await temporaryFolder();
  const cluster = { server: server.url, "certificate-authority-data": btoa(server.caPem) };
  for (const more of [{}, { "insecure-skip-tls-verify": false }]) {
    const path = await written(folder.path, kubeconfig({ ...cluster, ...more }));
    assertEquals((await heard(path)).url, "/a");
    const { warnings } = await connect({ kubeconfig: path, env, clock: systemClock });
    assertEquals(warnings, []);
  }
});

Deno.test("tls-server-name is the name that the certificate has to be for, by the authority of the cluster", async () => {
  await using server = await echoServer("kube.example");
  await using folder = await temporaryFolder();
  const cluster = { server: server.url, "certificate-authority-data": btoa(server.caPem) };
  const at = (more: object) => written(folder.path, kubeconfig({ ...cluster, ...more }));
  await assertRejects(async () => heard(await at({})), NoAnswerError);
  assertEquals((await heard(await at({ "tls-server-name": "kube.example" }))).url, "/a");
  await assertRejects(
    async () => heard(await at({ "tls-server-name": "other.example" })),
    NoAnswerError,
  );
  const foreign = await ownCertificates(["kube.example"]);
  const unknown = {
    "certificate-authority-data": btoa(foreign.authorities[0] ?? ""),
    "tls-server-name": "kube.example",
  };
  await assertRejects(async () => heard(await at(unknown)), NoAnswerError);
});

Deno.test("proxy-url leads through http, https and socks5 proxies, and with a name of the server's own", async () => {
  await using server = await echoServer();
  await using named = await echoServer("kube.example");
  await using plain = await connectProxy();
  await using secure = await connectProxy(server.key);
  await using socks = await socksProxy();
  await using folder = await temporaryFolder();
  const cluster = { server: server.url, "certificate-authority-data": btoa(server.caPem) };
  const other = { server: named.url, "insecure-skip-tls-verify": true };
  const both = [cluster, other];
  const cases = [
    { proxy: plain, url: `http://ada:p%40ss@127.0.0.1:${plain.port}`, clusters: both },
    { proxy: secure, url: `https://127.0.0.1:${secure.port}`, clusters: [cluster] },
    { proxy: socks, url: `socks5://127.0.0.1:${socks.port}`, clusters: [cluster] },
  ];
  for (const { proxy, url, clusters } of cases) {
    for (const [index, one] of clusters.entries()) {
      const path = await written(folder.path, kubeconfig({ ...one, "proxy-url": url }));
      assertEquals((await heard(path)).url, "/a", url);
      assertEquals(proxy.passed(), index + 1, url);
    }
  }
  assertEquals(plain.login(), `Basic ${btoa("ada:p@ss")}`);
});

Deno.test("an https proxy is verified where the API server goes by another name", async () => {
  await using server = await echoServer("kube.example");
  await using folder = await temporaryFolder();
  const at = (proxy: { readonly port: number }) =>
    written(
      folder.path,
      kubeconfig({
        server: server.url,
        "certificate-authority-data": btoa(server.caPem),
        "tls-server-name": "kube.example",
        "proxy-url": `https://127.0.0.1:${proxy.port}`,
      }),
    );
  await using stranger = await connectProxy(server.key);
  await assertRejects(async () => heard(await at(stranger)), NoAnswerError);
  assertEquals(stranger.passed(), 0);
});

Deno.test("paths of a kubeconfig start where it is, and data goes before files", async () => {
  await using server = await echoServer();
  await using folder = await temporaryFolder();
  const { path: root } = folder;
  await Deno.mkdir(`${root}/pki`);
  await Deno.writeTextFile(`${root}/pki/ca.crt`, server.caPem);
  await Deno.writeTextFile(`${root}/pki/token`, "t1\n");
  await Deno.writeTextFile(`${root}/pki/wrong`, "no certificate");
  const cluster = { server: server.url, "certificate-authority": "pki/ca.crt" };
  const user = { token: "t0", tokenFile: "pki/token" };
  const path = await written(root, kubeconfig(cluster, user));
  assertEquals(valuesOf(await heard(path), "authorization"), ["Bearer t1"]);
  const data = { "certificate-authority-data": btoa(server.caPem) };
  const mixed = { ...cluster, ...data, "certificate-authority": "pki/wrong" };
  assertEquals((await heard(await written(root, kubeconfig(mixed)))).url, "/a");
  const pair = {
    "client-certificate": "pki/wrong",
    "client-certificate-data": btoa(server.key.cert),
    "client-key": "pki/wrong",
    "client-key-data": btoa(server.key.key),
  };
  assertEquals((await heard(await written(root, kubeconfig(mixed, pair)))).url, "/a");
});

Deno.test("a name with a password says who asks, and a token goes before it", async () => {
  await using server = await echoServer();
  await using folder = await temporaryFolder();
  const cluster = { server: server.url, "certificate-authority-data": btoa(server.caPem) };
  const said = async (user: object) =>
    valuesOf(
      await heard(await written(folder.path, kubeconfig(cluster, user as never))),
      "authorization",
    );
  assertEquals(await said({ username: "änn", password: "p:w" }), [
    `Basic ${new TextEncoder().encode("änn:p:w").toBase64()}`,
  ]);
  assertEquals(await said({ username: "ann", password: "pw", token: "t" }), ["Bearer t"]);
});

Deno.test("of several files the first that has an entry or a current context counts, and some may be missing or empty", async () => {
  await using folder = await temporaryFolder();
  const { path: root } = folder;
  const server = (name: string) => ({ server: `http://${name}.example` });
  await written(root, { ...kubeconfig(server("one")), contexts: [], "current-context": "" }, "one");
  const other = kubeconfig(server("two"));
  await written(
    root,
    { ...other, contexts: [...other.contexts, { name: "y", context: { cluster: "c" } }] },
    "two",
  );
  await written(root, { "current-context": "y" }, "three");
  await Deno.writeTextFile(`${root}/empty`, "");
  const of = (names: readonly string[], context?: string) =>
    connect({
      kubeconfig: names.map((name) => `${root}/${name}`).join(":"),
      env,
      clock: systemClock,
      ...(context === undefined ? {} : { context }),
    });
  const found = await of(["empty", "missing", "one", "two", "three"]);
  assertEquals([found.endpoint.server, found.namespace], ["http://one.example/", "shop"]);
  const second = await of(["three", "two", "one"]);
  assertEquals([second.endpoint.server, second.namespace], ["http://two.example/", "default"]);
  const error = await assertRejects(() => of(["one", "two"], "z"), StalledError);
  assertEquals(error.message, "Cannot use context z: the kubeconfig has x, y");
});

/** A plugin that gives what it is told in its environment back as its token. */
const PLUGIN = `#!/bin/sh
printf '{"kind":"ExecCredential","status":{"token":"%s"}}' \\
  "$(printf '%s|%s' "$1$EXTRA" "$KUBERNETES_EXEC_INFO" | base64 -w0)"
`;

Deno.test("a plugin beside its kubeconfig is told of the cluster if it asks, and only then", async () => {
  await using server = await echoServer();
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/bin`);
  await Deno.writeTextFile(`${folder.path}/bin/login`, PLUGIN, { mode: 0o755 });
  await Deno.writeTextFile(`${folder.path}/ca.crt`, server.caPem);
  const config = { audience: "mesh" };
  const cluster = {
    server: server.url,
    "certificate-authority": "ca.crt",
    extensions: [{ name: "client.authentication.k8s.io/exec", extension: config }],
  };
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "./bin/login",
    args: ["a"],
    env: [{ name: "EXTRA", value: "b" }],
    interactiveMode: "IfAvailable",
  };
  const told = async (more: object) => {
    const user = { exec: { ...exec, ...more } };
    const [header = ""] = valuesOf(
      await heard(await written(folder.path, kubeconfig(cluster, user))),
      "authorization",
    );
    const [words, info = ""] = atob(header.replace("Bearer ", "")).split("|");
    assertEquals(words, "ab");
    return JSON.parse(info);
  };
  const plain = {
    apiVersion: exec.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false },
  };
  assertEquals(await told({}), plain);
  const known = {
    server: `${server.url}/`,
    "certificate-authority-data": btoa(server.caPem),
    config,
  };
  assertEquals(await told({ provideClusterInfo: true }), {
    ...plain,
    spec: { interactive: false, cluster: known },
  });
});

Deno.test("as, as-uid, as-groups and as-user-extra go with every request, each group in a line of its own", async () => {
  await using server = await echoServer();
  await using folder = await temporaryFolder();
  const user = {
    token: "t0",
    as: "ada",
    "as-uid": "7",
    "as-groups": ["dev", "ops, all"],
    "as-user-extra": { "Example.com/Reason": ["a", "b"] },
  };
  const cluster = { server: server.url, "certificate-authority-data": btoa(server.caPem) };
  const path = await written(folder.path, kubeconfig(cluster, user));
  const answer = await heard(path);
  assertEquals(
    ["user", "uid", "group", "extra-example.com%2freason"].map((name) =>
      valuesOf(answer, `impersonate-${name}`)
    ),
    [["ada"], ["7"], ["dev", "ops, all"], ["a", "b"]],
  );
  // Whoever acts as a user with few rights does not get those of the account behind it.
  await assertRejects(
    () => heard(path, { actAs: "system:serviceaccount:shop:sync" }),
    NoAnswerError,
    "the kubeconfig acts as another user already (users[].user.as)",
  );
});

Deno.test("another authority of the server is trusted once its file says so, and not before", async () => {
  await using folder = await temporaryFolder();
  const old = await echoServer();
  const { port } = new URL(old.url);
  const caFile = `${folder.path}/ca.crt`;
  await Deno.writeTextFile(caFile, old.caPem);
  const cluster = { server: old.url };
  const paths = {
    file: kubeconfig({ ...cluster, "certificate-authority": caFile }),
    data: kubeconfig({ ...cluster, "certificate-authority-data": btoa(old.caPem) }),
  };
  const transports = await Promise.all(
    Object.entries(paths).map(async ([name, text]) => {
      const kubeconfig = `${folder.path}/${name}`;
      await Deno.writeTextFile(kubeconfig, JSON.stringify(text));
      const { endpoint } = await connect({ kubeconfig, env, clock: systemClock });
      return httpTransport(endpoint, ONCE);
    }),
  );
  const ask = (transport: typeof transports[number]) => transport.request({ path: "/a", ask: ASK });
  for (const transport of transports) await ask(transport);
  await old[Symbol.asyncDispose]();
  await using other = await echoServer("127.0.0.1", Number(port));
  for (const transport of transports) {
    // As with a process that ended.
    transport.reconnect();
    // Whoever holds the address is believed nothing: also not with files that are being written.
    await assertRejects(() => ask(transport), NoAnswerError);
    await Deno.writeTextFile(caFile, "");
    await Deno.writeTextFile(`${folder.path}/data`, "{");
    await assertRejects(() => ask(transport), NoAnswerError);
  }
  await Deno.writeTextFile(caFile, other.caPem);
  const data = { ...cluster, "certificate-authority-data": btoa(other.caPem) };
  await Deno.writeTextFile(`${folder.path}/data`, JSON.stringify(kubeconfig(data)));
  for (const transport of transports) {
    // That one fails tells that something is other than it was.
    await assertRejects(() => ask(transport), NoAnswerError);
    await ask(transport);
    await transport[Symbol.asyncDispose]();
  }
});

Deno.test("the authority of another server, that a kubeconfig names by now, is none of this one", async () => {
  await using folder = await temporaryFolder();
  const old = await echoServer();
  const { port } = new URL(old.url);
  const path = `${folder.path}/config`;
  const write = (server: string, caPem: string) =>
    Deno.writeTextFile(
      path,
      JSON.stringify(kubeconfig({ server, "certificate-authority-data": btoa(caPem) })),
    );
  await write(old.url, old.caPem);
  const { endpoint } = await connect({ kubeconfig: path, env, clock: systemClock });
  await using transport = httpTransport(endpoint, ONCE);
  await transport.request({ path: "/a", ask: ASK });
  await old[Symbol.asyncDispose]();
  await using other = await echoServer("127.0.0.1", Number(port));
  transport.reconnect();
  await write("https://other.example:6443", other.caPem);
  for (let tries = 0; tries < 3; tries++) {
    await assertRejects(() => transport.request({ path: "/a", ask: ASK }), NoAnswerError);
  }
});
