/** A console on caches that a test fills, before an API server that a test scripts. */
import { keyOf, type KubeObject, type ObjectKey } from "#base";
import {
  ConsoleDoor,
  type ConsoleSource,
  isStream,
  NumberHistory,
  type PageFiles,
  type ShownKind,
} from "#console";
import { ObjectStore, type TransportRequest } from "#kube";
import { createLogger, startPlainServer } from "#telemetry";
import { FakeClock } from "./fake_clock.ts";

/** What a review asks. */
export interface Asked {
  readonly user: string;
  readonly resource: string;
  /** Absent: all of them. */
  readonly namespace?: string;
}

/** Who is who, and who may what. */
export interface Reviewing {
  /** Name of the user by token. */
  readonly users: Readonly<Record<string, string>>;
  readonly may: (ask: Asked) => boolean;
}

/** A page as short as one can be. */
export const PAGE = {
  "index.html": "<!doctype html><title>Meshwright</title>",
  "page.css": "body { margin: 0 }",
  "page.js": `console.log("${"a".repeat(1_000)}")`,
} as const;

/** One event of the stream. */
export interface StreamEvent {
  readonly event: string;
  // deno-lint-ignore no-explicit-any -- whatever a test looks for in it
  readonly data: any;
}

/** A component of a namespace. */
export function shownFunction(namespace: string, name: string, more: object = {}): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    metadata: { namespace, name, generation: 1, uid: `${namespace}-${name}` },
    spec: { input: { topics: ["raw"] } },
    ...more,
  };
}

/** What a test may change while the console runs. */
interface StandState {
  obstacle: string | undefined;
  reviewing: Reviewing | undefined;
  /** Whether the API server cannot be asked. */
  isAway: boolean;
  /** Whether questions come and are not answered. */
  isSilent: boolean;
  configs: (key: ObjectKey) => KubeObject | undefined;
  configsRead: number;
}

function scriptedSource(
  state: StandState,
  { cache, clock }: Pick<ConsoleSource, "cache" | "clock">,
): ConsoleSource {
  return {
    obstacle: () => state.obstacle,
    cache,
    nextLookAtMs: () => undefined,
    numbers: new NumberHistory({ pollMs: 30_000 }),
    cluster: {
      get: (_type, key) => {
        state.configsRead += 1;
        return Promise.resolve(state.configs(key));
      },
    },
    program: { version: "1.0.0", server: "https://cluster" },
    clock,
  };
}

/** Starts a console; with `reviewing` viewers show tokens. */
export async function startConsole(reviewing?: Reviewing, page: PageFiles = PAGE) {
  const clock = new FakeClock(Date.parse("2026-11-29T08:00:00Z"));
  const stores = new Map<ShownKind, ObjectStore>();
  const storeOf = (kind: ShownKind) => {
    const store = stores.get(kind) ?? new ObjectStore();
    stores.set(kind, store);
    return store;
  };
  const lines: string[] = [];
  const reviews: TransportRequest[] = [];
  const state: StandState = {
    obstacle: undefined,
    reviewing,
    isAway: false,
    isSilent: false,
    configs: () => undefined,
    configsRead: 0,
  };
  const source = scriptedSource(state, { cache: storeOf, clock });
  const request = (request: TransportRequest) => {
    reviews.push(request);
    return reviewed(request, state);
  };
  const log = createLogger({ sink: (line) => lines.push(line) });
  const door = new ConsoleDoor({
    source,
    page,
    ...(reviewing === undefined ? {} : { reviewer: { request } }),
    log,
  });
  const server = await startPlainServer({
    address: "127.0.0.1:0",
    name: "console",
    answer: door.answer.bind(door),
    isEndless: isStream,
    log,
  });
  const url = server?.url ?? "";
  return {
    clock,
    door,
    lines,
    numbers: source.numbers,
    reviews,
    state,
    url,
    put: (...objects: readonly KubeObject[]) =>
      objects.forEach((object) => storeOf(object.kind as ShownKind).put(object)),
    remove: (object: KubeObject) => storeOf(object.kind as ShownKind).remove(keyOf(object)),
    get: (path: string, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`${url}${path}`, { headers }),
    async [Symbol.asyncDispose]() {
      await door[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    },
  };
}

const STREAM_MS_MAX = 180_000;

/** The stream of a console, event by event. */
export async function streamOf(url: string, token?: string, client?: Deno.HttpClient) {
  const over = new AbortController();
  // A test that waits for what does not come gives up late.
  const late = setTimeout(() => over.abort(), STREAM_MS_MAX);
  const headers: Record<string, string> = token === undefined
    ? {}
    : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/stream`, {
    headers,
    signal: over.signal,
    ...(client === undefined ? {} : { client }),
  });
  const events = eventsOf(response);
  return {
    status: response.status,
    response,
    /** The next event; undefined when it ended. */
    async next(): Promise<StreamEvent | undefined> {
      const { value } = await events.next();
      return value;
    },
    /** The next one of its kind. */
    async nextOf(event: string): Promise<StreamEvent | undefined> {
      while (true) {
        const { value } = await events.next();
        if (value === undefined || value.event === event) return value;
      }
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(late);
      over.abort();
      await events.return?.(undefined);
    },
  };
}

async function* eventsOf({ body }: Response): AsyncGenerator<StreamEvent, undefined> {
  let text = "";
  try {
    for await (const part of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      text += part;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, event = "comment"] = /^event: (\w+)$/m.exec(block) ?? [];
        const [, data = "null"] = /^data: (.+)$/m.exec(block) ?? [];
        yield { event, data: JSON.parse(data) };
      }
    }
  } catch {
    // Broken off: it ended.
  }
  return undefined;
}

function reviewed(
  request: TransportRequest,
  { isAway, isSilent, reviewing }: StandState,
): Promise<ReturnType<typeof answered>> {
  if (isSilent) return Promise.withResolvers<never>().promise;
  if (isAway) return Promise.reject(new Error("the API server is away"));
  return Promise.resolve(answered(request, reviewing));
}

function answered({ body, path }: TransportRequest, reviewing: Reviewing | undefined) {
  const { spec } = body as {
    readonly spec: {
      readonly token?: string;
      readonly user?: string;
      readonly resourceAttributes?: { readonly resource: string; readonly namespace?: string };
    };
  };
  if (path.endsWith("/tokenreviews")) {
    const username = reviewing?.users[spec.token ?? ""];
    return { status: username === undefined ? {} : { authenticated: true, user: { username } } };
  }
  const { namespace, resource = "" } = spec.resourceAttributes ?? {};
  const asked = {
    user: spec.user ?? "",
    resource,
    ...(namespace === undefined ? {} : { namespace }),
  };
  return { status: { allowed: reviewing?.may(asked) === true } };
}
