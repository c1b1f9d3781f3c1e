import { type ReviewAnswer, reviewAnswer, type Webhook, WEBHOOKS } from "#admission";
import type { KubeObject } from "#base";
import { assertEquals, assertThrows } from "@std/assert";
import { functionObject } from "../support/objects.ts";

/** What an API server posts. */
function review(object: KubeObject, choices: Record<string, unknown> = {}) {
  const [group, version] = object.apiVersion.split("/");
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5",
      kind: { group, version, kind: object.kind },
      operation: "CREATE",
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      object,
      oldObject: null,
      ...choices,
    },
  };
}

function answerTo(object: KubeObject, choices: Record<string, unknown> = {}) {
  return reviewAnswer(review(object, choices), webhookOf(object.kind)).response;
}

function webhookOf(kind: string): Webhook {
  const webhook = WEBHOOKS.find(({ resource }) => resource.kind === kind);
  if (webhook === undefined) throw new Error(`no webhook for ${kind}`);
  return webhook;
}

function update(before: KubeObject, after: KubeObject): ReviewAnswer["response"] {
  return answerTo(after, { operation: "UPDATE", oldObject: before });
}

function fields(response: ReviewAnswer["response"]): string[] {
  return response.status?.details?.causes.map(({ field }) => field) ?? [];
}

/** A Function without members that it needs, or with others. */
function edited(object: KubeObject, changes: Record<string, unknown>): KubeObject {
  const spec = { ...object.spec as Record<string, unknown>, ...changes };
  return { ...object, spec: JSON.parse(JSON.stringify(spec)) };
}

function mesh(...functions: Record<string, unknown>[]): KubeObject {
  const { apiVersion } = functionObject("any");
  return {
    apiVersion,
    kind: "FunctionMesh",
    metadata: { name: "shop", namespace: "shop" },
    spec: { functions },
  };
}

function item(name: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...functionObject(name).spec as Record<string, unknown>, name, ...changes };
}

const sound = functionObject("orders");

Deno.test("reviewAnswer() lets a sound resource pass and never patches it (W-42)", () => {
  assertEquals(answerTo(sound), { uid: "705ab4f5", allowed: true });
});

Deno.test("reviewAnswer() refuses with the API's kind, a cause a field and 422 Invalid (W-38)", () => {
  const { allowed, status } = answerTo(edited(sound, { className: undefined, maxReplicas: -1 }));
  assertEquals([allowed, status?.code, status?.reason], [false, 422, "Invalid"]);
  const { causes, ...about } = status?.details ?? { causes: [] };
  assertEquals(about, { name: "orders", group: "compute.functionmesh.io", kind: "Function" });
  assertEquals(causes, [
    {
      field: "spec.className",
      reason: "FieldValueRequired",
      message: "is missing; name the class to run",
    },
    {
      field: "spec.maxReplicas",
      reason: "FieldValueInvalid",
      message: "-1 is too small; give 1 or more, or leave it out",
    },
  ]);
  assertEquals(
    status?.message,
    'Function.compute.functionmesh.io "orders" is invalid: ' +
      "spec.className: is missing; name the class to run, " +
      "spec.maxReplicas: -1 is too small; give 1 or more, or leave it out",
  );
});

Deno.test("reviewAnswer() takes window functions that only count messages (W-1)", () => {
  assertEquals(answerTo(edited(sound, { windowConfig: { windowLengthCount: 5 } })).allowed, true);
  assertEquals(fields(answerTo(edited(sound, { windowConfig: {} }))), ["spec.windowConfig"]);
});

Deno.test("reviewAnswer() checks updates like creations (W-2)", () => {
  assertEquals(fields(update(sound, edited(sound, { pulsar: undefined }))), [
    "spec.pulsar.pulsarConfig",
  ]);
  assertEquals(
    fields(update(sound, edited(sound, { replicas: 3, minReplicas: 1, maxReplicas: 2 }))),
    [
      "spec.maxReplicas",
    ],
  );
});

Deno.test("reviewAnswer() lets an invalid resource be mended step by step, and not made worse (W-2)", () => {
  const broken = edited(sound, { className: undefined, pulsar: undefined });
  const better = update(broken, edited(broken, { className: "org.example.Exclaim" }));
  assertEquals(better.allowed, true);
  assertEquals(better.warnings, [
    "spec.pulsar.pulsarConfig: is missing; name the ConfigMap that says where Pulsar is",
  ]);
  assertEquals(update(broken, edited(broken, { replicas: 2 })).allowed, true);
  assertEquals(fields(update(broken, edited(broken, { input: undefined }))), ["spec.input"]);
});

Deno.test("reviewAnswer() lets the metadata of an invalid resource change, and its end come (W-2)", () => {
  const broken = edited(sound, { className: undefined });
  const metadata = { ...broken.metadata, labels: { team: "a" }, finalizers: ["a/b"] };
  assertEquals(update(broken, { ...broken, metadata }), { uid: "705ab4f5", allowed: true });
  const deleting = { ...broken.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  const worse = edited(broken, { pulsar: undefined });
  assertEquals(update(broken, { ...worse, metadata: deleting }).allowed, true);
  assertEquals(answerTo(broken, { operation: "DELETE", object: null }).allowed, true);
  assertEquals(answerTo(broken, { subResource: "status", operation: "UPDATE" }).allowed, true);
});

Deno.test("reviewAnswer() takes a resource without requests and limits (W-22)", () => {
  const { resources: _, ...spec } = sound.spec as Record<string, unknown>;
  assertEquals(answerTo({ ...sound, spec }).allowed, true);
  const resources = { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } };
  assertEquals(fields(answerTo(edited(sound, { resources }))), ["spec.resources.requests.memory"]);
});

Deno.test("reviewAnswer() warns of what the reference lets pass silently (W-39)", () => {
  const genericRuntime = { functionFile: "/a.js", language: "nodejs" };
  const { allowed, warnings } = answerTo(edited(sound, { genericRuntime }));
  assertEquals(allowed, true);
  assertEquals(warnings, [
    "spec.genericRuntime: has no effect beside another runtime; remove one of them",
  ]);
});

Deno.test("reviewAnswer() warns of what is odd between the components of a mesh", () => {
  const topics = (input: string, output: string) => ({
    input: { topics: [input] },
    output: { topic: output },
  });
  const ring = mesh(item("ping", topics("a", "b")), item("pong", topics("b", "a")));
  assertEquals(answerTo(ring).warnings, [
    "spec.functions[0].output.topic: feeds itself: shop-ping -> shop-pong -> shop-ping; unless one " +
    "of them drops messages they go round for ever: write to another topic (EndlessCycle)",
  ]);
  assertEquals(answerTo(mesh(item("ping", topics("a", "b")))).warnings, undefined);
  // Refused is told once.
  assertEquals(answerTo(edited(sound, topics("a", "a"))).warnings, undefined);
  assertEquals(answerTo(edited(sound, topics("a", "public/default/a"))).warnings?.length, 1);
});

Deno.test("reviewAnswer() takes replicas: 0 on create (W-40)", () => {
  assertEquals(answerTo(edited(sound, { replicas: 0, minReplicas: 1 })).allowed, true);
});

Deno.test("reviewAnswer() checks a mesh as a whole (W-41, W-9, W-15)", () => {
  const found = answerTo(mesh(item("a"), item("a"), item(""), item("b", { className: "" })));
  assertEquals(fields(found), [
    "spec.functions[1].name",
    "spec.functions[2].name",
    "spec.functions[3].className",
  ]);
  assertEquals(found.status?.details?.kind, "FunctionMesh");
  assertEquals(answerTo(mesh(item("a"), item("b"))).allowed, true);
});

Deno.test("reviewAnswer() does not blame who moves an invalid component of a mesh", () => {
  const bad = item("bad", { className: "" });
  const before = mesh(item("a"), item("b"), bad);
  assertEquals(update(before, mesh(item("b"), bad)).allowed, true);
  assertEquals(update(before, mesh(bad, item("a", { replicas: 3 }))).allowed, true);
  assertEquals(fields(update(before, mesh(bad, item("a", { pulsar: {} })))), [
    "spec.functions[1].pulsar.pulsarConfig",
  ]);
});

Deno.test("reviewAnswer() takes the generated name that an API server shows (W-43)", () => {
  const metadata = { ...sound.metadata, name: "orders-x7k2p", generateName: "orders-" };
  assertEquals(answerTo({ ...sound, metadata }).allowed, true);
});

Deno.test("reviewAnswer() speaks v1 only (W-46)", () => {
  const webhook = webhookOf("Function");
  const beta = { ...review(sound), apiVersion: "admission.k8s.io/v1beta1" };
  assertThrows(() => reviewAnswer(beta, webhook), Error, "send an AdmissionReview of");
  for (const body of [null, [], "", 3, {}, { ...review(sound), request: null }]) {
    assertThrows(() => reviewAnswer(body, webhook), Error, "send an AdmissionReview of");
  }
});

Deno.test("reviewAnswer() refuses a kind that is not the path's", () => {
  const webhook = webhookOf("Sink");
  const { allowed, status } = reviewAnswer(review(sound), webhook).response;
  assertEquals([allowed, status?.code, status?.reason], [false, 403, "Forbidden"]);
});

Deno.test("reviewAnswer() takes the choices of the rules for an object", () => {
  const webhook = webhookOf("MeshSync");
  const sync = (name: string) =>
    review({
      apiVersion: "gitops.functionmesh.io/v1alpha1",
      kind: "MeshSync",
      metadata: { name, namespace: "meshwright" },
      spec: { url: "file:///srv/git" },
    });
  const rules = (object: KubeObject) => ({
    fileUrls: object.metadata.name === "bootstrap" ? "allow" as const : "refuse" as const,
  });
  const allowed = ["bootstrap", "other"].map((name) =>
    reviewAnswer(sync(name), webhook, { rules }).response.allowed
  );
  assertEquals(allowed, [true, false]);
});

Deno.test("WEBHOOKS have the paths of the reference, and those of the kinds that it does not check", () => {
  assertEquals(WEBHOOKS.map(({ path }) => path), [
    "/validate-compute-functionmesh-io-v1alpha1-function",
    "/validate-compute-functionmesh-io-v1alpha1-source",
    "/validate-compute-functionmesh-io-v1alpha1-sink",
    "/validate-compute-functionmesh-io-v1alpha1-functionmesh",
    "/validate-compute-functionmesh-io-v1alpha1-backendconfig",
    "/validate-gitops-functionmesh-io-v1alpha1-meshsync",
  ]);
});
