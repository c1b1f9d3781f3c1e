import type { JsonObject } from "#base";

/** What an API server says to the apply of a ConfigMap, repeating values of it. */
export type Refusing = (quoted: string) => { readonly status: number; readonly body: JsonObject };

const cause = (message: string, field: string) => ({ reason: "FieldValueInvalid", message, field });

/** Every way in which it refuses, by a name for it. */
export const REFUSALS: Readonly<Record<string, Refusing>> = {
  invalid: (quoted) => ({
    status: 422,
    body: {
      reason: "Invalid",
      message: `ConfigMap "b" is invalid: data: Invalid value: ${quoted}: is odd`,
      details: { causes: [cause(`Invalid value: ${quoted}: ${quoted} is odd`, "data")] },
    },
  }),
  "invalid field": (quoted) => ({
    status: 422,
    body: {
      reason: "Invalid",
      message: `ConfigMap "b" is invalid`,
      details: { causes: [cause("must be text", `data[${quoted}]`)] },
    },
  }),
  immutable: (quoted) => ({
    status: 422,
    body: {
      reason: "Invalid",
      message:
        `Job.batch "b" is invalid: spec.template: Invalid value: ${quoted}: field is immutable`,
      details: { causes: [cause(`Invalid value: ${quoted}: field is immutable`, "spec.template")] },
    },
  }),
  forbidden: (quoted) => ({
    status: 403,
    body: { reason: "Forbidden", message: `configmaps "b" is forbidden: policy says ${quoted}` },
  }),
  webhook: (quoted) => ({
    status: 400,
    body: { message: `admission webhook "p.example.com" denied the request: ${quoted}` },
  }),
  conflict: (quoted) => ({
    status: 409,
    body: { reason: "Conflict", message: `Apply failed with 1 conflict: using ${quoted}: .data.a` },
  }),
  "typed patch": (quoted) => ({
    status: 500,
    body: {
      message:
        `failed to create typed patch object (shop/b; v1, Kind=ConfigMap): .data.a: expected string, got ${quoted}`,
    },
  }),
  broken: (quoted) => ({ status: 500, body: { message: `Internal error: ${quoted}` } }),
};
