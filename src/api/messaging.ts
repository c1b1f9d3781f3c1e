import { Type } from "@sinclair/typebox";
import { flag, optional, text, type Value } from "./schema.ts";

/** Schema of {@linkcode AuthConfig}. */
export const AuthConfigSchema = Type.Object({
  oauth2Config: optional(
    Type.Object({
      audience: text("Audience of the token"),
      issuerUrl: text("Issuer of the token"),
      scope: optional(text("Scope of the token")),
      keySecretName: text("Secret that holds the private key file"),
      keySecretKey: text("Key in that Secret"),
    }, { description: "OAuth2 client credentials; they win over genericAuth" }),
  ),
  genericAuth: optional(
    Type.Object({
      clientAuthenticationPlugin: text("Class of the client's authentication plugin"),
      clientAuthenticationParameters: text("Its parameters, in plain text"),
    }, { description: "Any authentication plugin of Pulsar" }),
  ),
});

/** Schema of {@linkcode TlsConfig}. */
export const TlsConfigSchema = Type.Object({
  enabled: optional(flag("Use TLS to the broker")),
  allowInsecure: optional(flag("Accept untrusted server certificates")),
  hostnameVerification: optional(flag("Verify host names")),
  certSecretName: optional(text("Secret that holds the CA certificate")),
  certSecretKey: optional(text("Key in that Secret")),
}, { description: "TLS to the broker; wins over tlsSecret" });

/** Schema of {@linkcode Messaging}. */
export function messagingSchema(description: string): typeof shape {
  return { ...shape, description };
}

const shape = Type.Object({
  pulsarConfig: optional(
    text("ConfigMap with webServiceURL and brokerServiceURL, projected as environment"),
  ),
  authSecret: optional(
    text("Secret with clientAuthenticationPlugin and clientAuthenticationParameters"),
  ),
  tlsSecret: optional(
    text("Secret with tlsAllowInsecureConnection and the other TLS settings"),
  ),
  tlsConfig: optional(TlsConfigSchema),
  authConfig: optional({
    ...AuthConfigSchema,
    description: "Authentication; wins over authSecret",
  }),
  cleanupAuthConfig: optional({
    ...AuthConfigSchema,
    description: "Authentication of the clean-up job (default: authConfig)",
  }),
});

/** How to authenticate at Pulsar. */
export type AuthConfig = Value<typeof AuthConfigSchema>;
/** How to encrypt the connection to Pulsar. */
export type TlsConfig = Value<typeof TlsConfigSchema>;
/** How to reach a Pulsar cluster: `spec.pulsar` and `spec.pulsarPackageService`. */
export type Messaging = Value<typeof shape>;
