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
    const text = refusalText(error, { live: LIVE, wanted: WANTED }, { object: WANTED });
    assertEquals(text.startsWith(`${cause.field}: `), true);
    assertMatch(text, /gitops\.functionmesh\.io\/replace: "true"/);
    assertEquals(/pl41n-pw|n3w-pw|Spec\{/.test(text), false, text);
  });
}

Deno.test("the changed parts of a StatefulSet are named, without those that may be changed", () => {
  const [live, wanted] = ["a", "b"].map((name) =>
    object("StatefulSet", { serviceName: name, template: { spec: { nodeName: name } } })
  ) as [KubeObject, KubeObject];
  const text = refusalText(refusal([{ field: "spec", message: STATEFUL_SPEC }]), { live, wanted }, {
    object: wanted,
  });
  assertMatch(text, /\(Git changes spec\.serviceName\)/);
});

Deno.test("what is wrong besides is no reason to replace an object, and its values are not repeated", () => {
  const causes = [
    { field: "spec.template", message: 'Invalid value: core.X{V:"pl41n-pw"}: field is immutable' },
    { field: "spec.containers[0]", message: 'Invalid value: core.Y{V:"pl41n-pw"}: must be one' },
  ];
  const error = refusal(causes);
  assertEquals(isImmutableRefusal(error, { live: LIVE, wanted: WANTED }), false);
  const text = refusalText(error, { live: undefined, wanted: WANTED }, { object: WANTED });
  assertEquals(text, "spec.template: field is immutable; spec.containers[0]: must be one");
});

Deno.test("other refusals keep the words of the server, without the value", () => {
  const error = refusal([{
    field: "spec.replicas",
    message: "Invalid value: -1: must not be negative",
  }]);
  const text = refusalText(error, { live: LIVE, wanted: WANTED }, { object: WANTED });
  assertEquals(text, "spec.replicas: must not be negative");
});

Deno.test("a value of another type than its field has is not repeated", () => {
  const message =
    "failed to create typed patch object (shop/x; v1, Kind=Secret): .data.a: expected string, " +
    'got &value.valueUnstructured{Value:"pl41n-pw"}';
  const error = apiErrorFrom({ status: 500, body: { message } }, { verb: "apply", kind: "Secret" });
  assertMatch(refusalText(error, undefined, { object: WANTED }), /\.data\.a: expected string$/);
});

/** A secret in the spellings in which servers print values, each with the words that stay of what it is in. */
const SPELLINGS: readonly (readonly [message: string, words: string])[] = [
  ['Invalid value: "81726354": must be no more than 63 bytes', "must be no more than 63 bytes"],
  ["Invalid value: 81726354: must be no more than 63 bytes", "must be no more than 63 bytes"],
  ['Invalid value: "a \\"81726354\\": must be no more than 9 bytes": is odd', "is not accepted"],
  ["Invalid value: core.X{Env:{Value:81726354}}: field is immutable", "field is immutable"],
  ["Invalid value: {Value:81726354}: is like 81726354", "is not accepted"],
  ['Invalid value: "x": is like 81726354', "is not accepted"],
  ['Invalid value: "x": is like ODE3MjYzNTQ=', "is not accepted"],
  [
    'Invalid value: "x": must be less than or equal to cpu limit of 81726354',
    "must be less than or equal to cpu limit",
  ],
  ['Invalid value: "object": failed rule: self.a > 1', "failed rule: self.a > 1"],
  ['Invalid value: "object": got 81726354', "is not accepted"],
  [
    'Invalid value: "string": spec.a in body must be of type integer: "string"',
    "must be of type integer, but is string",
  ],
  [
    'Invalid value: "81726354": spec.a in body must be of type date-time: "81726354"',
    "must be of type date-time",
  ],
  [
    "Invalid value: \"81726354\": spec.81726354 in body should match '^[a-z]+$'",
    "should match '^[a-z]+$'",
  ],
  ['Unsupported value: "81726354": supported values: "A", "B"', 'supported values: "A", "B"'],
  [
    'Unsupported value: ": supported values: \\"81726354\\"": supported values: "A"',
    'supported values: "A"',
  ],
  ['Unsupported value: ": supported values: \\"81726354\\""', "is not accepted"],
  ["Unsupported value: {Type:81726354}", "is not accepted"],
  ["Duplicate value: : must be no more than 81726354 bytes", "is given twice"],
  ['Not found: "81726354"', "Not found"],
  ["Required value", "Required value"],
  ["Required value: 81726354 needs it", "Required value"],
  ["Forbidden: may not be 81726354", "is not accepted"],
  [
    "Forbidden: updates to statefulset spec for fields other than 81726354",
    "updates to this part of a StatefulSet's spec are forbidden",
  ],
  ["Too many: 81726354: must have at most 3 items", "must have at most 3 items"],
  ["Too long: may not be more than 1048576 bytes", "may not be more than 1048576 bytes"],
  ["Internal error: 81726354", "is not accepted"],
  ["81726354", "is not accepted"],
  ["Invalid value: 81726354", "is not accepted"],
  ['Invalid value: "', "is not accepted"],
  ["", "is not accepted"],
];

Deno.test("of an object that holds secrets only words are shown that are known to hold none", () => {
  const holding = { object: object("X", { a: "81726354" }), secrets: ["81726354"] };
  for (const [message, words] of SPELLINGS) {
    const error = refusal([{ field: 'spec["81 726354"]', message }]);
    assertEquals(refusalText(error, undefined, holding), `spec[…]: ${words}`, message);
  }
  for (const status of [400, 403, 422, 500]) {
    const body = { message: 'admission webhook "a.example" denied the request: no 8172-6354' };
    const error = apiErrorFrom({ status, body }, { verb: "apply", kind: "X" });
    assertEquals(
      refusalText(error, undefined, holding),
      'admission webhook "a.example" denied the request',
    );
    const other = apiErrorFrom({ status, body: { message: "no 8172-6354" } }, {
      verb: "apply",
      kind: "X",
    });
    assertMatch(refusalText(other, undefined, holding), /its words are left out/);
  }
});

Deno.test("of another object the words are shown that nobody knows, with its values masked", () => {
  const open = { object: object("X", { a: "plain-pw", b: 7 }), secrets: ["81726354"] };
  const cases: readonly (readonly [message: string, words: string])[] = [
    ['Invalid value: "object": got plain-pw and 7', "got *** and ***"],
    ["Forbidden: nobody likes plain-pw", "Forbidden: nobody likes ***"],
    ['Invalid value: "a \\": b": is odd', "is odd"],
    ["Invalid value: word: is odd", "is odd"],
    ["Invalid value: names no runtime; give one", "names no runtime; give one"],
  ];
  for (const [message, words] of cases) {
    assertEquals(
      refusalText(refusal([{ field: "spec", message }]), undefined, open),
      `spec: ${words}`,
    );
  }
});
