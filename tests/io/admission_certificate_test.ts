import {
  areSound,
  type Authority,
  type Certificates,
  type CertificateTerms,
  pemCertificates,
  readServingFiles,
  renewalTimeMs,
  renewedAuthority,
  renewedCertificates,
} from "#admission";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";

const DAY_MS = 24 * 60 * 60_000;
const NOW_MS = Date.UTC(2026, 0, 1);
const HOSTS = ["meshwright-webhook.meshwright.svc"];

interface Made extends Certificates {
  readonly authority: Authority;
}

async function made(nowMs = NOW_MS, hosts: readonly string[] = HOSTS): Promise<Made> {
  return await renewed(undefined, { hosts, nowMs });
}

/** With the authority that is held, if it will do. */
async function renewed(held: Made | undefined, terms: CertificateTerms): Promise<Made> {
  const authority = await renewedAuthority(held === undefined ? [] : [held.authority], terms);
  return { ...await renewedCertificates(held, { ...terms, authority }), authority };
}

function lifeDays(pem: string): number {
  const { validFrom, validTo } = new X509Certificate(pem);
  return Math.round((Date.parse(validTo) - Date.parse(validFrom)) / DAY_MS);
}

Deno.test("renewedCertificates() makes an authority and a certificate that it signed", async () => {
  const { authorities, certificate } = await made(NOW_MS, [...HOSTS, "127.0.0.1", "::1"]);
  assertEquals(authorities.length, 1);
  const authority = new X509Certificate(authorities[0] ?? "");
  const serving = new X509Certificate(certificate);
  assert(serving.verify(authority.publicKey));
  assertEquals([authority.ca, serving.ca], [true, false]);
  assertEquals(serving.checkHost(HOSTS[0] ?? ""), HOSTS[0]);
  assertEquals(serving.checkIP("127.0.0.1"), "127.0.0.1");
  assert(serving.checkIP("::1") !== undefined);
  assertEquals(serving.checkHost("meshwright-webhook.other.svc"), undefined);
  assertEquals([lifeDays(authorities[0] ?? ""), lifeDays(certificate)], [3650, 90]);
});

Deno.test("renewedCertificates() keeps what will do", async () => {
  const held = await made();
  for (const days of [0, 30, 59]) {
    const terms = {
      hosts: HOSTS,
      nowMs: NOW_MS + days * DAY_MS,
      authority: await renewedAuthority([held.authority], { hosts: HOSTS, nowMs: NOW_MS }),
    };
    assert(areSound(held, terms), `after ${days} days`);
    assert(await renewedCertificates(held, terms) === held, `after ${days} days`);
  }
});

Deno.test("renewedCertificates() renews a month before the end, with the same authority", async () => {
  const held = await made();
  const nowMs = NOW_MS + 61 * DAY_MS;
  assert(renewalTimeMs(held.certificate) < nowMs);
  assert(!areSound(held, { hosts: HOSTS, nowMs }));
  const next = await renewed(held, { hosts: HOSTS, nowMs });
  assertEquals(next.authorities, held.authorities);
  assertNotEquals(next.certificate, held.certificate);
  assertNotEquals(next.privateKey, held.privateKey);
});

Deno.test("renewedCertificates() makes a new certificate for another host", async () => {
  const held = await made();
  const hosts = ["other.meshwright.svc"];
  const next = await renewed(held, { hosts, nowMs: NOW_MS });
  assertEquals(next.authorities, held.authorities);
  assertEquals(new X509Certificate(next.certificate).checkHost(hosts[0] ?? ""), hosts[0]);
});

Deno.test("renewedCertificates() trusts the old authority beside a new one, and forgets it in the end", async () => {
  const held = await made();
  const nowMs = NOW_MS + 2500 * DAY_MS;
  const next = await renewed(held, { hosts: HOSTS, nowMs });
  assertEquals(next.authorities.length, 2);
  assertEquals(next.authorities[1], held.authorities[0]);
  const signer = new X509Certificate(next.authorities[0] ?? "");
  assert(new X509Certificate(next.certificate).verify(signer.publicKey));
  const later = await renewed(held, { hosts: HOSTS, nowMs: NOW_MS + 4000 * DAY_MS });
  assertEquals(later.authorities.length, 1);
});

Deno.test("renewedCertificates() replaces what is damaged", async () => {
  const [held, other] = [await made(), await made()];
  const terms = { hosts: HOSTS, nowMs: NOW_MS };
  const noKey = { ...held.authority, key: other.authority.key };
  const cases: readonly (readonly [string, Made, boolean])[] = [
    ["no certificate", { ...held, certificate: "" }, true],
    ["a certificate that is none", { ...held, certificate: "-----BEGIN" }, true],
    ["the key of another", { ...held, privateKey: other.privateKey }, true],
    ["a certificate of another authority", { ...held, ...servingOf(other) }, true],
    ["no authority in the bundle", { ...held, authorities: [] }, true],
    ["no authority", { ...held, authority: { certificate: "", key: "" } }, false],
    ["an authority without its key", { ...held, authority: noKey }, false],
  ];
  for (const [what, damaged, keepsAuthority] of cases) {
    const next = await renewed(damaged, terms);
    assertEquals(next.authorities[0] === held.authorities[0], keepsAuthority, what);
    assert(areSound(next, terms), what);
    assertEquals(await renewed(next, terms), next, what);
  }
});

Deno.test("readServingFiles() reads what cert-manager mounts, and says what is wrong with it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertRejects(() => readServingFiles(folder), Error, "it has no tls.crt");
    const { authorities, certificate, privateKey } = await made();
    await Deno.writeTextFile(`${folder}/tls.crt`, certificate);
    await assertRejects(() => readServingFiles(folder), Error, "it has no tls.key");
    await Deno.writeTextFile(`${folder}/tls.key`, (await made()).privateKey);
    await assertRejects(() => readServingFiles(folder), Error, "is not the key of tls.crt");
    await Deno.writeTextFile(`${folder}/tls.key`, privateKey);
    assertEquals(await readServingFiles(folder), { certificate, privateKey });
    await Deno.writeTextFile(`${folder}/ca.crt`, "nothing");
    await assertRejects(() => readServingFiles(folder), Error, "ca.crt holds none");
    await Deno.writeTextFile(`${folder}/ca.crt`, authorities.join(""));
    assertEquals((await readServingFiles(folder)).authorities, authorities.join(""));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("pemCertificates() splits a bundle", async () => {
  const [a, b] = [(await made()).authorities[0] ?? "", (await made()).authorities[0] ?? ""];
  assertEquals(pemCertificates(`# first\n${a}\n${b}`), [a, b]);
  assertEquals(pemCertificates(""), []);
});

function servingOf({ certificate, privateKey }: Certificates) {
  return { certificate, privateKey };
}
