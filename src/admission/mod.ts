/**
 * Says no at `kubectl apply`: a validating webhook, served by the same program, for what the definitions' schema and CEL
 * cannot say. The rules are those of `#api`, as in the reconciler, the GitOps loop and `validate`; here is only how an
 * API server asks ({@linkcode reviewAnswer}), what an update may do ({@linkcode verdictOn}) and how the webhook comes to
 * be called: {@linkcode Admission} keeps a certificate in a Secret and what signs it in another, an HTTPS server and the
 * configuration in the cluster.
 *
 * Nothing is mutated: defaults are applied on reading (W-42). Whatever breaks here (no rights, no certificate, the
 * program down) lets resources through unchecked, and the reconciler reports them.
 *
 * @module
 */
export * from "./admission.ts";
export * from "./authority_secret.ts";
export * from "./certificate.ts";
export * from "./certificate_files.ts";
export * from "./certificate_secret.ts";
export * from "./configuration.ts";
export * from "./look_delay.ts";
export * from "./own_secret.ts";
export * from "./review.ts";
export * from "./server.ts";
export * from "./verdict.ts";
export * from "./webhook.ts";
