import { progressOnStderr } from "../../../scripts/control_plane/progress.ts";
import { consolePageFolder } from "../../../scripts/console_page.ts";
import type { ExplainView, View, ViewChange } from "../../../src/console/view.ts";

/** How a stand-in answers who wants the stream: with a view, with nothing yet, or with a refusal. */
export type Welcome = "open" | "silent" | "unavailable" | "forbidden" | { readonly token: string };

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
};

/** A small server that speaks as the program's console does, with views that are made up. */
export class StandIn implements AsyncDisposable {
  welcome: Welcome = "open";
  #view: View;
  readonly #explain: (key: string) => ExplainView | undefined;
  readonly #folder: string;
  readonly #viewers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(
    folder: string,
    view: View,
    explain: (key: string) => ExplainView | undefined,
  ) {
    this.#folder = folder;
    this.#view = view;
    this.#explain = explain;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  /** Starts one on a port of its own. */
  static async start(
    view: View,
    explain: (key: string) => ExplainView | undefined = () => undefined,
  ): Promise<StandIn> {
    return new StandIn(await consolePageFolder({ progress: progressOnStderr }), view, explain);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** How many pages read the stream. */
  get viewerCount(): number {
    return this.#viewers.size;
  }

  /** Tells all viewers what became different, and new ones the whole. */
  change(change: ViewChange): void {
    this.#view = changed(this.#view, change);
    for (const viewer of this.#viewers) viewer.enqueue(eventText("change", change));
  }

  /** Breaks all streams. Who comes then meets `welcome`. */
  breakStreams(welcome: Welcome): void {
    this.welcome = welcome;
    for (const viewer of this.#viewers) {
      viewer.close();
    }
    this.#viewers.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const viewer of this.#viewers) viewer.close();
    this.#viewers.clear();
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/api/stream") return this.#stream(request);
    if (pathname === "/api/explain") return this.#explained(searchParams);
    const name = pathname.startsWith("/assets/") ? pathname.slice("/assets/".length) : "index.html";
    const type = TYPES[name];
    if (type === undefined || (name === "index.html" && pathname.includes("."))) {
      return new Response("There is no such file\n", { status: 404 });
    }
    return new Response(await Deno.readFile(`${this.#folder}/${name}`), {
      headers: {
        "content-type": type,
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      },
    });
  }

  #stream(request: Request): Response {
    const { welcome } = this;
    if (welcome === "unavailable") return new Response("The program starts", { status: 503 });
    if (welcome === "forbidden") {
      const words = "User ada may not get functions.compute.functionmesh.io in any namespace";
      return new Response(words, { status: 403 });
    }
    if (typeof welcome === "object") {
      const given = request.headers.get("authorization");
      if (given !== `Bearer ${welcome.token}`) {
        return new Response("The token is not known here", { status: 401 });
      }
    }
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (viewer) => {
        own = viewer;
        this.#viewers.add(viewer);
        viewer.enqueue(
          welcome === "silent"
            ? new TextEncoder().encode(": nothing yet\n\n")
            : eventText("view", this.#view),
        );
      },
      cancel: () => {
        this.#viewers.delete(own);
      },
    });
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }

  #explained(wanted: URLSearchParams): Response {
    const key = ["kind", "namespace", "name"].map((part) => wanted.get(part) ?? "").join("/");
    const answer = this.#explain(key);
    return answer === undefined
      ? new Response(`There is no ${key}`, { status: 404 })
      : Response.json(answer, { headers: { "cache-control": "no-store" } });
  }
}

function eventText(name: string, data: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

function changed(view: View, { at, ...change }: ViewChange): View {
  const merged = <T>(
    before: Readonly<Record<string, T>>,
    part: Readonly<Record<string, T | null>> = {},
  ) =>
    Object.fromEntries(
      Object.entries({ ...before, ...part }).filter((entry): entry is [string, T] =>
        entry[1] !== null
      ),
    );
  return {
    ...view,
    at,
    components: merged(view.components, change.components),
    topics: merged(view.topics, change.topics),
    flows: merged(view.flows, change.flows),
    syncs: merged(view.syncs, change.syncs),
    findings: change.findings ?? view.findings,
    someHidden: change.someHidden ?? view.someHidden,
  };
}
