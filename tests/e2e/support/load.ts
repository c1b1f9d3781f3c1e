import type { Message, Toolbox } from "./toolbox.ts";

/** Messages that one producer after the other sends to a topic, until it is told to stop. */
export interface Load {
  /** Resolves with all texts that were sent, in their order. */
  stop(): Promise<readonly string[]>;
}

const CHUNK = 25;
const INTERVAL_MS = 20;

/** Begins to send `LABEL 0`, `LABEL 1`, … */
export function startLoad(toolbox: Toolbox, topic: string, label: string): Load {
  const sent: string[] = [];
  let isStopped = false;
  const work = (async () => {
    while (!isStopped) {
      const texts = Array.from({ length: CHUNK }, (_, index) => `${label} ${sent.length + index}`);
      await toolbox.produce(topic, texts, { intervalMs: INTERVAL_MS });
      sent.push(...texts);
    }
  })();
  // Should the test fail before it stops this, then its failure is what counts.
  work.catch(() => {});
  return {
    async stop() {
      isStopped = true;
      await work;
      return sent;
    },
  };
}

/** How often what was sent arrived. */
export interface Arrivals {
  readonly sent: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
}

/** Counts what arrived of what was sent. */
export function arrivals(sent: readonly string[], messages: readonly Message[]): Arrivals {
  const counts = Map.groupBy(messages, ({ text }) => text);
  return {
    sent: sent.length,
    lost: sent.filter((text) => !counts.has(text)),
    twice: sent.filter((text) => (counts.get(text)?.length ?? 0) > 1),
  };
}

/** A line for people. */
export function arrivalsText(what: string, { lost, sent, twice }: Arrivals): string {
  return `${what}: ${sent} sent, ${lost.length} lost, ${twice.length} arrived more than once`;
}
