import { assertEquals } from "@std/assert";
import { Proofs } from "#gitops";
import type { KubeObject } from "#base";

const KEY = { namespace: "shop", name: "sync" };
const ID = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a" };

function object(version: string, value = "1"): KubeObject {
  const metadata = { namespace: "shop", name: "a", resourceVersion: version };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { value } };
}

function proof(resourceVersion: string | undefined) {
  const { resourceVersion: _version, ...metadata } = object("0").metadata;
  return {
    id: ID,
    type: undefined,
    hash: "h",
    file: "meshes/a.yaml",
    object: { ...object("0"), metadata },
    resourceVersion,
    ignored: [],
    kept: [],
    secrets: [],
  };
}

function proven(version: string): Proofs {
  const proofs = new Proofs();
  proofs.prove(KEY, proof(version), proofs.stamp());
  return proofs;
}

Deno.test("Proofs.proofOf() answers what is proven of this hash, and nothing of another", () => {
  const proofs = proven("5");
  assertEquals(proofs.proofOf(KEY, ID, "h")?.resourceVersion, "5");
  assertEquals(proofs.proofOf(KEY, ID, "other"), undefined);
  assertEquals(proofs.proofOf({ ...KEY, name: "another" }, ID, "h"), undefined);
});

Deno.test("Proofs.notice() believes a newer object that differs, and nothing that is older than the proof", () => {
  const proofs = proven("5");
  assertEquals(proofs.notice({ after: object("4", "by hand") }), []);
  assertEquals(proofs.notice({ after: object("5", "by hand") }), []);
  assertEquals(proofs.changed(KEY), []);
  assertEquals(proofs.notice({ after: object("6") }), [], "only its version is another");
  assertEquals(proofs.notice({ after: object("7", "by hand") }), [KEY]);
  assertEquals(proofs.changed(KEY).map(({ id }) => id), [ID]);
  assertEquals(proofs.proofOf(KEY, ID, "h"), undefined);
});

Deno.test("Proofs.notice() takes a deletion for a change", () => {
  const proofs = proven("5");
  assertEquals(proofs.notice({ before: object("5") }), [KEY]);
  assertEquals(proofs.changed(KEY).length, 1);
});

Deno.test("Proofs.prove() does not clear a change that came while the object was written", () => {
  const proofs = new Proofs();
  proofs.expect(KEY, [ID]);
  const stamp = proofs.stamp();
  // Our own write is told, then somebody's edit, and then our write is answered.
  proofs.notice({ after: object("5") });
  proofs.notice({ after: object("6", "by hand") });
  proofs.prove(KEY, proof("5"), stamp);
  assertEquals(proofs.changed(KEY).map(({ id }) => id), [ID]);
});

Deno.test("Proofs.prove() clears what the answer is newer than", () => {
  const proofs = new Proofs();
  proofs.expect(KEY, [ID]);
  const stamp = proofs.stamp();
  proofs.notice({ after: object("5") });
  proofs.prove(KEY, proof("5"), stamp);
  assertEquals(proofs.changed(KEY), []);
});

Deno.test("Proofs.prove() does not clear a deletion that is told after the look began", () => {
  const proofs = proven("5");
  const stamp = proofs.stamp();
  proofs.notice({ before: object("5") });
  proofs.prove(KEY, proof("5"), stamp);
  assertEquals(proofs.changed(KEY).length, 1);
  proofs.prove(KEY, proof("9"), proofs.stamp());
  assertEquals(proofs.changed(KEY), []);
});

Deno.test("Proofs.doubt() has everything compared again, and a comparison ends it", () => {
  const proofs = proven("5");
  proofs.doubt(KEY);
  assertEquals(proofs.changed(KEY).length, 1);
  proofs.prove(KEY, proof("5"), proofs.stamp());
  assertEquals(proofs.changed(KEY), []);
  proofs.doubt(KEY, { apiVersion: "v1", kind: "Secret" });
  assertEquals(proofs.changed(KEY), []);
});

Deno.test("Proofs.notice() looks at what was applied and not compared yet", () => {
  const proofs = new Proofs();
  proofs.prove(KEY, proof(undefined), proofs.stamp());
  assertEquals(proofs.notice({ after: object("3") }), []);
  assertEquals(proofs.notice({ after: object("3", "by hand") }), [KEY]);
});

Deno.test("Proofs.retain() and Proofs.forget() leave nobody to wake", () => {
  const proofs = proven("5");
  proofs.retain(KEY, [], new Set());
  assertEquals(proofs.notice({ before: object("5") }), []);
  const again = proven("5");
  again.forget(KEY);
  assertEquals(again.notice({ before: object("5") }), []);
  assertEquals(again.of(KEY).size, 0);
});
