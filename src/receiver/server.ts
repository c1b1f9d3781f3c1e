import type { IncomingMessage, ServerResponse } from "node:http";
import { ANNOTATIONS, type MeshSync, type Receiver, resourceOf } from "#api";
import { type Clock, HTTP_BUDGETS, idOf, keyOf, keyText, type ObjectKey } from "#base";
import { type ClusterClient, withReadGrant } from "#kube";
import {
  answerPlainly,
  Bodies,
  type BodyRefusal,
  discreetLog,
  type Logger,
  type Server,
  startPlainServer,
} from "#telemetry";
import { type KnownReceiver, KnownReceivers } from "./known_receivers.ts";
import { concerns, type Push, pushOf } from "./payload.ts";
import { RateLimit } from "./rate_limit.ts";
import { hasProof, isGenuine } from "./signature.ts";

/** What a receiver needs. */
export interface ReceiverOptions {
  /** `:9292`, `127.0.0.1:0`; `0` for none. */
  readonly address: string;
  readonly cluster: Pick<ClusterClient, "list" | "patch">;
  /** Reads what a MeshSync refers to, with the rights of whoever acts for it. */
  readonly readerFor: (sync: MeshSync) => Pick<ClusterClient, "get">;
  /** All namespaces when left out. */
  readonly watchedNamespace?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Genuine calls to one MeshSync in a burst, and then one each interval. */
const CALLS = { burst: 20, intervalMs: 1_000 };
/** Genuine calls to all MeshSyncs of a namespace. */
const NAMESPACE_CALLS = { burst: 60, intervalMs: 200 };
/** What one sender may cost with calls that are not genuine, in bytes: 32 MiB, and then 1 MiB a second. */
const FORGED_BYTES = { burst: 32 * 1024 * 1024, intervalMs: 1_000 / (1024 * 1024) };
/** What a call costs that is not genuine, however short it is. */
const FORGED_BYTES_MIN = 16 * 1024;
/** Lines in the log about calls that are not genuine. */
const REFUSAL_LINES = { burst: 20, intervalMs: 5_000 };
/** Refusals are answered at the end of such a step, so that how long it took tells nothing. */
const REFUSAL_STEP_MS = 250;

const MANAGER = "meshwright-receiver";

/** One call, as far as it is known. */
interface Call {
  readonly key: ObjectKey;
  readonly headers: Headers;
  readonly sender: string;
}

/** Who signed a call. */
interface Signer {
  readonly type: Receiver["type"];
  readonly secret: string;
}

/** What is answered. */
type Reply = readonly [status: number, text: string];

const REFUSED: Reply = [401, "not signed by a known service"];
const TOO_MANY: Reply = [429, "too many calls"];
const UNREAD: Readonly<Record<BodyRefusal, Reply>> = {
  "broken off": [400, "broken off"],
  busy: [503, "busy"],
  "too large": [413, "too large"],
  "too slow": [408, "too slow"],
};

/**
 * Listens for Git services that say that a repository changed: `POST /receive/NAMESPACE/NAME` names a MeshSync with a
 * receiver. All that a call can do is to have MeshSyncs of that namespace look at their repository now.
 *
 * # Guarantees
 * - Nothing of a call is looked at before its signature was found right. Who has no signature cannot tell which MeshSyncs
 *   there are, neither from the answer nor from how long it takes, and uses up nothing that genuine calls need.
 * - Size, time, number at once and rate are bounded: of a sender, of a namespace and of a MeshSync.
 * - Works on every replica: the wish is written to the MeshSync.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Server | undefined> {
  const { address, clock, log } = options;
  const door = new Door(options);
  return await startPlainServer({
    address,
    log,
    name: "receiver",
    clock,
    answer: (request, response) => door.answer(request, response),
  });
}

class Door {
  readonly #options: ReceiverOptions;
  readonly #receivers: KnownReceivers;
  readonly #bodies: Bodies;
  readonly #calls: RateLimit;
  readonly #namespaceCalls: RateLimit;
  readonly #forged: RateLimit;
  readonly #lines: RateLimit;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    const { clock } = options;
    this.#receivers = new KnownReceivers(options);
    this.#bodies = new Bodies({
      clock,
      bytesMax: HTTP_BUDGETS.callBytes,
      bytesAtOnce: HTTP_BUDGETS.callsBytes,
      atOnce: HTTP_BUDGETS.calls,
      atOnceOfGroup: HTTP_BUDGETS.callsOfSender,
      limitMs: HTTP_BUDGETS.callMs,
    });
    this.#calls = new RateLimit({ ...CALLS, clock });
    this.#namespaceCalls = new RateLimit({ ...NAMESPACE_CALLS, clock });
    this.#forged = new RateLimit({ ...FORGED_BYTES, clock });
    this.#lines = new RateLimit({ ...REFUSAL_LINES, clock });
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = keyFrom(URL.parse(request.url ?? "/", "http://receiver")?.pathname ?? "/");
    if (key === undefined) return answerPlainly(response, 404, "not found");
    if (request.method !== "POST") {
      return answerPlainly(response, 405, "method not allowed", { allow: "POST" });
    }
    const sender = request.socket.remoteAddress ?? "";
    const [status, text] = await this.#reply(request, { key, sender, headers: headersOf(request) });
    const isSoon = status === 429 || status === 503;
    answerPlainly(response, status, text, isSoon ? { "retry-after": "1" } : {});
  }

  async #reply(request: IncomingMessage, call: Call): Promise<Reply> {
    const { key, headers, sender } = call;
    if (!hasProof(headers)) return REFUSED;
    if (!this.#forged.has(sender)) return TOO_MANY;
    const groups = [`sender ${sender}`, `namespace ${key.namespace}`];
    const body = await this.#bodies.read(request, groups);
    if ("refused" in body) return UNREAD[body.refused];
    const startMs = this.#options.clock.monotonicMs();
    {
      using whole = body;
      const reply = await this.#receive(whole.bytes, call);
      if (reply !== REFUSED) return reply;
    }
    this.#forged.spend(sender, Math.max(body.bytes.length, FORGED_BYTES_MIN));
    await this.#untilStep(startMs);
    return REFUSED;
  }

  async #receive(body: Uint8Array, call: Call): Promise<Reply> {
    const { key, headers } = call;
    const sync = keyText(key);
    // What the service knows is in no line, whoever quotes it.
    const secrets: string[] = [];
    const log = discreetLog(this.#options.log, () => secrets);
    try {
      const signer = await this.#signer(body, call);
      if (signer === undefined) return REFUSED;
      const { secret, type } = signer;
      secrets.push(secret);
      if (!this.#calls.take(sync) || !this.#namespaceCalls.take(key.namespace)) return TOO_MANY;
      const push = parsed(type, { headers, text: new TextDecoder().decode(body) });
      if (push === "malformed") return [400, "no JSON"];
      if (push === undefined) return [200, "nothing to do"];
      const { left, woken } = await wake(push, { key, ...this.#options });
      const more = left === 0 ? {} : { left };
      log.info("A Git service called", { sync, refs: shownRefs(push), woken, ...more });
      return [202, wakeText({ left, woken })];
    } catch (error) {
      log.warn("Cannot take in a call of a Git service", { sync, error });
      return [500, "cannot be taken in now"];
    }
  }

  /** The kind of service that signed a call, and with what; undefined when none did. */
  async #signer(body: Uint8Array, { key, headers }: Call): Promise<Signer | undefined> {
    const known = await this.#receivers.find(key);
    const secret = known === undefined ? "" : await this.#secret(known);
    const type = known?.receiver.type;
    const isSigned = isGenuine(type ?? "generic", { headers, body }, secret);
    if (isSigned && type !== undefined) return { type, secret };
    if (this.#lines.take("")) {
      const cause = "Refused a call that is not signed by a known Git service";
      this.#options.log.warn(cause, { sync: keyText(key) });
    }
    return undefined;
  }

  /** A secret that cannot be read is one that nobody knows: another answer would tell that there is a receiver. */
  async #secret(known: KnownReceiver): Promise<string> {
    try {
      return await this.#receivers.secretOf(known);
    } catch (error) {
      if (this.#lines.take("")) {
        this.#options.log.warn("Cannot read the secret of a receiver", {
          sync: keyText(keyOf(known.sync)),
          error: withReadGrant(error),
        });
      }
      return "";
    }
  }

  async #untilStep(startMs: number): Promise<void> {
    const { clock } = this.#options;
    const passedMs = clock.monotonicMs() - startMs;
    await clock.sleep(REFUSAL_STEP_MS - passedMs % REFUSAL_STEP_MS);
  }
}

/** Names of refs in a log line: a push of thousands says enough with the first ones. */
const SHOWN_REFS_MAX = 10;
const SHOWN_REF_CHARS_MAX = 200;

function shownRefs({ refs }: Push): string[] {
  return refs.slice(0, SHOWN_REFS_MAX).map((ref) => ref.slice(0, SHOWN_REF_CHARS_MAX));
}

function keyFrom(path: string): ObjectKey | undefined {
  const [, namespace, name] = /^\/receive\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(path) ??
    [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

function headersOf(request: IncomingMessage): Headers {
  const entries = Object.entries(request.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one])
  );
  return new Headers(entries);
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

/** What came of a call. */
interface Woken {
  readonly woken: readonly string[];
  /** How many more follow what changed, and look when it is time. */
  readonly left: number;
}

function wakeText({ left, woken }: Woken): string {
  if (woken.length === 0) return "nothing follows this";
  return left === 0 ? "looking" : `looking; ${left} more MeshSyncs look at their interval`;
}

/**
 * Asks the MeshSyncs of the namespace that follow what changed for a look, a bounded number of them and the one that was called
 * first.
 */
async function wake(
  push: Push,
  { key, cluster, clock }: ReceiverOptions & { readonly key: ObjectKey },
): Promise<Woken> {
  const all = await cluster.list(resourceOf("MeshSync"), {
    namespace: key.namespace,
  }) as MeshSync[];
  // A call that does not say what changed is only about the one that it names.
  const isOpen = push.urls.length === 0;
  const isNamed = (sync: MeshSync) => sync.metadata.name === key.name;
  const following = all.filter((sync) => isOpen ? isNamed(sync) : concerns(push, sync.spec))
    .sort((a, b) => Number(isNamed(b)) - Number(isNamed(a)));
  const asked = following.slice(0, HTTP_BUDGETS.wokenByCall);
  const requestedAt = new Date(clock.now()).toISOString();
  for (const sync of asked) {
    await cluster.patch(
      idOf(sync),
      { metadata: { annotations: { [ANNOTATIONS.requestedAt]: requestedAt } } },
      { fieldManager: MANAGER },
    );
  }
  const woken = asked.map((sync) => keyText(keyOf(sync)));
  return { woken, left: following.length - asked.length };
}
