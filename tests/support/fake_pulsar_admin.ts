/** How a request is answered. */
export type AdminAnswer = (request: Request) => Response | Promise<Response>;

/** A server that answers as the admin API of Pulsar does, of what it is given. */
export interface FakePulsarAdmin extends AsyncDisposable {
  readonly url: string;
  /** `METHOD /path` of each request, in order. */
  readonly requests: readonly string[];
  /** What each request showed of who asks. */
  readonly authorizations: readonly (string | null)[];
}

/** Components by kind of path and qualified name: `functions/shop/eu/orders`. */
export type FakeComponents = Readonly<Record<string, unknown>>;

/** Answers lists, configurations and states; `answers` go first, by `METHOD /path`. */
export function fakePulsarAdmin(
  components: FakeComponents,
  answers: Readonly<Record<string, AdminAnswer>> = {},
): FakePulsarAdmin {
  const requests: string[] = [];
  const authorizations: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    const asked = `${request.method} ${pathname}`;
    requests.push(asked);
    authorizations.push(request.headers.get("authorization"));
    const own = answers[asked];
    return own === undefined ? answerOf(pathname, components) : own(request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    authorizations,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function answerOf(pathname: string, components: FakeComponents): Response {
  const path = pathname.split("/").slice(3).map(decodeURIComponent).join("/");
  if (path.endsWith("/status")) {
    return Response.json({ instances: [{ status: { running: true } }] });
  }
  if (components[path] !== undefined) return Response.json(components[path]);
  const names = Object.keys(components).filter((name) => name.startsWith(`${path}/`))
    .map((name) => name.slice(path.length + 1));
  const isList = /^(?:functions|sources|sinks)\/[^/]+\/[^/]+$/.test(path);
  return isList ? Response.json(names) : Response.json({ reason: "not there" }, { status: 404 });
}
