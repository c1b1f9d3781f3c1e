// What a kubeconfig cannot mean is refused by context, field and remedy, before anything is sent.
import { StalledError, systemClock } from "#base";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "../../src/kube/connect.ts";
import { ownCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { kubeconfig, writtenKubeconfig } from "../support/kubeconfigs.ts";

async function refusal(config: object): Promise<string> {
  await using folder = await temporaryFolder();
  const path = await writtenKubeconfig(folder.path, config);
  const error = await assertRejects(
    () => connect({ kubeconfig: path, env: () => undefined, clock: systemClock }),
    StalledError,
  );
  return error.message.replaceAll(folder.path, "FOLDER");
}

const SERVER = "https://127.0.0.1:1";
const CA = "-----BEGIN CERTIFICATE-----";
const PEM = `${CA}\n?\n-----END CERTIFICATE-----\n`;
/** A user of an OpenID Connect provider. */
const oidc = (config: object) => ({ "auth-provider": { name: "oidc", config } });
const CASES: readonly (readonly [object, object | undefined, string])[] = [
  [
    { server: SERVER, "insecure-skip-tls-verify": "true" },
    undefined,
    "insecure-skip-tls-verify: write true or false",
  ],
  [
    { server: SERVER, "insecure-skip-tls-verify": true, "certificate-authority-data": btoa(CA) },
    undefined,
    "insecure-skip-tls-verify: leave it out, as the certificate authority is there to verify the server",
  ],
  [
    { server: SERVER, "insecure-skip-tls-verify": true, "proxy-url": "socks5://p:1" },
    undefined,
    "insecure-skip-tls-verify does not go with a socks5 proxy; use an http or https proxy",
  ],
  [
    { server: SERVER, "tls-server-name": "a", "proxy-url": "socks5://p:1" },
    undefined,
    "tls-server-name does not go with a socks5 proxy",
  ],
  [
    { server: SERVER, "tls-server-name": "10.0.0.1" },
    undefined,
    "tls-server-name: write a DNS name",
  ],
  [{ server: SERVER, "tls-server-name": ["a"] }, undefined, "tls-server-name: write text"],
  [{ server: SERVER, "proxy-url": "ftp://p" }, undefined, "proxy-url: write http://HOST:PORT"],
  [{ server: SERVER, "proxy-url": "p:3128" }, undefined, "proxy-url: write http://HOST:PORT"],
  [{ server: "127.0.0.1:6443" }, undefined, "server: write https://HOST:PORT"],
  [{ server: "" }, undefined, "server: write https://HOST:PORT"],
  [
    { server: SERVER, "certificate-authority-data": "%" },
    undefined,
    "certificate-authority-data: write base64",
  ],
  [
    { server: SERVER, "certificate-authority-data": btoa("a") },
    undefined,
    "certificate-authority-data: it holds no PEM certificate",
  ],
  [
    { server: SERVER, "certificate-authority": "none" },
    undefined,
    "cannot read clusters[0].cluster.certificate-authority, FOLDER/none",
  ],
  [
    { server: SERVER },
    { "auth-provider": { name: "openstack" } },
    "auth-provider.name: of these only oidc is known, as to kubectl, so that context x needs an exec plugin instead",
  ],
  [
    { server: SERVER },
    { "auth-provider": { name: "gcp", config: { "cmd-path": "gcloud" } } },
    "needs the exec plugin gke-gcloud-auth-plugin instead",
  ],
  [
    { server: SERVER },
    { "auth-provider": { name: "azure" } },
    "needs the exec plugin kubelogin instead",
  ],
  [{ server: SERVER }, oidc({}), "auth-provider.config.id-token: write it, or refresh-token"],
  [{ server: SERVER }, oidc({ "id-token": 7 }), "auth-provider.config.id-token: write text"],
  [
    { server: SERVER },
    oidc({ "refresh-token": "r" }),
    "auth-provider.config.client-id: refresh-token needs it",
  ],
  [
    { server: SERVER },
    oidc({ "refresh-token": "r", "client-id": "c", "idp-issuer-url": "http://i" }),
    "auth-provider.config.idp-issuer-url: write https://HOST",
  ],
  [
    { server: SERVER },
    oidc({
      ...{ "refresh-token": "r", "client-id": "c", "idp-issuer-url": "https://i" },
      "idp-certificate-authority": "none",
    }),
    "config.idp-certificate-authority: name a file that can be read: FOLDER/none",
  ],
  [
    { server: SERVER },
    { exec: { command: "a", interactiveMode: "Always" } },
    "exec.interactiveMode: the plugin of context x wants a terminal",
  ],
  [{ server: SERVER }, { exec: {} }, "exec.command: name the plugin"],
  [
    { server: SERVER },
    { exec: { command: "a", env: [{ name: "B" }] } },
    "exec.env: write a list of name and value",
  ],
  [{ server: SERVER }, { "as-groups": ["a"] }, "as: name the user to whom as-uid, as-groups"],
  [{ server: SERVER }, { as: "a", "as-groups": "b" }, "as-groups: write a list of texts"],
  [{ server: SERVER }, { token: 7 }, "token: write text, in quotes"],
];

Deno.test("what a kubeconfig cannot mean is refused by its field, with what to do", async () => {
  for (const [cluster, user, words] of CASES) {
    const message = await refusal(kubeconfig(cluster, user));
    assert(message.includes(words), `${message}\n${words}`);
    assert(/(kubeconfig FOLDER\/config: |context x: )/.test(message), message);
  }
});

Deno.test("a client certificate that no connection can be made with is refused by its user, and not repeated", async () => {
  const [one, other] = [await ownCertificates(["a"]), await ownCertificates(["b"])];
  const garbage = PEM.replace("?", "bm9uZQ==");
  const pairs = [[one.certificate, other.privateKey], [one.certificate, garbage], [garbage, "x"]];
  for (const [cert = "", key = ""] of pairs) {
    const user = { "client-certificate-data": btoa(cert), "client-key-data": btoa(key) };
    assertEquals(
      await refusal(kubeconfig({ server: SERVER }, user)),
      "Cannot authenticate as user u: its client certificate and key cannot be used: write a pair in PEM, " +
        "of X.509 version 3, whose certificate is for that key",
    );
  }
});

Deno.test("a context that is not whole is refused by its name", async () => {
  const whole = kubeconfig({ server: "https://127.0.0.1:1" });
  const cases = [
    [{ ...whole, "current-context": "y" }, "Cannot use context y: the kubeconfig has x"],
    [
      { ...whole, "current-context": "" },
      "it has no current-context; name one with --context (it has x)",
    ],
    [
      { ...whole, clusters: [] },
      "Cannot use context x: contexts[0].context.cluster is c, the clusters of the kubeconfig are: none",
    ],
    [
      { ...whole, users: [] },
      "contexts[0].context.user is u, the users of the kubeconfig are: none",
    ],
    [
      { ...whole, contexts: [{ name: "x", context: { user: "u" } }] },
      "contexts[0].context.cluster is missing",
    ],
  ] as const;
  for (const [config, words] of cases) assertStringIncludes(await refusal(config), words);
});
