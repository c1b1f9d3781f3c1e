import type { Component, Messaging } from "#api";
import {
  contentHash,
  keyText,
  type KubeObject,
  type ObjectKey,
  secretData,
  withoutEnd,
} from "#base";
import type { ClusterClient, ResourceType } from "#kube";
import { type BrokerAccess, brokerAccess } from "./broker_access.ts";

const CONFIG_MAP = core("ConfigMap", "configmaps");
const SECRET = core("Secret", "secrets");

/**
 * Reads how brokers are reached, each object once a round. Nothing is kept longer: Secrets stay out of memory, and a new
 * token counts from the next round on.
 */
export class BrokerSettings {
  readonly #cluster: Pick<ClusterClient, "get">;
  readonly #signal: AbortSignal;
  readonly #read = new Map<string, Promise<KubeObject | undefined>>();

  constructor(cluster: Pick<ClusterClient, "get">, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#signal = signal;
  }

  /** How to ask the broker of a component, or why it cannot be asked. @throws what a read threw */
  async accessOf(component: Component): Promise<BrokerAccess | { readonly problem: string }> {
    const messaging: Messaging = component.spec.pulsar ?? {};
    const namespace = component.metadata.namespace ?? "";
    const { authConfig, authSecret, tlsConfig, pulsarConfig } = messaging;
    const config = await this.#object(CONFIG_MAP, { namespace, name: pulsarConfig ?? "" });
    const auth = authConfig || !authSecret
      ? undefined
      : await this.#object(SECRET, { namespace, name: authSecret });
    const certificate = tlsConfig?.certSecretName
      ? await this.#object(SECRET, { namespace, name: tlsConfig.certSecretName })
      : undefined;
    const access = brokerAccess(messaging, {
      config: dataOf(config),
      auth: decoded(auth),
      certificate: decoded(certificate),
    });
    if ("problem" in access) return access;
    const own = { ...access, url: qualifiedUrl(access.url, namespace) };
    return access.authorization === undefined
      ? own
      : { ...own, credentials: auth === undefined ? contentHash(authConfig) : versionOf(auth) };
  }

  async #object(type: ResourceType, key: ObjectKey): Promise<KubeObject | undefined> {
    if (key.name === "") return undefined;
    const id = `${type.kind} ${keyText(key)}`;
    const reading = this.#read.get(id) ?? this.#cluster.get(type, key, this.#signal);
    this.#read.set(id, reading);
    return await reading;
  }
}

/** A Service's bare name is one of the component's namespace, not of this program's. */
function qualifiedUrl(text: string, namespace: string): string {
  const url = new URL(text);
  const isBare = !url.hostname.includes(".") && !url.hostname.startsWith("[") &&
    url.hostname !== "localhost";
  if (!isBare) return text;
  url.hostname = `${url.hostname}.${namespace}.svc`;
  return withoutEnd(url.href, "/");
}

function versionOf({ metadata }: KubeObject): string {
  return `${metadata.uid} ${metadata.resourceVersion}`;
}

function dataOf(object: KubeObject | undefined): Record<string, string> | undefined {
  return object === undefined ? undefined : { ...(object["data"] as Record<string, string>) };
}

function decoded(secret: KubeObject | undefined): Record<string, string> | undefined {
  return secret === undefined ? undefined : secretData(secret);
}

function core(kind: string, plural: string): ResourceType {
  return { apiVersion: "v1", kind, plural, namespaced: true };
}
