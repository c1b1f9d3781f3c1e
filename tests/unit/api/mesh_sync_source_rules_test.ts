import { assertEquals } from "@std/assert";
import { problems } from "#api";

function told(spec: Record<string, unknown>): string[] {
  const found = problems({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "shop" },
    spec: { url: "https://example.org/shop.git", ...spec },
  });
  return found.map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("problems() of a MeshSync finds empty patterns and names, and names that no variable can have", () => {
  assertEquals(
    told({
      include: ["prod/", " "],
      exclude: [""],
      verify: { secretRef: { name: "" } },
      decryption: { secretRef: { name: "" } },
      variables: { STAGE: "prod", "my-stage": "x", "1ST": "y" },
      variablesFrom: [{ kind: "Secret", name: "" }],
    }),
    [
      "spec.include[1]: is empty; give a pattern",
      "spec.exclude[0]: is empty; give a pattern",
      "spec.verify.secretRef.name: is empty; name the Secret",
      "spec.decryption.secretRef.name: is empty; name the Secret",
      'spec.variables["1ST"]: can be no variable; use letters, digits and _',
      'spec.variables["my-stage"]: can be no variable; use letters, digits and _',
      "spec.variablesFrom[0].name: is empty; name the Secret",
    ],
  );
});

Deno.test("problems() of a MeshSync takes patterns, keys and variables that are sound", () => {
  assertEquals(
    told({
      include: ["prod/"],
      exclude: ["!x"],
      verify: { mode: "commit", secretRef: { name: "signers" } },
      decryption: { secretRef: { name: "age" } },
      variables: { _a: "", STAGE: "prod" },
      variablesFrom: [{ kind: "ConfigMap", name: "place", optional: true }],
    }),
    [],
  );
  assertEquals(told({ variablesFrom: [{ kind: "Pod", name: "a" }] }).length, 1);
  assertEquals(told({ verify: { mode: "nobody", secretRef: { name: "a" } } }).length, 1);
});

Deno.test("problems() of a MeshSync finds refs that Git or a range of versions cannot have, and passwords in urls", () => {
  assertEquals(told({ ref: { branch: "a..b" } }).length, 1);
  assertEquals(told({ ref: { tag: "x.lock/y" } }).length, 1);
  assertEquals(told({ ref: { semver: "latest" } }), [
    'spec.ref.semver: "latest" is no range; write e.g. ">=1.2.0 <2.0.0"',
  ]);
  for (const semver of [">=1.0.0, !=1.4.1", "app/^2", ">=0.0.0-0"]) {
    assertEquals(told({ ref: { semver } }), []);
  }
  assertEquals(told({ ref: { commit: "a".repeat(64) } }), []);
  assertEquals(told({ url: "https://bot:s3cret@git.example/a.git" }), [
    "spec.url: holds a password; put it in a Secret and name that in spec.secretRef",
  ]);
});
