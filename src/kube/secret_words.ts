import type { ObjectKey } from "#base";
import { lackOf, lackText } from "./lack.ts";

const READS: readonly string[] = ["get", "list", "watch"];
/** What servers say that says nothing of an object. */
const PLAIN_WORDS: readonly string[] = [
  "etcdserver: leader changed",
  "etcdserver: request timed out",
  "etcdserver: too many requests",
  "no reason given",
  "the server could not find the requested resource",
  "the server is currently unable to handle the request",
  "Too many requests, please try again later.",
  "Unauthorized",
];

/** Whether a request reads Secrets: nobody knows what a server quotes of them that refuses. */
export function isSecretRead({ kind, verb }: { readonly kind: string; readonly verb: string }) {
  return kind === "Secret" && READS.includes(verb);
}

/**
 * What is repeated of the words with which a server refuses to read a Secret: who lacks which right, and sentences that are
 * known; it may quote what the Secret holds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { apiErrorFrom } from "#kube";
 * const key = { namespace: "team", name: "db" };
 * const error = (message: string) =>
 *   apiErrorFrom({ status: 500, body: { message } }, { verb: "get", kind: "Secret", key }).message;
 * assertEquals(error("cannot decode s3cret"), "Cannot get Secret team/db: the server's words are not repeated, as they " +
 *   "may quote what it holds (500 InternalError)");
 * assertEquals(error("Unauthorized"), "Cannot get Secret team/db: Unauthorized (500 InternalError)");
 * ```
 */
export function secretReadText(text: string, key: ObjectKey | undefined): string {
  const lack = lackOf(text);
  const known = [...PLAIN_WORDS, `secrets "${key?.name ?? ""}" not found`];
  const words = lack === undefined ? known.find((one) => one === text) : lackText(lack);
  return words ?? "the server's words are not repeated, as they may quote what it holds";
}
