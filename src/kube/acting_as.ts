import type { ObjectKey } from "#base";
import { withGrant } from "./grant.ts";
import type { Transport } from "./transport.ts";

/** The user that a ServiceAccount is to an API server. */
export function serviceAccountUser(account: ObjectKey): string {
  return `system:serviceaccount:${account.namespace}:${account.name}`;
}

/**
 * A transport whose requests have the rights of another user and no others: the server checks that the program may act as
 * that user (verb `impersonate`), then forgets who asked.
 *
 * Where that user lacks a right, the error says what to grant. The connection stays the given transport's: disposing what this answers does nothing.
 */
export function actingAs(transport: Transport, user: string): Transport {
  return {
    server: transport.server,
    request: (request) => explained(user, transport.request({ ...request, actAs: user })),
    stream: (request) => explained(user, transport.stream({ ...request, actAs: user })),
    reconnect: () => transport.reconnect(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function explained<T>(user: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw withGrant(error, user);
  }
}
