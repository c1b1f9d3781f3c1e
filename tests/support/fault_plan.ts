/** What goes wrong in a test, and when: requests that fail, come late or are the last, and others who act in between. */
import type { Clock, JsonObject } from "#base";
import {
  apiErrorFrom,
  type Ask,
  NoAnswerError,
  type Transport,
  type TransportRequest,
} from "#kube";
import { GitError, type GitSource } from "#git";

/**
 * How a request fails: an answer of the server, or none. 404 is that of a kind whose definition is being replaced: it says
 * nothing about the object.
 */
export type Failure = "404" | "409" | "422" | "429" | "500" | "lost" | "timeout";

/** What happens to one request. */
export interface Fault {
  /** What others do just before it arrives. */
  readonly meanwhile?: () => void;
  /** It fails; `after`: although it took effect. */
  readonly fails?: { readonly when: "after" | "before"; readonly how: Failure };
  /** The answer comes so much later. */
  readonly lateMs?: number;
  /** It is the last thing that the process does: it hears no answer. */
  readonly crash?: "after" | "before";
}

/** A request, as plans see it. */
export interface PlannedRequest {
  /** As in messages: get, list, create, apply, dry-run, patch, delete, discover; `git` and what is asked of it. */
  readonly verb: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** Whether it changes something when it succeeds. */
  readonly isWrite: boolean;
  /** As whom it is written; empty where that is not said. */
  readonly manager: string;
}

/** Says what happens to a request; undefined: nothing. */
export type FaultPlan = (request: PlannedRequest) => Fault | undefined;

/** Requests that change something. */
const WRITES: readonly string[] = ["apply", "create", "delete", "patch"];

/** How long the real transport waits for an answer. */
const DEADLINE_MS = 30_000;

/** What faults act on besides the request. */
export interface FaultSetting {
  readonly clock: Clock;
  readonly plan: FaultPlan;
  /** Ends the process: nothing of it goes on. */
  readonly crash: () => void;
  /** Whether the process is still there. */
  readonly isAlive: () => boolean;
  /** Told of every request that reached the server. */
  readonly onRequest?: (request: PlannedRequest) => void;
}

/** Nobody hears an answer. A promise for each who waits: what waits for it goes with it, where one for all would keep them. */
function never(): Promise<never> {
  return new Promise(() => {});
}

/** A transport to which a plan happens. */
export function faultyTransport(transport: Transport, setting: FaultSetting): Transport {
  return {
    ...transport,
    request: async (request) => {
      const planned = plannedRequest(request);
      return await withFault(planned, setting, {
        signal: request.signal,
        run: () => transport.request(request),
        failure: (how) => failureOf(how, request.ask),
      });
    },
  };
}

/** A Git source to which a plan happens. */
export function faultyGit(git: GitSource, setting: FaultSetting): GitSource {
  const asked = <T>(verb: string, run: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
    withFault({ ...NO_OBJECT, verb: `git ${verb}` }, setting, {
      signal,
      run,
      failure: (how) =>
        how === "timeout"
          ? new GitError("timeout", `Cannot ${verb}: no end within 60 s`)
          : new GitError("unreachable", `Cannot ${verb}: the server cannot be reached`),
    });
  return {
    resolveRef: (remote, ref, call) =>
      asked("resolve", () => git.resolveRef(remote, ref, call), call?.signal),
    fetchRevision: (remote, resolved, call) =>
      asked("fetch", () => git.fetchRevision(remote, resolved, call), call.signal),
    listTree: (...args) => git.listTree(...args),
    readFiles: (remote, call) => asked("read", () => git.readFiles(remote, call), call.signal),
    verifySigner: (remote, call) =>
      asked("verify", () => git.verifySigner(remote, call), call.signal),
    descends: (remote, call) => asked("descends", () => git.descends(remote, call), call.signal),
    keep: (remote, call) => asked("keep", () => git.keep(remote, call), call.signal),
    forget: (remote) => asked("forget", () => git.forget(remote)),
  };
}

const NO_OBJECT = {
  kind: "",
  namespace: "",
  name: "",
  subresource: "",
  isWrite: false,
  manager: "",
};

function plannedRequest({ ask, query }: TransportRequest): PlannedRequest {
  return {
    verb: ask.verb,
    kind: ask.kind,
    namespace: ask.key?.namespace ?? "",
    name: ask.key?.name ?? "",
    subresource: ask.subresource ?? "",
    isWrite: WRITES.includes(ask.verb),
    manager: query?.["fieldManager"] ?? "",
  };
}

async function withFault<T>(
  planned: PlannedRequest,
  { clock, crash, isAlive, onRequest, plan }: FaultSetting,
  { failure, run, signal }: {
    readonly signal: AbortSignal | undefined;
    readonly run: () => Promise<T>;
    readonly failure: (how: Failure) => Error;
  },
): Promise<T> {
  if (!isAlive()) return await never();
  signal?.throwIfAborted();
  const { crash: crashes, fails, lateMs, meanwhile } = plan(planned) ?? {};
  meanwhile?.();
  if (crashes === "before") crash();
  if (!isAlive()) return await never();
  if (fails?.when === "before") {
    if (fails.how === "timeout") await clock.sleep(DEADLINE_MS, signal);
    throw failure(fails.how);
  }
  onRequest?.(planned);
  let answer: T;
  try {
    answer = await run();
  } finally {
    if (crashes === "after") crash();
  }
  if (!isAlive()) return await never();
  if (lateMs !== undefined) await clock.sleep(lateMs, signal);
  if (fails !== undefined) {
    if (fails.how === "timeout") await clock.sleep(DEADLINE_MS, signal);
    throw failure(fails.how);
  }
  return answer;
}

const STATUSES: Readonly<Record<string, readonly [reason: string, message: string]>> = {
  "404": ["NotFound", "the server could not find the requested resource"],
  "409": [
    "Conflict",
    "Operation cannot be fulfilled: the object has been modified; please apply your changes to " +
    "the latest version and try again",
  ],
  "422": ["Invalid", "is invalid: spec: Invalid value: refused by a fault of the test"],
  "429": ["TooManyRequests", "Too many requests, please try again later."],
  "500": ["InternalError", "Internal error occurred: etcdserver: request timed out"],
};

/** What the real transport throws. */
export function failureOf(how: Failure, ask: Ask): Error {
  if (how === "timeout") {
    const cause = new DOMException("deadline", "TimeoutError");
    return new NoAnswerError(ask, `no answer in ${DEADLINE_MS} ms`, { cause, timedOut: true });
  }
  if (how === "lost") {
    const cause = new TypeError("error sending request: connection reset by peer");
    return new NoAnswerError(ask, "no answer from https://fake.example", { cause });
  }
  const [reason = "", message = ""] = STATUSES[how] ?? [];
  const details: JsonObject = how === "409"
    ? { name: ask.key?.name ?? "", kind: ask.kind.toLowerCase() }
    : how === "429"
    ? { retryAfterSeconds: 1 }
    : {};
  const code = Number(how);
  const body = { kind: "Status", status: "Failure", message, reason, details, code };
  return apiErrorFrom({ status: code, body }, ask);
}

/** A fault for the first request that fits, or the `nth`. */
export function faultAt(
  fits: (request: PlannedRequest) => boolean,
  fault: Fault,
  { nth = 1 }: { readonly nth?: number } = {},
): FaultPlan {
  let seen = 0;
  return (request) => fits(request) && ++seen === nth ? fault : undefined;
}

/** Whether a request writes the status of a kind. */
export function isStatusWrite(kind: string): (request: PlannedRequest) => boolean {
  return (request) => request.kind === kind && request.subresource === "status";
}
