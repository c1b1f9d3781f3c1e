import type { Receiver } from "#api";
import { createHmac, timingSafeEqual } from "node:crypto";

/** One call of a Git service, read completely. */
export interface Delivery {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Where each service says that it knows the secret: a hash of the body with it, or the secret itself. */
const PROOFS: Readonly<
  Record<Receiver["type"], { readonly header: string; readonly form: "sha256=" | "hex" | "plain" }>
> = {
  bitbucket: { header: "x-hub-signature", form: "sha256=" },
  generic: { header: "x-signature-256", form: "sha256=" },
  gitea: { header: "x-gitea-signature", form: "hex" },
  github: { header: "x-hub-signature-256", form: "sha256=" },
  gitlab: { header: "x-gitlab-token", form: "plain" },
};

/** What each form of a proof looks like; nobody's secret is longer. */
const FORMS = {
  "sha256=": /^sha256=[0-9a-f]{64}$/,
  hex: /^[0-9a-f]{64}$/,
  plain: /^[^\n]{1,4096}$/,
} as const;

/** Whether a call shows anything that could prove where it comes from: what shows nothing is not worth a look. */
export function hasProof(headers: Headers): boolean {
  return Object.values(PROOFS).some(({ header, form }) =>
    FORMS[form].test(headers.get(header) ?? "")
  );
}

/**
 * Whether a call comes from somebody who knows the secret, compared in a time that does not depend on where two texts
 * differ.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isGenuine } from "#receiver";
 * const body = new TextEncoder().encode("{}");
 * const call = (token: string) => ({ headers: new Headers({ "x-gitlab-token": token }), body });
 * assertEquals(isGenuine("gitlab", call("s3cret"), "s3cret"), true);
 * assertEquals(isGenuine("gitlab", call("guess"), "s3cret"), false);
 * ```
 */
export function isGenuine(type: Receiver["type"], delivery: Delivery, secret: string): boolean {
  const { header, form } = PROOFS[type];
  const given = delivery.headers.get(header);
  if (given === null || secret === "") return false;
  const hash = () => createHmac("sha256", secret).update(delivery.body).digest("hex");
  const expected = form === "plain" ? secret : form === "hex" ? hash() : `sha256=${hash()}`;
  return isSame(given, expected);
}

/** Of two texts of any length: their hashes with a key of their own are compared. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac("sha256", "compare").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
