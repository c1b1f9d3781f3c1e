/**
 * A stand-in for an API server, in a thread of its own, that tells of more pods than a real one on the same machine could:
 * it lists them, and says so many changes of them within a second once it is told to.
 *
 * @module
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { LABELS } from "#api";
import type { KubeObject } from "#base";
import { podObject } from "../../support/objects.ts";

/** What the thread is told: how many pods there are, or to begin. */
export type Order = { readonly pods: number } | { readonly changes: number };

const BATCHES = 100;
const LISTED = 1_000;

let version = 1;
let pods = 0;
let watcher: ReadableStreamDefaultController<Uint8Array> | undefined;

function podAt(index: number, said: number): KubeObject {
  const name = `orders-${index}`;
  const pod = podObject(`${name}-function-0`, { ready: said % 2 === 0 });
  const labels = { [LABELS.component]: "function", [LABELS.name]: name };
  const env = Array.from({ length: 8 }, (_, at) => ({ name: `NAME_${at}`, value: "a value" }));
  const container = { name: "pulsar-function", image: "example/runner:1", env, command: ["sh"] };
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: `${name}-function` };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      resourceVersion: String(said),
      labels: { ...pod.metadata.labels, ...labels },
      ownerReferences: [{ ...owner, uid: `set-${index}`, controller: true }],
    },
    spec: { containers: [container], nodeName: "node-1" },
  };
}

function listed(from: number): Response {
  const count = Math.min(LISTED, pods - from);
  const next = from + count < pods ? { continue: String(from + count) } : {};
  const items = Array.from({ length: count }, (_, at) => podAt(from + at, 1));
  const metadata = { resourceVersion: "1", ...next };
  return Response.json({ apiVersion: "v1", kind: "PodList", metadata, items });
}

function watched(): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      watcher = controller;
      self.postMessage({ watched: true });
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

async function tell(changes: number): Promise<void> {
  const startMs = performance.now();
  for (let batch = 1; batch <= BATCHES; batch++) {
    const lines: string[] = [];
    for (; version < 1 + changes * batch / BATCHES;) {
      version++;
      lines.push(JSON.stringify({ type: "MODIFIED", object: podAt(version % pods, version) }));
    }
    watcher?.enqueue(new TextEncoder().encode(`${lines.join("\n")}\n`));
    const leftMs = startMs + 1_000 * batch / BATCHES - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
  }
  self.postMessage({ told: version });
}

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
  const { searchParams } = new URL(request.url);
  if (searchParams.get("watch") === "true") return watched();
  return listed(Number(searchParams.get("continue") ?? 0));
});

self.onmessage = ({ data }: MessageEvent<Order>) => {
  if ("changes" in data) return void tell(data.changes);
  pods = data.pods;
  self.postMessage({ url: `http://127.0.0.1:${server.addr.port}` });
};
