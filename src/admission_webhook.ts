import { Admission } from "#admission";
import { BOOTSTRAP_NAME, tenantRule } from "#gitops";
import type { Parts } from "./parts.ts";

/**
 * The admission webhook that the configuration asks for, or undefined: `true` always, `auto` where the API server can
 * get here, which is in a cluster (by the Service, once it is there) or by a URL.
 */
export function admissionWebhook(parts: Parts): Admission | undefined {
  const { config, cluster, clock, log, metrics, namespace, inCluster } = parts;
  const { webhook, watchedNamespace } = config;
  if (webhook === undefined) return undefined;
  if (webhook.mode === "auto" && !inCluster && webhook.url === undefined) {
    log.info("Admission webhook is off", { reason: "not in a cluster, and no --webhook-url" });
    return undefined;
  }
  return new Admission({
    ...webhook,
    cluster,
    clock,
    log,
    namespace,
    watchedNamespace,
    required: webhook.mode === "true",
    onCertificate: (endMs) => metrics.setCertificateEnd("webhook", endMs),
    // What flags made may name a folder of this machine. Others may not, whatever they call it: the loop sees to that.
    rules: (object) => ({
      fileUrls: object.metadata.name === BOOTSTRAP_NAME ? "allow" : "refuse",
      ...tenantRule(parts.tenancy),
    }),
  });
}
