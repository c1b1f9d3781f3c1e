import type { RuleOptions } from "#api";
import { groupOf, isPlainObject, type KubeObject, type Problem } from "#base";
import { isAbsentAt } from "./field_path.ts";
import { verdictOn } from "./verdict.ts";
import type { Webhook } from "./webhook.ts";

/** The only version of reviews that is spoken; the reference still offers v1beta1, which no server has (W-46). */
export const REVIEW_API_VERSION = "admission.k8s.io/v1";

/** An API server cuts what is longer. */
const WARNING_LENGTH_MAX = 256;
/** What a person reads at once; a mesh can have thousands. */
const FINDINGS_MAX = 50;

/** One thing that is wrong with a resource, as Kubernetes says it. */
interface StatusCause {
  readonly reason: "FieldValueRequired" | "FieldValueInvalid";
  readonly message: string;
  readonly field: string;
}

/** Why a request is refused: a Kubernetes Status. */
export interface Refusal {
  readonly status: "Failure";
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly name: string;
    readonly group: string;
    readonly kind: string;
    readonly causes: readonly StatusCause[];
  };
}

/** The answer to a review. There is never a patch (W-42). */
export interface ReviewAnswer {
  readonly apiVersion: string;
  readonly kind: "AdmissionReview";
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: Refusal;
    readonly warnings?: readonly string[];
  };
}

/** A body is no AdmissionReview of version v1. */
export class NoReviewError extends Error {
  override readonly name = "NoReviewError";
}

/** What an answer depends on besides the review. */
export interface ReviewOptions {
  /** The choices of the rules for one object: who may name `file:` repositories, for one. */
  readonly rules?: (object: KubeObject) => RuleOptions;
}

/**
 * The answer to an AdmissionReview that was posted to the path of a webhook.
 *
 * A refusal has the code 422, the reason Invalid, the kind of the API and a cause for each field (W-38), which kubectl
 * prints as `The Function "orders" is invalid: spec.className: is missing; name the class to run`.
 *
 * @throws {NoReviewError} when the body is no AdmissionReview of version v1
 */
export function reviewAnswer(
  body: unknown,
  webhook: Webhook,
  options: ReviewOptions = {},
): ReviewAnswer {
  const request = requestOf(body);
  const { apiVersion, kind } = webhook.resource;
  const asked = isPlainObject(request["kind"]) ? request["kind"] : {};
  const askedVersion = [asked["group"], asked["version"]].filter(Boolean).join("/");
  const uid = String(request["uid"]);
  if (asked["kind"] !== kind || askedVersion !== apiVersion) {
    return answer(uid, {
      status: "Failure",
      code: 403,
      reason: "Forbidden",
      message: `${webhook.path} looks at ${kind} of ${apiVersion}, not at ${asked["kind"]} of ` +
        `${askedVersion}; mend the ValidatingWebhookConfiguration`,
    });
  }
  const object = objectOf(request["object"]);
  const subresource = request["subResource"];
  const verdict = verdictOn({
    operation: String(request["operation"]),
    subresource: typeof subresource === "string" && subresource !== "" ? subresource : undefined,
    object,
    before: objectOf(request["oldObject"]),
  }, object === undefined ? {} : options.rules?.(object));
  const warnings = verdict.warnings.slice(0, FINDINGS_MAX).map(warningText);
  const refusal = object === undefined || verdict.problems.length === 0
    ? undefined
    : refusalOf(object, { webhook, problems: verdict.problems, name: request["name"] });
  return answer(uid, refusal, warnings);
}

function requestOf(body: unknown): Record<string, unknown> {
  const review = isPlainObject(body) ? body : {};
  const request = review["request"];
  const isReview = review["apiVersion"] === REVIEW_API_VERSION &&
    review["kind"] === "AdmissionReview";
  if (!isReview || !isPlainObject(request) || typeof request["uid"] !== "string") {
    throw new NoReviewError(`Cannot read it: send an AdmissionReview of ${REVIEW_API_VERSION}`);
  }
  return request;
}

function objectOf(value: unknown): KubeObject | undefined {
  return isPlainObject(value) ? value as unknown as KubeObject : undefined;
}

function answer(
  uid: string,
  refusal: Refusal | undefined,
  warnings: readonly string[] = [],
): ReviewAnswer {
  return {
    apiVersion: REVIEW_API_VERSION,
    kind: "AdmissionReview",
    response: {
      uid,
      allowed: refusal === undefined,
      ...(refusal === undefined ? {} : { status: refusal }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  };
}

function refusalOf(
  object: KubeObject,
  { webhook, problems, name }: {
    readonly webhook: Webhook;
    readonly problems: readonly Problem[];
    readonly name: unknown;
  },
): Refusal {
  const { apiVersion, kind } = webhook.resource;
  const group = groupOf(apiVersion);
  const shown = problems.slice(0, FINDINGS_MAX);
  const more = problems.length > shown.length ? `, and ${problems.length - shown.length} more` : "";
  const details = {
    name: typeof name === "string" ? name : "",
    group,
    kind,
    causes: shown.map((problem) => causeOf(object, problem)),
  };
  return {
    status: "Failure",
    code: 422,
    reason: "Invalid",
    message: `${kind}.${group} ${JSON.stringify(details.name)} is invalid: ${
      shown.map(problemText).join(", ")
    }${more}`,
    details,
  };
}

/** Something missing is said to be required, not invalid (W-38). */
function causeOf(object: KubeObject, { path, message }: Problem): StatusCause {
  const reason = isAbsentAt(object, path) ? "FieldValueRequired" : "FieldValueInvalid";
  return { reason, message, field: path };
}

function problemText({ path, message }: Problem): string {
  return `${path}: ${message}`;
}

function warningText(problem: Problem): string {
  const text = problemText(problem);
  return text.length <= WARNING_LENGTH_MAX ? text : `${text.slice(0, WARNING_LENGTH_MAX - 1)}…`;
}
