/** An admin API of a broker that tells what a test wants to have waiting. */

/** A subscription on a topic, as the stats tell it. */
export interface TopicDouble {
  backlog: number;
  arrived: number;
  /** Left out where nobody has subscribed yet. */
  subscription?: string;
  /** Where more than one has. */
  subscriptions?: readonly string[];
}

/** A broker at an address of its own. */
export interface BrokerDouble extends AsyncDisposable {
  readonly url: string;
  /** By the last part of the name; what is not there is answered with 404. */
  readonly topics: Map<string, TopicDouble>;
  /** How often each topic was asked about. */
  readonly asked: Map<string, number>;
  /** Whether it takes requests and never answers. */
  isHanging: boolean;
  /** How many requests it took without an answer. */
  readonly hung: number;
  /** Most requests that it had at the same time. */
  readonly togetherMax: number;
}

/** Listens on a free port. */
export function brokerDouble(): BrokerDouble {
  const stop = new AbortController();
  const gone = Promise.withResolvers<Response>();
  const topics = new Map<string, TopicDouble>();
  const asked = new Map<string, number>();
  let [hung, together, togetherMax] = [0, 0, 0];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
    async (request) => {
      if (broker.isHanging) {
        hung++;
        return await gone.promise;
      }
      togetherMax = Math.max(togetherMax, ++together);
      const [, name = ""] = /\/([^/]+)\/stats$/.exec(new URL(request.url).pathname) ?? [];
      const topic = topics.get(name);
      // Others that came with it are counted first.
      await new Promise((resolve) => setTimeout(resolve, 0));
      together--;
      if (topic === undefined) return noTopic();
      asked.set(name, (asked.get(name) ?? 0) + 1);
      return Response.json(statsOf(topic));
    },
  );
  const broker: BrokerDouble = {
    url: `http://127.0.0.1:${server.addr.port}`,
    topics,
    asked,
    isHanging: false,
    get hung() {
      return hung;
    },
    get togetherMax() {
      return togetherMax;
    },
    async [Symbol.asyncDispose]() {
      gone.resolve(new Response());
      stop.abort();
      await server.finished;
    },
  };
  return broker;
}

/** A refusal as Pulsar gives it. */
export function noTopic(): Response {
  return Response.json({ reason: "Topic not found" }, { status: 404 });
}

function statsOf({ arrived, backlog, subscription, subscriptions = [] }: TopicDouble): unknown {
  const names = subscription === undefined ? subscriptions : [subscription, ...subscriptions];
  return {
    msgInCounter: arrived,
    subscriptions: Object.fromEntries(names.map((name) => [name, { msgBacklog: backlog }])),
  };
}
