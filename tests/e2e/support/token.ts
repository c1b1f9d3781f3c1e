/** What a component needs where the broker asks for a token. */
import type { KubeObject } from "#base";
import { PULSAR_CONFIG } from "./components.ts";
import type { Story } from "./story.ts";

const SECRET = "pulsar-token";

/** `spec.pulsar` of a component that shows the token of {@linkcode tokenSecret}. */
export const WITH_TOKEN = { pulsarConfig: PULSAR_CONFIG, authSecret: SECRET };

/** The Secret that a component names in `pulsar.authSecret`. */
export function tokenSecret({ namespace }: Pick<Story, "namespace">, token: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: SECRET, namespace },
    stringData: {
      clientAuthenticationPlugin: "org.apache.pulsar.client.impl.auth.AuthenticationToken",
      clientAuthenticationParameters: `token:${token}`,
    },
  } as KubeObject;
}
