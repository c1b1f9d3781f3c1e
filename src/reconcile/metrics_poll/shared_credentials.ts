/**
 * Whether credentials for one address may be shown to another: where that is the same host and port, or a Service of the
 * same namespace, as brokers of one cluster are to each other.
 */
export function sharesCredentials(meant: URL, other: URL): boolean {
  if (meant.protocol === "https:" && other.protocol !== "https:") return false;
  const namespace = serviceNamespace(meant.hostname);
  return other.host === meant.host ||
    (namespace !== undefined && namespace === serviceNamespace(other.hostname));
}

/** The namespace in `NAME.NAMESPACE.svc` and `POD.NAME.NAMESPACE.svc.cluster.local`. */
function serviceNamespace(host: string): string | undefined {
  const labels = host.replace(/\.$/, "").split(".");
  const svc = labels.lastIndexOf("svc");
  const domain = labels.slice(svc + 1).join(".");
  return svc >= 2 && (domain === "" || domain === "cluster.local") ? labels[svc - 1] : undefined;
}
