/** Viewers of the console, in a process of their own: they read until its input ends. */

/** What viewers saw. */
interface Seen {
  /** How long each change took to come, in milliseconds. */
  readonly delaysMs: number[];
  /** Characters of all of them, and of one first view. */
  received: number;
  first: number;
}

/** Lets so many look, and answers in words how long changes took to come and how much came. */
export async function lookOn(url: string, count: number): Promise<string[]> {
  const over = new AbortController();
  const seen: Seen = { delaysMs: [], received: 0, first: 0 };
  const looking = Array.from({ length: count }, () => look(url, seen, over.signal));
  const startMs = Date.now();
  for await (const _part of Deno.stdin.readable);
  const seconds = (Date.now() - startMs) / 1_000;
  over.abort();
  await Promise.all(looking);
  const delaysMs = seen.delaysMs.toSorted((a, b) => a - b);
  const at = (share: number) => delaysMs[Math.floor((delaysMs.length - 1) * share)] ?? Infinity;
  const perViewer = seen.received / 1_024 / seconds / count;
  return [
    `a change comes after ${at(0.5)} ms, one of a hundred after ${at(0.99)} ms or more`,
    `a view has ${Math.round(seen.first / 1_024)} kB, then each viewer gets ` +
    `${perViewer.toFixed(1)} kB a second`,
  ];
}

async function look(url: string, seen: Seen, signal: AbortSignal): Promise<void> {
  let text = "";
  try {
    const { body } = await fetch(`${url}/api/stream`, { signal });
    for await (const part of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      seen.received += part.length;
      text += part;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) take(event, seen);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What a component said when is in its exception. */
function take(event: string, seen: Seen): void {
  if (event.startsWith("event: view")) seen.first = event.length;
  if (!event.startsWith("event: change")) return;
  const nowMs = Date.now();
  for (const [, putMs] of event.matchAll(/cannot enrich an order (\d+)/g)) {
    seen.delaysMs.push(nowMs - Number(putMs));
  }
}
