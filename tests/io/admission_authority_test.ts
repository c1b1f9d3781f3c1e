// The key of the authority is not where the serving key is (L9), and gets away from there whatever happens.
import {
  type CertificateSecrets,
  keepCertificates,
  pemCertificates,
  renewedAuthority,
  renewedCertificates,
} from "#admission";
import { errorText, type KubeObject, type ObjectKey, secretData } from "#base";
import { type ClusterClient, httpCluster, isForbidden, type Transport } from "#kube";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeCluster } from "../support/fake_cluster.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const HOSTS = ["meshwright-webhook.default.svc"];
const SECRETS: CertificateSecrets = {
  serving: { namespace: "default", name: "meshwright-webhook-tls" },
  authority: { namespace: "default", name: "meshwright-webhook-ca" },
};
const [SERVED, SIGNING] = [["ca.crt", "tls.crt", "tls.key"], ["ca.crt", "ca.key"]];

/** The process ends at this request. */
class CrashError extends Error {}

function crash(): never {
  throw new CrashError("the process ends here");
}

class Setting {
  readonly clock = new FakeClock(NOW_MS);
  readonly server = new FakeCluster(this.clock);
  readonly cluster = httpCluster(this.server.transport(), { clock: this.clock });

  async keep(cluster: ClusterClient = this.cluster) {
    return await keepCertificates(cluster, SECRETS, { hosts: HOSTS, nowMs: this.clock.now() });
  }

  async secret(key: ObjectKey): Promise<KubeObject | undefined> {
    return await this.cluster.get(
      { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true },
      key,
    );
  }

  async data(key: ObjectKey): Promise<Record<string, string>> {
    return secretData(await this.secret(key));
  }

  /** What an earlier version keeps: all in one Secret. Answers the key. */
  async storeTogether(): Promise<string> {
    const terms = { hosts: HOSTS, nowMs: this.clock.now() };
    const authority = await renewedAuthority([], terms);
    const made = await renewedCertificates(undefined, { ...terms, authority });
    const data = {
      "ca.crt": btoa(made.authorities.join("")),
      "ca.key": btoa(authority.key),
      "tls.crt": btoa(made.certificate),
      "tls.key": btoa(made.privateKey),
    };
    const labels = { "app.kubernetes.io/managed-by": "meshwright" };
    const metadata = { ...SECRETS.serving, labels };
    await this.cluster.create({ apiVersion: "v1", kind: "Secret", metadata, data });
    return authority.key;
  }

  /** The same server for a process that ends at a request. */
  crashingAt(count: number, when: "before" | "after"): ClusterClient {
    let seen = 0;
    const transport = this.server.transport();
    const request: Transport["request"] = async (one) => {
      const isLast = ++seen === count;
      if (isLast && when === "before") crash();
      try {
        return await transport.request(one);
      } finally {
        if (isLast) crash();
      }
    };
    return httpCluster({ ...transport, request }, { clock: this.clock });
  }
}

function assertServes(data: Record<string, string>): void {
  const [signer = ""] = pemCertificates(data["ca.crt"] ?? "");
  const certificate = new X509Certificate(data["tls.crt"] ?? "");
  assert(
    certificate.verify(new X509Certificate(signer).publicKey),
    "its first authority signed it",
  );
}

Deno.test("keepCertificates() keeps what signs in another Secret than what is served (L9)", async () => {
  const setting = new Setting();
  const { certificates, renewed } = await setting.keep();
  assert(renewed);
  const served = await setting.data(SECRETS.serving);
  assertEquals(Object.keys(served).sort(), SERVED);
  assertServes(served);
  const authority = await setting.data(SECRETS.authority);
  assertEquals(Object.keys(authority).sort(), SIGNING);
  assertEquals(authority["ca.crt"], served["ca.crt"]);
  assert(!JSON.stringify(certificates).includes(JSON.stringify(authority["ca.key"]).slice(1, -1)));
});

Deno.test("keepCertificates() reads what signs only when a certificate is made (L9)", async () => {
  const setting = new Setting();
  await setting.keep();
  const paths: string[] = [];
  const transport = setting.server.transport();
  const request: Transport["request"] = (one) => {
    paths.push(one.path);
    return transport.request(one);
  };
  const watched = httpCluster({ ...transport, request }, { clock: setting.clock });
  await setting.keep(watched);
  assertEquals(paths.length, 1, paths.join());
  assert(paths[0]?.includes(SECRETS.serving.name));
  await setting.clock.advance(61 * DAY_MS);
  const authority = await setting.data(SECRETS.authority);
  assert((await setting.keep(watched)).renewed);
  assert(paths.some((path) => path.includes(SECRETS.authority.name)));
  assertEquals(await setting.data(SECRETS.authority), authority);
  assertServes(await setting.data(SECRETS.serving));
});

Deno.test("keepCertificates() moves the key of an earlier version, once its replicas are gone (L9)", async () => {
  const setting = new Setting();
  const key = await setting.storeTogether();
  const before = await setting.data(SECRETS.serving);
  for (const _look of [1, 2]) {
    assertEquals((await setting.keep()).renewed, false);
    assertEquals(await setting.data(SECRETS.serving), before, "earlier replicas go on with it");
    assertEquals((await setting.data(SECRETS.authority))["ca.key"], key);
  }
  await setting.clock.advance(11 * MINUTE_MS);
  assertEquals((await setting.keep()).renewed, false);
  const { "ca.key": _moved, ...rest } = before;
  assertEquals(await setting.data(SECRETS.serving), rest);
  assertEquals(await setting.data(SECRETS.authority), {
    "ca.crt": before["ca.crt"],
    "ca.key": key,
  });
  const versions = async () => [
    (await setting.secret(SECRETS.serving))?.metadata.resourceVersion,
    (await setting.secret(SECRETS.authority))?.metadata.resourceVersion,
  ];
  const stored = await versions();
  await setting.keep();
  assertEquals(await versions(), stored, "nothing is written without need");
});

Deno.test("keepCertificates() goes on with a move that a crash interrupted, at any request (L9)", async () => {
  let crashes = 0;
  for (const when of ["before", "after"] as const) {
    for (const look of [1, 2]) {
      for (let count = 1; count <= 10; count++) {
        const setting = new Setting();
        const key = await setting.storeTogether();
        const { "ca.key": _moved, ...served } = await setting.data(SECRETS.serving);
        const lookTo = async (cluster: ClusterClient) => {
          const kept = await setting.keep(cluster).catch((error: unknown) => {
            if (!(error instanceof CrashError)) throw error;
            return undefined;
          });
          if (kept === undefined || kept.keyStays !== undefined) crashes++;
          const keys = [await setting.data(SECRETS.serving), await setting.data(SECRETS.authority)]
            .map((data) => data["ca.key"]);
          assert(keys.includes(key), `the key is somewhere after request ${count}`);
        };
        if (look === 2) await setting.keep();
        await setting.clock.advance((look - 1) * 11 * MINUTE_MS);
        await lookTo(setting.crashingAt(count, when));
        await setting.keep();
        await setting.clock.advance(11 * MINUTE_MS);
        await setting.keep();
        assertEquals(await setting.data(SECRETS.serving), served);
        assertEquals((await setting.data(SECRETS.authority))["ca.key"], key);
      }
    }
  }
  assertEquals(crashes, 16, "four requests of each look, before and after");
});

Deno.test("keepCertificates() serves, and says why the key stays, while it may not move it (L9)", async () => {
  const setting = new Setting();
  await setting.storeTogether();
  const before = await setting.data(SECRETS.serving);
  setting.server.isForbidden = ({ verb }) => verb !== "get";
  const { certificates, keyStays } = await setting.keep();
  assert(isForbidden(keyStays));
  assertEquals(certificates.certificate, before["tls.crt"]);
  setting.server.isForbidden = () => false;
  const labels = { "app.kubernetes.io/managed-by": "Helm" };
  await setting.cluster.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...SECRETS.authority, labels },
  });
  const foreign = await setting.keep();
  assert(errorText(foreign.keyStays).includes("meshwright-webhook-ca"));
  assertEquals(foreign.certificates.certificate, before["tls.crt"]);
  assertEquals(await setting.data(SECRETS.serving), before);
  await setting.clock.advance(61 * DAY_MS);
  await assertRejects(() => setting.keep(), Error, "meshwright-webhook-ca");
});

Deno.test("keepCertificates() keeps trusting the authority whose Secret was deleted (L9)", async () => {
  const setting = new Setting();
  await setting.keep();
  const before = await setting.data(SECRETS.serving);
  await setting.cluster.remove({ apiVersion: "v1", kind: "Secret", ...SECRETS.authority });
  assertEquals((await setting.keep()).renewed, false, "what is served needs no key that signs");
  await setting.clock.advance(61 * DAY_MS);
  const { certificates } = await setting.keep();
  assertEquals(certificates.authorities.length, 2);
  assertEquals(certificates.authorities[1], before["ca.crt"]);
  assertNotEquals(certificates.authorities[0], before["ca.crt"]);
  assertServes(await setting.data(SECRETS.serving));
});

Deno.test("keepCertificates() takes up an authority that a crash left without a certificate (L9)", async () => {
  for (let count = 1; count <= 4; count++) {
    for (const when of ["before", "after"] as const) {
      const setting = new Setting();
      await setting.keep();
      const old = await setting.data(SECRETS.authority);
      await setting.clock.advance(2500 * DAY_MS);
      await setting.keep(setting.crashingAt(count, when)).catch(() => {});
      const { certificates } = await setting.keep();
      assertEquals(certificates.authorities.length, 2);
      assertEquals(certificates.authorities[1], old["ca.crt"]);
      assertEquals((await setting.data(SECRETS.authority))["ca.crt"], certificates.authorities[0]);
      assertServes(await setting.data(SECRETS.serving));
    }
  }
});
