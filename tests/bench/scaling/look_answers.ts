/**
 * A broker, one that hangs, and instances, for `look_bench.ts`: says where they are, and for each line on standard input
 * what they were asked since the last one. It ends with its input.
 *
 * @module
 */
import { GRPC_PORT } from "#desired";
import { ANSWERS, grpcAnswer } from "../../support/instance_double.ts";

/** Where the doubles listen. */
export interface Ready {
  readonly broker: string;
  readonly hanging: string;
  /** Addresses of instances. */
  readonly instances: readonly string[];
}

/** What they were asked. */
export interface Asked {
  readonly topics: number;
  /** Most that were asked at the same time. */
  readonly topicsTogether: number;
  readonly instances: number;
  readonly instancesTogether: number;
  readonly hung: number;
}

/** Pods share these. */
const ADDRESSES = 32;
/** A broker says more of a topic than anybody wants to know. */
const BROKER_MS = 2;
const MORE = Object.fromEntries(
  Array.from({ length: 60 }, (_, index) => [`a name as long as those are ${index}`, 12.345]),
);

/** Counts what is asked, and how much of it at the same time. */
class Tally {
  #asked = 0;
  #now = 0;
  #most = 0;

  async of(answer: () => Response | Promise<Response>): Promise<Response> {
    this.#asked++;
    this.#most = Math.max(this.#most, ++this.#now);
    await new Promise((resolve) => setTimeout(resolve, BROKER_MS));
    this.#now--;
    return await answer();
  }

  take(): readonly [number, number] {
    const taken = [this.#asked, this.#most] as const;
    this.#asked = this.#most = 0;
    return taken;
  }
}

function stats(): Response {
  const subscription = { ...MORE, msgBacklog: 20 };
  return Response.json({ ...MORE, msgInCounter: 20, subscriptions: { shop: subscription } });
}

async function serve(): Promise<void> {
  const [brokerTally, instanceTally] = [new Tally(), new Tally()];
  const gone = Promise.withResolvers<Response>();
  let hung = 0;
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const broker = Deno.serve(options, () => brokerTally.of(stats));
  const hanging = Deno.serve(options, () => {
    hung++;
    return gone.promise;
  });
  const instances = Array.from({ length: ADDRESSES }, (_, index) => `127.9.0.${index + 1}`);
  for (const hostname of instances) {
    Deno.serve(
      { ...options, hostname, port: GRPC_PORT.port },
      () => instanceTally.of(() => grpcAnswer(ANSWERS.pythonFunction)),
    );
  }
  const tell = (value: Ready | Asked) =>
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  const url = ({ addr }: typeof broker) => `http://127.0.0.1:${addr.port}`;
  tell({ broker: url(broker), hanging: url(hanging), instances });
  for await (const _line of Deno.stdin.readable) {
    const [topics, topicsTogether] = brokerTally.take();
    const [asked, instancesTogether] = instanceTally.take();
    tell({ topics, topicsTogether, instances: asked, instancesTogether, hung });
    hung = 0;
  }
  Deno.exit(0);
}

if (import.meta.main) await serve();
