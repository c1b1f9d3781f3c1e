import { assertEquals, assertThrows } from "@std/assert";
import { holdsMesh, sampleChange } from "../../../scripts/demo/samples.ts";

const MESH = `kind: FunctionMesh
metadata: {name: orders}
spec:
  functions:
    - name: follows-load
      replicas: 1
      maxReplicas: 9
    # Two are enough.
    - name: enrich
      replicas: 2 # for now
`;
const mesh = { name: "orders.yaml", text: MESH };
const alone = (name: string, spec: string) => ({
  name: `${name}.yaml`,
  text: `kind: Function\nmetadata: {name: ${name}}\nspec: {${spec}}\n`,
});

Deno.test("sampleChange() edits one number, and leaves the rest of the file as it was written", () => {
  const change = sampleChange([alone("alerts", "maxReplicas: 4"), alone("audit", ""), mesh]);
  assertEquals(change, {
    edited: { name: "orders.yaml", text: MESH.replace("replicas: 2", "replicas: 4") },
    removed: "audit.yaml",
    scaled: { name: "orders-enrich", from: 2, to: 4 },
  });
});

Deno.test("sampleChange() says what samples it needs", () => {
  assertThrows(() => sampleChange([mesh]), Error, "Cannot change the sample meshes");
  assertThrows(() => sampleChange([alone("audit", "")]), Error, "a FunctionMesh with a function");
});

Deno.test("holdsMesh() is about our kinds, in any document of the file", () => {
  const text = "kind: Namespace\n---\nkind: ConfigMap\n";
  assertEquals(holdsMesh({ name: "a.yaml", text }), false);
  assertEquals(holdsMesh({ name: "a.yaml", text: `${text}---\nkind: Sink\n` }), true);
});
