// Whatever kubectl can log in with, against a real API server that knows certificates and an OpenID Connect provider.
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { StalledError, systemClock } from "#base";
import { ApiError, httpCluster, httpTransport, type Transport } from "#kube";
import { type ControlPlane, startControlPlane } from "../../scripts/control_plane.ts";
import { connect } from "../../src/kube/connect.ts";
import { testAuthority } from "../support/certificates.ts";
import { connectProxy, socksProxy } from "../support/connect_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { kubeconfig, writtenKubeconfig } from "../support/kubeconfigs.ts";
import {
  OIDC_CLIENT,
  OIDC_SUBJECT,
  type OidcProvider,
  oidcProvider,
} from "../support/oidc_provider.ts";
import { needProgram, ran } from "../support/programs.ts";
import { firstWatched } from "../support/transport.ts";

const NAMESPACE = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };
const env = () => undefined;

/** What all tests share: certificates, a provider, and an API server that knows both. */
interface Stage {
  readonly folder: string;
  readonly plane: ControlPlane;
  readonly provider: OidcProvider;
  readonly providerCa: string;
}

let stage: Stage | undefined;
const stack = new AsyncDisposableStack();

function here(): Stage {
  if (stage === undefined) throw new Error("Cannot use the API server: no test is running yet");
  return stage;
}

Deno.test.beforeAll(async () => {
  const { path: folder } = stack.use(await temporaryFolder());
  await testAuthority(folder, "clients");
  await clientCertificate(folder);
  const issuer = await testAuthority(folder, "issuer");
  const provider = stack.use(await oidcProvider(issuer));
  const plane = stack.use(
    await startControlPlane({
      nodeCount: 0,
      apiServerFlags: [
        `--client-ca-file=${folder}/clients-ca.crt`,
        `--oidc-issuer-url=${provider.url}`,
        `--oidc-ca-file=${folder}/issuer-ca.crt`,
        `--oidc-client-id=${OIDC_CLIENT.id}`,
        "--oidc-username-claim=sub",
        "--oidc-username-prefix=oidc:",
      ],
    }),
  );
  const bind = ["create", "clusterrolebinding", "readers", "--clusterrole=view", "--group=readers"];
  await plane.kubectl([...bind, `--user=oidc:${OIDC_SUBJECT}`]);
  stage = { folder, plane, provider, providerCa: issuer.caPem };
});

Deno.test.afterAll(() => stack.disposeAsync());

/** `ann.crt` and `ann.key`: a user of the group `readers`. */
async function clientCertificate(folder: string): Promise<void> {
  await needProgram("/usr/bin/openssl", "openssl");
  const at = (name: string) => `${folder}/${name}`;
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", at("ann.key")];
  await ran("openssl", ["req", ...key, "-subj", "/O=readers/CN=ann", "-out", at("ann.csr")]);
  await Deno.writeTextFile(at("usage"), "extendedKeyUsage=clientAuth\n");
  const by = ["-CA", at("clients-ca.crt"), "-CAkey", at("clients-ca.key"), "-set_serial", "7"];
  const sign = ["x509", "-req", "-days", "2", ...by, "-in", at("ann.csr")];
  await ran("openssl", [...sign, "-extfile", at("usage"), "-out", at("ann.crt")]);
}

function cluster(more: object = {}): object {
  const { caPem, serverUrl } = here().plane;
  return { server: serverUrl, "certificate-authority-data": btoa(caPem), ...more };
}

async function transportBy(path: string): Promise<Transport> {
  const { endpoint } = await connect({ kubeconfig: path, env, clock: systemClock });
  return httpTransport(endpoint, { triesMax: 1 });
}

/** Reads a namespace, and watches until one is told. */
async function readAndWatch(path: string): Promise<void> {
  await using transport = await transportBy(path);
  const found = await httpCluster(transport).get(NAMESPACE, { namespace: "", name: "default" });
  assertEquals(found?.metadata.name, "default");
  assertStringIncludes(await firstWatched(transport), '"type":"ADDED"');
}

/** Ways to a server, each with how often a proxy was passed so far. */
async function ways(proxies: AsyncDisposableStack) {
  const http = proxies.use(await connectProxy());
  const socks = proxies.use(await socksProxy());
  const named = { "tls-server-name": "kubernetes.default.svc" };
  const unverified = { server: here().plane.serverUrl, "insecure-skip-tls-verify": true };
  const byHttp = { "proxy-url": `http://127.0.0.1:${http.port}` };
  const none = () => undefined;
  return [
    { cluster: cluster(), passed: none },
    { cluster: cluster(named), passed: none },
    { cluster: unverified, passed: none },
    { cluster: cluster(byHttp), passed: http.passed },
    { cluster: cluster({ ...named, ...byHttp }), passed: http.passed },
    { cluster: { ...unverified, ...byHttp }, passed: http.passed },
    { cluster: cluster({ "proxy-url": `socks5://127.0.0.1:${socks.port}` }), passed: socks.passed },
  ];
}

Deno.test("a client certificate reads and watches, by whatever way the server is reached", async () => {
  const { folder } = here();
  await using proxies = new AsyncDisposableStack();
  const read = async (name: string) => btoa(await Deno.readTextFile(`${folder}/${name}`));
  const users = [
    { "client-certificate": "ann.crt", "client-key": "ann.key" },
    { "client-certificate-data": await read("ann.crt"), "client-key-data": await read("ann.key") },
  ];
  for (const way of await ways(proxies)) {
    for (const user of users) {
      const before = way.passed() ?? 0;
      await readAndWatch(await writtenKubeconfig(folder, kubeconfig(way.cluster, user)));
      const after = way.passed();
      assertEquals(after === undefined || after > before, true, JSON.stringify(way.cluster));
    }
  }
  const nobody = await writtenKubeconfig(folder, kubeconfig(cluster(), {}));
  const error = await assertRejects(() => readAndWatch(nobody), ApiError);
  assertEquals([error.status, error.message.includes("system:anonymous")], [403, true]);
});

/** A plugin that says what is in the file beside it, and counts. */
const PLUGIN = `#!/bin/sh
echo run >> "$(dirname "$0")/runs"
cat "$(dirname "$0")/credential"
`;

async function plugin(folder: string) {
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/login`, PLUGIN, { mode: 0o755 });
  await Deno.writeTextFile(`${folder}/bin/runs`, "");
  const user = { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "./bin/login" } };
  return {
    path: await writtenKubeconfig(folder, kubeconfig(cluster(), user)),
    say: (status: object) =>
      Deno.writeTextFile(
        `${folder}/bin/credential`,
        JSON.stringify({ ...{ apiVersion: user.exec.apiVersion, kind: "ExecCredential" }, status }),
      ),
    runs: async () => (await Deno.readTextFile(`${folder}/bin/runs`)).split("\n").length - 1,
  };
}

Deno.test("a plugin gives a certificate, once for all requests until that ends", async () => {
  const { folder: certificates } = here();
  await using folder = await temporaryFolder();
  const { path, runs, say } = await plugin(folder.path);
  const read = (name: string) => Deno.readTextFile(`${certificates}/${name}`);
  const pair = {
    clientCertificateData: await read("ann.crt"),
    clientKeyData: await read("ann.key"),
  };
  await say({ ...pair, expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() });
  await readAndWatch(path);
  assertEquals(await runs(), 1);
  await say({ ...pair, expirationTimestamp: new Date(Date.now() - 1000).toISOString() });
  await using transport = await transportBy(path);
  const asks = Array.from(
    { length: 8 },
    () => httpCluster(transport).get(NAMESPACE, { namespace: "", name: "default" }),
  );
  await Promise.all(asks);
  // At the start, and once for what was asked at the same time.
  assertEquals(await runs(), 3);
});

Deno.test("a plugin that says no end is asked again when the server knows nobody by its token", async () => {
  const { plane } = here();
  await using folder = await temporaryFolder();
  const { path, runs, say } = await plugin(folder.path);
  await say({ token: "stale" });
  await using transport = await transportBy(path);
  const read = () => httpCluster(transport).get(NAMESPACE, { namespace: "", name: "default" });
  const error = await assertRejects(read, ApiError);
  assertEquals(error.status, 401);
  await say({ token: plane.adminToken });
  assertEquals((await read())?.metadata.name, "default");
  await read();
  assertEquals(await runs(), 2);
});

/** A user of the provider, as kubectl writes it. */
function oidcUser(config: object): object {
  const { folder, provider } = here();
  const known = { "idp-issuer-url": provider.url, "client-id": OIDC_CLIENT.id };
  const authority = { "idp-certificate-authority": `${folder}/issuer-ca.crt` };
  return { "auth-provider": { name: "oidc", config: { ...known, ...authority, ...config } } };
}

Deno.test("a token of an OpenID Connect provider reads and watches, and one that ended becomes a new one, once", async () => {
  const { provider } = here();
  await using folder = await temporaryFolder();
  const write = (config: object) =>
    writtenKubeconfig(folder.path, kubeconfig(cluster(), oidcUser(config)));
  const good = await write({ "id-token": await provider.token(Date.now() + 3_600_000) });
  // An API server asks its provider for keys a little after its start.
  await eventually(async () => {
    await readAndWatch(good);
    return true;
  }, { intervalMs: 500 });
  assertEquals(provider.exchanges.length, 0);
  const ended = await provider.token(Date.now() - 1000);
  const path = await write({
    "id-token": ended,
    "client-secret": OIDC_CLIENT.secret,
    "refresh-token": provider.refreshToken,
  });
  await readAndWatch(path);
  const [exchange] = provider.exchanges;
  assertEquals(provider.exchanges.length, 1);
  assertEquals(exchange?.client, `Basic ${btoa("meshwright:a%20secret")}`);
  assertEquals(exchange?.form.get("refresh_token"), "refresh 0");
  const used = await assertRejects(() => readAndWatch(path), StalledError);
  assertEquals(
    used.message,
    "Cannot authenticate as user u: its provider answers with status 400",
  );
  const over = await write({ "id-token": ended });
  const { message } = await assertRejects(() => readAndWatch(over), StalledError);
  assertMatch(
    message,
    /user u: its id-token has ended, and there is no refresh-token: log in anew/,
  );
});

Deno.test("cluster, user and context may stand in files of their own, each with paths from where it is", async () => {
  const { folder: certificates, plane } = here();
  await using folder = await temporaryFolder();
  const { path: root } = folder;
  for (const name of ["one", "two"]) await Deno.mkdir(`${root}/${name}/pki`, { recursive: true });
  await Deno.writeTextFile(`${root}/one/pki/ca.crt`, plane.caPem);
  for (const name of ["ann.crt", "ann.key"]) {
    await Deno.copyFile(`${certificates}/${name}`, `${root}/two/pki/${name}`);
  }
  const server = { server: plane.serverUrl, "certificate-authority": "pki/ca.crt" };
  const files = [
    await writtenKubeconfig(`${root}/one`, { clusters: [{ name: "c", cluster: server }] }),
    await writtenKubeconfig(`${root}/two`, {
      users: [{
        name: "u",
        user: { "client-certificate": "pki/ann.crt", "client-key": "pki/ann.key" },
      }],
    }),
    `${root}/nowhere`,
    await writtenKubeconfig(root, {
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    }),
  ];
  await readAndWatch(files.join(":"));
});
