import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { apiErrorFrom } from "#kube";
import { isImmutableRefusal, refusalText } from "../../../src/gitops/plan/refusal.ts";

const STATEFUL_SPEC = "Forbidden: updates to statefulset spec for fields other than 'replicas', " +
  "'ordinals', 'template', 'updateStrategy' and 'minReadySeconds' are forbidden";

function refusal(causes: readonly { field: string; message: string; reason?: string }[]) {
  const message = `X "x" is invalid: ${causes.map(({ field, message }) => `${field}: ${message}`)}`;
  const body = { message, reason: "Invalid", details: { causes: [...causes] } };
  return apiErrorFrom({ status: 422, body }, { verb: "apply", kind: "X" });
}

function object(kind: string, spec: Record<string, unknown>): KubeObject {
  return { apiVersion: "v1", kind, metadata: { name: "x", namespace: "shop" }, spec };
}

const LIVE = object("X", { template: { env: [{ name: "PW", value: "pl41n-pw" }] } });
const WANTED = object("X", { template: { env: [{ name: "PW", value: "n3w-pw" }] } });

/** What servers say of fields that cannot be changed, as they say it. */
const REFUSED: readonly { readonly field: string; readonly message: string }[] = [
  {
    field: "spec.template",
    message:
      'Invalid value: core.PodTemplateSpec{Env:[]core.EnvVar{{Value:"pl41n-pw"}}}: field is immutable',
  },
  {
    field: "spec.selector",
    message: 'Invalid value: {"matchLabels":{"pw":"pl41n-pw"}}: field is immutable',
  },
  { field: "spec", message: STATEFUL_SPEC },
  {
    field: "spec.clusterIPs[0]",
    message: 'Invalid value: []string{"None"}: may not change once set',
  },
  {
    field: "spec",
    message: "Forbidden: spec is immutable after creation except resources.requests\n" +
      '  core.PersistentVolumeClaimSpec{ - Name: "pl41n-pw"',
  },
  { field: "data", message: "Forbidden: field is immutable when `immutable` is set" },
  { field: "parameters", message: "Forbidden: updates to parameters are forbidden." },
  {
    field: "roleRef",
    message:
      'Invalid value: rbac.RoleRef{APIGroup:"a", Kind:"Role", Name:"pl41n-pw"}: cannot change roleRef',
  },
  { field: "spec.size", message: 'Invalid value: "integer": size is immutable' },
];

for (const cause of REFUSED) {
  Deno.test(`a refusal of ${cause.field} (${cause.message.slice(0, 40)}…) names the field and the remedy`, () => {
    const error = refusal([cause]);
    assertEquals(isImmutableRefusal(error, { live: LIVE, wanted: WANTED }), true);
    assertEquals(isImmutableRefusal(error, { live: undefined, wanted: WANTED }), false);
    const text = refusalText(error, { live: LIVE, wanted: WANTED });
    assertEquals(text.startsWith(`${cause.field}: `), true);
    assertMatch(text, /gitops\.functionmesh\.io\/replace: "true"/);
    assertEquals(/pl41n-pw|n3w-pw|Spec\{/.test(text), false, text);
  });
}

Deno.test("the changed parts of a StatefulSet are named, without those that may be changed", () => {
  const [live, wanted] = ["a", "b"].map((name) =>
    object("StatefulSet", { serviceName: name, template: { spec: { nodeName: name } } })
  ) as [KubeObject, KubeObject];
  const text = refusalText(refusal([{ field: "spec", message: STATEFUL_SPEC }]), { live, wanted });
  assertMatch(text, /\(Git changes spec\.serviceName\)/);
});

Deno.test("what is wrong besides is no reason to replace an object, and its values are not repeated", () => {
  const causes = [
    { field: "spec.template", message: 'Invalid value: core.X{V:"pl41n-pw"}: field is immutable' },
    { field: "spec.containers[0]", message: 'Invalid value: core.Y{V:"pl41n-pw"}: must be one' },
  ];
  const error = refusal(causes);
  assertEquals(isImmutableRefusal(error, { live: LIVE, wanted: WANTED }), false);
  const text = refusalText(error, { live: undefined, wanted: WANTED });
  assertEquals(text, "spec.template: field is immutable; spec.containers[0]: must be one");
});

Deno.test("other refusals keep the words of the server", () => {
  const error = refusal([{
    field: "spec.replicas",
    message: "Invalid value: -1: must not be negative",
  }]);
  assertEquals(refusalText(error, { live: LIVE, wanted: WANTED }), error.text);
});

Deno.test("a value of another type than its field has is not repeated", () => {
  const message =
    "failed to create typed patch object (shop/x; v1, Kind=Secret): .data.a: expected string, " +
    'got &value.valueUnstructured{Value:"pl41n-pw"}';
  const error = apiErrorFrom({ status: 500, body: { message } }, { verb: "apply", kind: "Secret" });
  assertMatch(refusalText(error, undefined), /\.data\.a: expected string$/);
});
