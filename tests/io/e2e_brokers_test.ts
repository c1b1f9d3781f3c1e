import { assertEquals, assertMatch } from "@std/assert";
import { X509Certificate } from "@peculiar/x509";
import {
  brokerObjects,
  brokerService,
  certificateScript,
  SECURE_BROKER,
} from "../../scripts/e2e/broker.ts";
import { newBrokerSecrets, roleToken } from "../../scripts/e2e/broker_secrets.ts";
import { toolboxObjects } from "../../scripts/e2e/toolbox.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { needProgram, ran } from "../support/programs.ts";

const PLACE = { namespace: "pulsar", image: "runner:1", node: "node-1" };

Deno.test("roleToken() makes a JSON web token that its key verifies", async () => {
  const key = new Uint8Array(32).fill(7);
  const token = await roleToken("functions", key);
  const [header = "", payload = "", signature = ""] = token.split(".");
  assertEquals(JSON.parse(atob(header)), { alg: "HS256" });
  assertEquals(JSON.parse(atob(payload)), { sub: "functions" });
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const verifier = await crypto.subtle.importKey("raw", key, algorithm, false, ["verify"]);
  const bytes = Uint8Array.fromBase64(signature, { alphabet: "base64url" });
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  assertEquals(await crypto.subtle.verify("HMAC", verifier, bytes, signed), true);
});

Deno.test("newBrokerSecrets() makes an authority that may sign certificates, and a token for each role", async () => {
  const secrets = await newBrokerSecrets();
  const certificate = new X509Certificate(secrets.caPem);
  assertEquals(await certificate.verify(), true);
  assertMatch(secrets.caKeyPem, /^-----BEGIN PRIVATE KEY-----\n/);
  const tokens = [secrets.adminToken, secrets.functionsToken, secrets.strangerToken];
  assertEquals(new Set(tokens).size, 3);
});

Deno.test("brokerObjects() give only the secure broker its secrets, in a Secret", async () => {
  const secrets = await newBrokerSecrets();
  const plain = JSON.stringify(brokerObjects(PLACE, { serviceAddress: "10.0.0.7" }));
  for (const word of ["tokenSecretKey", "ca.key", "6651"]) {
    assertEquals(plain.includes(word), false, word);
  }
  const [secret, ...others] = brokerObjects(PLACE, { serviceAddress: "10.0.0.7", secrets });
  assertEquals(secret?.kind, "Secret");
  assertMatch(JSON.stringify(secret), /tokenSecretKey=data:;base64,/);
  assertEquals(JSON.stringify(others).includes(secrets.signingKey), false);
});

Deno.test("brokerService() names the encrypted ports of the secure broker only", () => {
  const ports = (name: string) =>
    (brokerService(name, PLACE).spec as { ports: { port: number }[] }).ports.map(({ port }) =>
      port
    );
  assertEquals(ports("pulsar"), [6650, 8080]);
  assertEquals(ports(SECURE_BROKER), [6650, 8080, 6651, 8443]);
});

Deno.test("the secure broker's certificate names what DNS servers tell for its addresses", async () => {
  await needProgram("/usr/bin/openssl", "openssl");
  await using folder = await temporaryFolder();
  const at = (name: string) => `${folder.path}/${name}`;
  const secrets = await newBrokerSecrets();
  await Deno.writeTextFile(at("ca.crt"), secrets.caPem);
  await Deno.writeTextFile(at("ca.key"), secrets.caKeyPem);
  const resolvers = [
    ["nameserver 10.0.0.10\nsearch pulsar.svc.home.arpa svc.home.arpa home.arpa\n", "home.arpa"],
    ["search pulsar.svc.cluster.local svc.cluster.local cluster.local example\n", "cluster.local"],
    ["nameserver 192.0.2.1\nsearch example\n", "cluster.local"],
  ] as const;
  for (const [text, domain] of resolvers) {
    await Deno.writeTextFile(at("resolv.conf"), text);
    const files = { settings: folder.path, output: at("tls"), resolver: at("resolv.conf") };
    const script = ["set -eu", "POD_IP=10.244.1.5 SERVICE_IP=10.96.0.7"]
      .concat(certificateScript("pulsar", files)).join("\n");
    await ran("/bin/sh", ["-c", script]);
    const service = `pulsar-secure.pulsar.svc.${domain}`;
    const names = [service, "pulsar-secure.pulsar", "pulsar-secure.pulsar.svc"].concat(
      `pulsar-secure-0.${service}`,
      `10-244-1-5.${service}`,
    );
    const verify = ["verify", "-CAfile", at("ca.crt")];
    for (const name of names) {
      await ran("openssl", [...verify, "-verify_hostname", name, at("tls/server.crt")]);
    }
    for (const address of ["10.244.1.5", "10.96.0.7"]) {
      await ran("openssl", [...verify, "-verify_ip", address, at("tls/server.crt")]);
    }
  }
});

Deno.test("toolboxObjects() hold the scripts as they are in the repository", async () => {
  const [scripts] = await toolboxObjects({ ...PLACE, caPem: "CA" });
  const data = scripts?.["data"] as Readonly<Record<string, string>>;
  assertEquals(Object.keys(data).sort(), ["ca.crt", "client.py", "server.py"]);
  const own = await Deno.readTextFile(
    new URL("../e2e/toolbox/client.py", import.meta.url),
  );
  assertEquals(data["client.py"], own);
});
