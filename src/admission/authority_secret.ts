import { type KubeObject, type ObjectKey, sameJson, secretData } from "#base";
import type { ClusterClient } from "#kube";
import {
  type Authority,
  type CertificateTerms,
  pemCertificates,
  renewedAuthority,
} from "./certificate.ts";
import { ownSecret, storeOwnSecret } from "./own_secret.ts";

/** An authority, and how long its Secret has been there. */
export interface KeptAuthority {
  readonly authority: Authority;
  readonly ageMs: number;
}

/**
 * The authority of a Secret of its own, which is made, completed and renewed as needed.
 *
 * @param terms.others taken before a new one is made, when the Secret has none that will do
 * @throws {StalledError} when the Secret belongs to somebody else
 * @throws {ApiError} when the server refuses; 409 when another replica was faster
 */
export async function keepAuthority(
  cluster: ClusterClient,
  key: ObjectKey,
  terms: CertificateTerms & {
    readonly others: readonly Authority[];
    readonly signal?: AbortSignal;
  },
): Promise<KeptAuthority> {
  const { nowMs, others, signal } = terms;
  const secret = await ownSecret(cluster, key, signal);
  const held = authorityFrom(secret);
  const authority = await renewedAuthority([held, ...others], terms);
  if (secret !== undefined && sameJson(authority, held)) {
    return { authority, ageMs: ageMs(secret, nowMs) };
  }
  const data = { "ca.crt": btoa(authority.certificate), "ca.key": btoa(authority.key) };
  const stored = await storeOwnSecret(cluster, data, { key, secret, signal });
  return { authority, ageMs: ageMs(stored, nowMs) };
}

function authorityFrom(secret: KubeObject | undefined): Authority {
  const { "ca.crt": text = "", "ca.key": key = "" } = secretData(secret);
  const [certificate = ""] = pemCertificates(text);
  return { certificate, key };
}

function ageMs({ metadata }: KubeObject, nowMs: number): number {
  return nowMs - Date.parse(metadata.creationTimestamp ?? "");
}
