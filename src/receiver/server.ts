import { ANNOTATIONS, type MeshSync, type Receiver, resourceOf } from "#api";
import { type Clock, idOf, keyOf, keyText, type ObjectKey, secretData } from "#base";
import type { ClusterClient } from "#kube";
import { type Logger, parseAddress, type Server } from "#telemetry";
import { boundedBody } from "./body.ts";
import { concerns, type Push, pushOf } from "./payload.ts";
import { RateLimit } from "./rate_limit.ts";
import { isGenuine } from "./signature.ts";

/** What a receiver needs. */
export interface ReceiverOptions {
  /** `:9292`, `127.0.0.1:0`; `0` for none. */
  readonly address: string;
  readonly cluster: Pick<ClusterClient, "get" | "list" | "patch">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Calls to one MeshSync in a burst, and then one each interval. */
const CALLS_BURST = 20;
const CALL_INTERVAL_MS = 1_000;
/** Calls to all together: what an unknown path costs is a request to the API server too. */
const ALL_CALLS_BURST = 100;
const ALL_CALL_INTERVAL_MS = 50;
/** Calls that are read at the same time. */
const CALLS_AT_ONCE = 16;

const SECRET = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true } as const;
const MANAGER = "meshwright-receiver";

interface Limits {
  readonly each: RateLimit;
  readonly all: RateLimit;
  running: number;
}

/**
 * Listens for Git services that say that a repository changed: `POST /receive/NAMESPACE/NAME` names a MeshSync with a
 * receiver. All that a call can do is to have MeshSyncs of that namespace look at their repository now.
 *
 * # Guarantees
 * Nothing of a call is looked at before its signature was found right; who has no signature cannot tell which MeshSyncs
 * there are. Size, time, number at once and rate are bounded. Works on every replica: the wish is written to the MeshSync.
 */
export function startReceiver(options: ReceiverOptions): Server | undefined {
  if (options.address === "0") return undefined;
  const { clock } = options;
  const limits: Limits = {
    each: new RateLimit({ clock, burst: CALLS_BURST, intervalMs: CALL_INTERVAL_MS }),
    all: new RateLimit({ clock, burst: ALL_CALLS_BURST, intervalMs: ALL_CALL_INTERVAL_MS }),
    running: 0,
  };
  const { hostname, port } = parseAddress(options.address);
  const server = Deno.serve(
    { hostname, port, onListen() {} },
    (request) => bounded(request, limits, options),
  );
  const { addr } = server;
  const host = addr.hostname.includes(":") ? `[${addr.hostname}]` : addr.hostname;
  return {
    url: `http://${host}:${addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function bounded(
  request: Request,
  limits: Limits,
  options: ReceiverOptions,
): Promise<Response> {
  const key = keyFrom(new URL(request.url).pathname);
  if (key === undefined) return plain(404, "not found");
  if (request.method !== "POST") return plain(405, "method not allowed", { allow: "POST" });
  if (!limits.all.take("") || !limits.each.take(keyText(key))) {
    return plain(429, "too many calls", { "retry-after": "1" });
  }
  if (limits.running >= CALLS_AT_ONCE) return plain(503, "busy", { "retry-after": "1" });
  limits.running++;
  try {
    return await receive(request, key, options);
  } catch (error) {
    options.log.warn("Cannot take in a call of a Git service", { sync: keyText(key), error });
    return plain(500, "cannot be taken in now");
  } finally {
    limits.running--;
  }
}

function keyFrom(path: string): ObjectKey | undefined {
  const [, namespace, name] = /^\/receive\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(path) ??
    [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

async function receive(
  request: Request,
  key: ObjectKey,
  options: ReceiverOptions,
): Promise<Response> {
  const body = await boundedBody(request);
  if (body === undefined) return plain(413, "too large or too slow");
  const sync = await options.cluster.get(resourceOf("MeshSync"), key) as MeshSync | undefined;
  const receiver = sync?.spec.receiver;
  const delivery = { headers: request.headers, body };
  const secret = receiver === undefined ? "" : await secretOf(receiver, key, options);
  if (!isGenuine(receiver?.type ?? "generic", delivery, secret) || receiver === undefined) {
    options.log.warn("Refused a call that is not signed by a known Git service", {
      sync: keyText(key),
    });
    return plain(401, "not signed by a known service");
  }
  const text = new TextDecoder().decode(body);
  const push = parsed(receiver.type, { headers: request.headers, text });
  if (push === "malformed") return plain(400, "no JSON");
  if (push === undefined) return plain(200, "nothing to do");
  const woken = await wake(push, { key, ...options });
  options.log.info("A Git service called", { sync: keyText(key), refs: push.refs, woken });
  return plain(202, woken.length === 0 ? "nothing follows this" : "looking");
}

function parsed(
  type: Receiver["type"],
  delivery: { readonly headers: Headers; readonly text: string },
): Push | undefined | "malformed" {
  try {
    return pushOf(type, delivery);
  } catch (error) {
    if (error instanceof SyntaxError) return "malformed";
    throw error;
  }
}

/** What the Git service knows, from the Secret; empty when it is not there, which nobody can know. */
async function secretOf(
  { secretRef }: Receiver,
  { namespace }: ObjectKey,
  { cluster }: ReceiverOptions,
): Promise<string> {
  const secret = await cluster.get(SECRET, { namespace, name: secretRef.name });
  return secretData(secret)["token"]?.trimEnd() ?? "";
}

/** Asks the MeshSyncs of the namespace that follow what changed for a look. */
async function wake(
  push: Push,
  { key, cluster, clock }: ReceiverOptions & { readonly key: ObjectKey },
): Promise<string[]> {
  const all = await cluster.list(resourceOf("MeshSync"), {
    namespace: key.namespace,
  }) as MeshSync[];
  // A call that does not say what changed is only about the one that it names.
  const isOpen = push.urls.length === 0;
  const asked = all.filter((sync) =>
    isOpen ? sync.metadata.name === key.name : concerns(push, sync.spec)
  );
  const requestedAt = new Date(clock.now()).toISOString();
  for (const sync of asked) {
    await cluster.patch(
      idOf(sync),
      { metadata: { annotations: { [ANNOTATIONS.requestedAt]: requestedAt } } },
      { fieldManager: MANAGER },
    );
  }
  return asked.map((sync) => keyText(keyOf(sync)));
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}
