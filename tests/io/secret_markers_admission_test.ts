/**
 * Markers in every member of a resource that may hold a secret, in every type, right and wrong, in resources that are refused and
 * in those that are warned of; then all is looked through that an API server is answered, and shows, stores and logs (H3).
 */
import { assert, assertEquals } from "@std/assert";
import { isPlainObject, type KubeObject } from "#base";
import { reviewAnswer } from "../../src/admission/review.ts";
import { WEBHOOKS } from "../../src/admission/webhook.ts";
import { functionObject } from "../support/objects.ts";
import { leaksIn, numberSpellings, spelledParts } from "../support/secret_spellings.ts";

const VALUE = 'MARKVALUE"in<side>&x';
const NUMBER = 81_726_354;
const PARTS = [...spelledParts([VALUE]), "MARK", ...numberSpellings(NUMBER).values()];

/** What may stand where a secret is meant. */
const VALUES: readonly unknown[] = [
  ...[VALUE, NUMBER, [VALUE], { a: VALUE }, [{ name: "a", value: VALUE }], {
    value: [VALUE, NUMBER],
  }],
  ...[`{"token": "${VALUE}`, `${VALUE}\n`, VALUE.repeat(2_000), null, ""],
];

const COMPUTE = "compute.functionmesh.io/v1alpha1";
const GITOPS = "gitops.functionmesh.io/v1alpha1";
/** Sinks and Sources of nothing more than what they need. */
function connectorObject(kind: string, spec: Record<string, unknown>): KubeObject {
  const { metadata, spec: whole } = functionObject("orders");
  const { input, output, ...rest } = whole as Record<string, unknown>;
  const topics = kind === "Sink" ? { input } : { output };
  return {
    apiVersion: COMPUTE,
    kind,
    metadata,
    spec: { ...rest, ...topics, ...spec },
  } as KubeObject;
}

const kinds: Readonly<Record<string, (spec: Record<string, unknown>) => KubeObject>> = {
  Function: (spec) => functionObject("orders", spec),
  Sink: (spec) => connectorObject("Sink", spec),
  Source: (spec) => connectorObject("Source", spec),
  FunctionMesh: (spec) => ({
    ...{ apiVersion: COMPUTE, kind: "FunctionMesh", metadata: { name: "shop", namespace: "shop" } },
    spec: {
      functions: [{ ...functionObject("a").spec as Record<string, unknown>, name: "a", ...spec }],
    },
  }),
  BackendConfig: (spec) => ({
    ...{ apiVersion: COMPUTE, kind: "BackendConfig", metadata: { name: "b", namespace: "shop" } },
    spec,
  }),
};

/** Where components and their defaults hold passwords, as a spec that holds `value` there. */
const PLACES: Readonly<Record<string, (value: unknown) => Record<string, unknown>>> = {
  variable: (value) => ({ pod: { env: [{ name: "PASSWORD", value }] } }),
  "variable twice": (value) => ({
    pod: { env: [{ name: "PASSWORD", value }, { name: "PASSWORD", value }] },
  }),
  "variables as a map": (value) => ({ pod: { env: { PASSWORD: value } } }),
  "variables of a default": (value) => ({ env: { PASSWORD: value } }),
  "settings of a function": (value) => ({ funcConfig: { password: value } }),
  "settings that are none": (value) => ({ funcConfig: value }),
  "settings of a sink": (value) => ({ sinkConfig: { password: value, nested: { pin: value } } }),
  "settings of a source": (value) => ({ sourceConfig: { password: value } }),
  "sink settings that are none": (value) => ({ sinkConfig: value }),
  parameters: (value) => ({
    pulsar: {
      pulsarConfig: "pulsar",
      authConfig: {
        genericAuth: {
          clientAuthenticationPlugin: "token",
          clientAuthenticationParameters: value,
        },
      },
    },
  }),
  "authentication that is none": (value) => ({
    pulsar: { pulsarConfig: "pulsar", authConfig: { genericAuth: value } },
  }),
  "a token that is a secret": (value) => ({
    pulsar: { pulsarConfig: "pulsar", authConfig: value },
  }),
  "a container of its own": (value) => ({
    pod: { initContainers: [{ name: "a", image: "b", env: [{ name: "PASSWORD", value }] }] },
  }),
  "a sidecar": (value) => ({
    pod: { sidecars: [{ name: "a", image: "b", args: [value], command: [value] }] },
  }),
  "properties of a producer": (value) => ({ output: { producerConf: { cryptoConfig: value } } }),
};

/** Where a MeshSync holds what only few may know. */
const SYNC_PLACES: Readonly<Record<string, (value: unknown) => Record<string, unknown>>> = {
  "a password in the address": (value) => ({ url: `https://bot:${value}@git.example/a.git` }),
  "a token in the address": (value) => ({ url: `https://${value}@git.example/a.git?t=${value}` }),
  "an address over HTTP": (value) => ({ url: `http://${value}@git.example/a.git` }),
  "no address": (value) => ({ url: `ext::sh ${value}` }),
  "another type of address": (value) => ({ url: value }),
  "who is told": (value) => ({ notify: [{ type: "slack", address: value }] }),
  "who is told, with a token": (value) => ({
    notify: [{ type: "slack", address: `https://bot:${value}@hooks.example/${value}` }],
  }),
  "who is told, with an address and a Secret": (value) => ({
    notify: [{ type: "nothing", address: `https://h.example/${value}`, secretRef: { name: "a" } }],
  }),
  "a Secret in place of its name": (value) => ({ secretRef: { token: value } }),
  "a key in place of its Secret": (value) => ({ decryption: { secretRef: { key: value } } }),
};

/** Specs that are sound, refused and warned of, whatever else they hold. */
const BESIDES: readonly Record<string, unknown>[] = [
  {},
  { className: "", maxReplicas: -1 },
  { genericRuntime: { functionFile: "/a.js", language: "nodejs" } },
];

function review(object: KubeObject, oldObject?: KubeObject): unknown {
  const [group, version] = object.apiVersion.split("/");
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "u",
      kind: { group, version, kind: object.kind },
      name: object.metadata.name,
      operation: oldObject === undefined ? "CREATE" : "UPDATE",
      object,
      ...(oldObject === undefined ? {} : { oldObject }),
    },
  };
}

/** What is answered when an object is made, and when it becomes so, or is mended. */
function answersOn(object: KubeObject, sound: KubeObject) {
  const webhook = WEBHOOKS.find(({ resource }) => resource.kind === object.kind);
  if (webhook === undefined) throw new Error(`no webhook for ${object.kind}`);
  const reviews = [review(object), review(object, sound), review(sound, object)];
  return reviews.map((one) => reviewAnswer(one, webhook).response);
}

/** Two specs as one, members of their objects side by side. */
function merged(a: Record<string, unknown>, b: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    [...Object.entries(a), ...Object.entries(b)].map(([name, value]) => [
      name,
      isPlainObject(value) && isPlainObject(a[name]) ? { ...a[name], ...value } : value,
    ]),
  );
}

Deno.test("no secret of a component comes out of an answer to an API server, in refusals and warnings (H3)", () => {
  const told = { refused: 0, warned: 0 };
  for (const [kind, objectOf] of Object.entries(kinds)) {
    for (const [place, specOf] of Object.entries(PLACES)) {
      for (const value of VALUES) {
        for (const beside of BESIDES) {
          const answers = answersOn(objectOf(merged(beside, specOf(value))), objectOf({}));
          const said = answers.map((answer) => JSON.stringify(answer));
          assertEquals(leaksIn(said, PARTS), [], `${kind}: ${place}`);
          told.refused += answers.filter(({ allowed }) => !allowed).length;
          told.warned += answers.filter(({ warnings = [] }) => warnings.length > 0).length;
        }
      }
    }
  }
  assert(told.refused > 500 && told.warned > 500, JSON.stringify(told));
});

Deno.test("no secret of a MeshSync comes out of an answer to an API server, in refusals and warnings (H3)", () => {
  const told = { refused: 0, warned: 0 };
  const sync = (spec: Record<string, unknown>): KubeObject => ({
    ...{ apiVersion: GITOPS, kind: "MeshSync", metadata: { name: "a", namespace: "shop" } },
    spec: { url: "https://git.example/a.git", ...spec },
  });
  for (const [place, specOf] of Object.entries(SYNC_PLACES)) {
    for (const value of VALUES) {
      for (const beside of [{}, { interval: "soon" }, { path: "../x" }]) {
        const answers = answersOn(sync({ ...beside, ...specOf(value) }), sync({}));
        const said = answers.map((answer) => JSON.stringify(answer));
        assertEquals(leaksIn(said, PARTS), [], place);
        told.refused += answers.filter(({ allowed }) => !allowed).length;
        told.warned += answers.filter(({ warnings = [] }) => warnings.length > 0).length;
      }
    }
  }
  assert(told.refused > 100 && told.warned > 10, JSON.stringify(told));
});
