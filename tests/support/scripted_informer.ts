/** An informer against a server that says what a test wants. */
import { type Clock, type KubeObject, systemClock } from "#base";
import { httpTransport, Informer, type ObjectChange } from "#kube";
import { eventually } from "./eventually.ts";
import {
  scriptedServer,
  ScriptedWatch,
  type SeenRequest,
  statusResponse,
} from "./scripted_server.ts";

/** The kind that is followed. */
export const POD = { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true };

/** A Pod of the namespace `shop`. */
export function pod(name: string, version: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "shop", name, uid: `uid-${name}`, resourceVersion: String(version) },
  };
}

/** A list as a server answers it. */
export function listOf(version: number, ...items: KubeObject[]): Response {
  return Response.json({ kind: "PodList", metadata: { resourceVersion: String(version) }, items });
}

/** What the server says. */
export interface Script {
  /** Answers to list requests, in order; the last one is repeated. */
  readonly lists: readonly (() => Response | Promise<Response>)[];
  readonly silentMs?: number;
  /** The version that the server is at when a watch wants to go on from one; newer than all when left out. */
  readonly version?: () => number | Response;
  /** What its storage has for an object that is asked for by its name. */
  readonly stored?: () => Response;
  /** How much faster than the real clock the informer's is; 20 times when left out. */
  readonly speed?: number;
}

/** Waiting is short here, and by its own clock: no test waits for a backoff. */
function fasterClock(speed: number): Clock {
  return {
    ...systemClock,
    sleep: (delayMs, signal) => systemClock.sleep(delayMs / speed, signal),
  };
}

/** What an informer is told besides where its server is. */
type Following = Omit<ConstructorParameters<typeof Informer>[0], "transport" | "signal">;

/**
 * An informer at work against a server whose watches the test speaks through, in the order in which they are asked for.
 *
 * @param answer gives what is no watch
 */
export function workingInformer(
  answer: (request: SeenRequest) => Response | Promise<Response>,
  following: Following,
) {
  const watches: ScriptedWatch[] = [];
  const server = scriptedServer((request: SeenRequest) => {
    if (request.query.get("watch") !== "true") return answer(request);
    const watch = new ScriptedWatch();
    watches.push(watch);
    return watch.response;
  });
  const transport = httpTransport({
    server: server.url,
    credentials: () => Promise.resolve({}),
  }, { triesMax: 1 });
  const stop = new AbortController();
  const informer = new Informer({ ...following, transport, signal: stop.signal });
  const run = informer.run();
  return {
    informer,
    server,
    /** The n-th watch, once it was asked for. */
    watch: (index: number) => eventually(() => watches[index]),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
      await transport[Symbol.asyncDispose]();
      for (const watch of watches) watch.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** An informer against a server that says what a script has for it. */
export function scripted(script: Script) {
  const changes: string[] = [];
  const restarts: string[] = [];
  let lists = 0;
  let syncedCount = 0;
  const working = workingInformer((request) => {
    if (!request.path.endsWith("/pods")) {
      return script.stored?.() ?? statusResponse(500, "NoScript");
    }
    if (request.query.get("limit") === "1") return versionAnswer(script);
    const answer = script.lists[Math.min(lists++, script.lists.length - 1)];
    return answer?.() ?? statusResponse(500, "NoScript");
  }, {
    type: POD,
    onChange: (change) => changes.push(changeText(change)),
    onRestart: (cause) => restarts.push(cause),
    onSynced: () => syncedCount++,
    clock: fasterClock(script.speed ?? 20),
    ...(script.silentMs === undefined ? {} : { silentMs: script.silentMs }),
  });
  return {
    ...working,
    changes,
    restarts,
    watchVersions: () =>
      working.server.seen.filter(({ query }) => query.has("watch")).map(({ query }) =>
        query.get("resourceVersion")
      ),
    listCount: () => lists,
    syncedCount: () => syncedCount,
  };
}

function versionAnswer({ version }: Script): Response {
  const answer = version?.() ?? 1_000_000;
  return answer instanceof Response ? answer : listOf(answer);
}

function changeText({ before, after }: ObjectChange): string {
  const name = (after ?? before)?.metadata.name;
  return `${before === undefined ? "+" : after === undefined ? "-" : "~"}${name}`;
}
