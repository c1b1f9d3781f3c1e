/** Writes that an API server refuses, in each way that it has: a webhook says no in its name, as policy engines do. */
import { ownCertificates } from "../certificates.ts";
import type { TestCluster } from "../control_plane.ts";
import { userFunction } from "../controller_story.ts";
import type { MadeCause } from "./stage.ts";

/** Reasons with their HTTP status, and what there is to do. */
const REFUSALS: readonly (readonly [string, number, RegExp])[] = [
  ["AlreadyExists", 409, /Rename this resource/],
  ["BadRequest", 400, /Correct what the API server refuses/],
  ["Conflict", 409, /Let one of them write the field/],
  ["InternalError", 500, /webhook that the message names/],
  ["MethodNotAllowed", 405, /versions of the definitions/],
  ["NotFound", 404, /Create the namespace/],
  ["RequestEntityTooLarge", 413, /Make the object smaller/],
  ["ServerTimeout", 504, /the API server is busy/],
  ["ServiceUnavailable", 503, /until the API server is back/],
  ["Timeout", 504, /a webhook that it asks is slow/],
  ["TooManyRequests", 429, /FlowSchema/],
  ["Unauthorized", 401, /token of the program's ServiceAccount/],
];

const nameOf = (reason: string) => `refused-${reason.toLowerCase()}`;

/** A Function for each: its StatefulSet is refused. */
export const REFUSAL_CAUSES: readonly MadeCause[] = REFUSALS.map(([reason, , remedy]) => ({
  reason,
  name: `function/${nameOf(reason)}`,
  make: ({ story }) => story.apply(userFunction(nameOf(reason))),
  says: new RegExp(`Cannot apply StatefulSet .*${reason} of the team's policy`),
  remedy,
}));

/** Starts what refuses them, for one namespace. */
export async function refusingWebhook(
  cluster: TestCluster,
  namespace: string,
): Promise<AsyncDisposable> {
  const { authorities, certificate: cert, privateKey: key } = await ownCertificates(["127.0.0.1"]);
  const address = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve({ ...address, cert, key }, async (request) => {
    const { request: asked } = await request.json();
    return Response.json({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: asked.uid, ...answerTo(asked.name ?? "") },
    });
  });
  const name = `refusing-${namespace}`;
  const type = "ValidatingWebhookConfiguration";
  await cluster.apply({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: type,
    metadata: { name },
    webhooks: [{
      name: "policy.team.example",
      clientConfig: {
        url: `https://127.0.0.1:${server.addr.port}/`,
        caBundle: btoa(authorities.join("\n")),
      },
      rules: [{
        apiGroups: ["apps"],
        apiVersions: ["v1"],
        operations: ["CREATE"],
        resources: ["statefulsets"],
      }],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
    }],
  });
  return {
    async [Symbol.asyncDispose]() {
      await cluster.kubectl(["delete", type, name, "--ignore-not-found"]);
      await server.shutdown();
    },
  };
}

function answerTo(statefulSet: string) {
  const found = REFUSALS.find(([reason]) => statefulSet === `${nameOf(reason)}-function`);
  if (found === undefined) return { allowed: true };
  const [reason, code] = found;
  return { allowed: false, status: { code, reason, message: `${reason} of the team's policy` } };
}
