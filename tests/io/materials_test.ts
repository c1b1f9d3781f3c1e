// What a release tells of its parts: the bill of materials, licences, known vulnerabilities.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import settings from "../../deno.json" with { type: "json" };
import { audited, knownAdvisories, NoAdvisoriesError, ownLock } from "../../scripts/audit.ts";
import { SHIPPED_ENTRIES } from "../../scripts/compile/bundle.ts";
import { billOfMaterials } from "../../scripts/release/bill_of_materials.ts";
import { licencesText, shippedPackages } from "../../scripts/release/licences.ts";
import { lockedPackages, packageText } from "../../scripts/release/locked_packages.ts";

const HASH = new Uint8Array(64).fill(7);
const LOCK = {
  npm: {
    "@a/one@1.2.0_two@2.0.0": {
      integrity: `sha512-${HASH.toBase64()}`,
      dependencies: ["two", "three@3.1.0"],
    },
    "@a/one@1.2.0_two@2.0.1": { integrity: `sha512-${HASH.toBase64()}`, dependencies: ["two"] },
    "two@2.0.0": { integrity: "sha1-AAAA" },
    "three@3.1.0": {},
    "three@3.2.0-rc.1": {},
  },
};

Deno.test("lockedPackages() lists each package once, with its hash and what it needs", () => {
  const packages = lockedPackages(LOCK);
  assertEquals(packages.map(packageText), [
    "@a/one@1.2.0",
    "three@3.1.0",
    "three@3.2.0-rc.1",
    "two@2.0.0",
  ]);
  assertEquals(packages.map(({ sha512 }) => sha512), [HASH.toHex(), ...Array(3).fill(undefined)]);
  assertThrows(() => lockedPackages({ npm: { nothing: {} } }), Error, "no package: nothing");
  const lost = { npm: { "a@1.0.0": { dependencies: ["b"] } } };
  assertThrows(() => lockedPackages(lost), Error, "b is not in it");
});

Deno.test("billOfMaterials() names every package of deno.lock, and refers to nothing else", async () => {
  const packages = lockedPackages(await ownLock());
  const shipped = await shippedPackages(SHIPPED_ENTRIES);
  const bill = billOfMaterials(packages, {
    version: settings.version,
    commit: "0123456789ab+changes",
    date: "2026-11-28",
    licence: settings.license,
    denoVersion: Deno.version.deno,
    shipped: new Map(shipped.map((one) => [packageText(one), one.licence])),
  });
  const ids = bill.packages.map(({ SPDXID }) => SPDXID);
  assertEquals(new Set(ids).size, packages.length + 2);
  for (const id of ids) assertMatch(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
  const known = new Set([...ids, "SPDXRef-DOCUMENT"]);
  for (const { spdxElementId, relatedSpdxElement } of bill.relationships) {
    assert(known.has(spdxElementId) && known.has(relatedSpdxElement));
  }
  const contained = bill.relationships.filter((one) => one.relationshipType === "CONTAINS");
  assertEquals(contained.length, shipped.length + 1);
  const texts = new Set(shipped.map(({ name }) => name));
  for (const name of ["yaml", "prom-client", "tdigest", "undici", "preact", "uplot"]) {
    assert(texts.has(name), name);
  }
  for (const name of ["fast-check", "redos-detector"]) assert(!texts.has(name), name);
  const yaml = bill.packages.find(({ name }) => name === "yaml");
  assertEquals(yaml?.licenseDeclared, "ISC");
  assertMatch(JSON.stringify(yaml), /"algorithm":"SHA512","checksumValue":"[0-9a-f]{128}"/);
  assertMatch(JSON.stringify(yaml), /pkg:npm\/yaml@\d/);
  assertEquals(bill.creationInfo.created, "2026-11-28T00:00:00Z");
});

Deno.test("licencesText() has the licence of every package that the program imports", async () => {
  const packages = await shippedPackages(SHIPPED_ENTRIES);
  const text = licencesText(packages, "2.9.6");
  for (const one of packages) {
    assert(text.includes(`## ${packageText(one)}\n\nDeclared licence: ${one.licence}`));
    assert(one.licence !== undefined, packageText(one));
  }
  assert(text.includes("Permission to use, copy, modify"));
});

function registry(answer: (asked: unknown) => Response) {
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      assertEquals(new URL(request.url).pathname, "/npm/-/npm/v1/security/advisories/bulk");
      return answer(await request.json());
    },
  );
}

Deno.test("audited() tells what a registry knows, and asks about every version", async () => {
  const asked: unknown[] = [];
  await using server = registry((names) => {
    asked.push(names);
    const known = {
      severity: "high",
      title: "Reads too much",
      vulnerable_versions: "<3.2.0",
      url: "https://advisories.example/1",
    };
    return Response.json(asked.length === 1 ? { three: [known] } : {});
  });
  const url = `http://127.0.0.1:${server.addr.port}/npm/`;
  assertEquals(await audited(LOCK, url), {
    lines: [
      "high: three <3.2.0: Reads too much (https://advisories.example/1)",
      "vulnerabilities, 1 of them, are known of 4 packages",
    ],
    outcome: "some",
  });
  assertEquals(asked, [{ "@a/one": ["1.2.0"], three: ["3.1.0", "3.2.0-rc.1"], two: ["2.0.0"] }]);
  assertEquals(await audited(LOCK, url), {
    lines: ["no vulnerability is known of 4 packages"],
    outcome: "none",
  });
});

Deno.test("audited() does not take silence for safety", async () => {
  const answers = [
    () => new Response("no", { status: 405 }),
    () => new Response("<html>"),
    () => Response.json([]),
    () => Response.json({ stranger: [] }),
    () => Response.json({ two: "text" }),
  ];
  for (const answer of answers) {
    await using server = registry(answer);
    const url = `http://127.0.0.1:${server.addr.port}/npm`;
    await assertRejects(() => knownAdvisories(LOCK, url), NoAdvisoriesError);
    const { lines, outcome } = await audited(LOCK, url);
    assertEquals(outcome, "unknown");
    assertMatch(lines.join(), /^Cannot tell .*Nothing was checked/);
  }
});
