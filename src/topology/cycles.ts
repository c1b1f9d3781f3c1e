import { type Flow, successors } from "./flow.ts";

/**
 * Groups of nodes from each of which messages come to each other one (strongly connected, by Tarjan's algorithm, without
 * recursion: a chain may be thousands long), if they are more than one.
 */
export function cycles(flow: Flow): string[][] {
  const search = new CycleSearch(flow);
  for (const id of flow.components.keys()) search.from(id);
  return search.found;
}

interface Visit {
  readonly node: string;
  readonly next: readonly string[];
  at: number;
}

class CycleSearch {
  readonly found: string[][] = [];
  readonly #flow: Flow;
  readonly #index = new Map<string, number>();
  readonly #low = new Map<string, number>();
  readonly #stack: string[] = [];
  readonly #onStack = new Set<string>();

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  from(root: string): void {
    if (this.#index.has(root)) return;
    const path: Visit[] = [this.#visit(root)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.next[top.at];
      top.at += 1;
      if (next === undefined) {
        path.pop();
        this.#leave(top.node, path.at(-1)?.node);
      } else if (!this.#index.has(next)) {
        path.push(this.#visit(next));
      } else if (this.#onStack.has(next)) {
        this.#lower(top.node, this.#index.get(next) ?? 0);
      }
    }
  }

  #visit(node: string): Visit {
    this.#index.set(node, this.#index.size);
    this.#low.set(node, this.#index.size - 1);
    this.#stack.push(node);
    this.#onStack.add(node);
    return { node, next: successors(this.#flow, node), at: 0 };
  }

  #leave(node: string, parent: string | undefined): void {
    const low = this.#low.get(node) ?? 0;
    if (parent !== undefined) this.#lower(parent, low);
    if (low !== this.#index.get(node)) return;
    const group: string[] = [];
    for (let top = this.#stack.pop(); top !== undefined; top = this.#stack.pop()) {
      this.#onStack.delete(top);
      group.push(top);
      if (top === node) break;
    }
    if (group.length > 1) this.found.push(group);
  }

  #lower(node: string, value: number): void {
    if (value < (this.#low.get(node) ?? 0)) this.#low.set(node, value);
  }
}

/** The shortest way from a node back to it, within a group; the node first, and not again at the end. */
export function shortestCycle(flow: Flow, start: string, group: readonly string[]): string[] {
  const inside = new Set(group);
  const from = new Map<string, string>();
  const queue = new Set([start]);
  for (const node of queue) {
    for (const next of successors(flow, node)) {
      if (next === start) return wayTo(node, start, from);
      if (!inside.has(next) || queue.has(next)) continue;
      from.set(next, node);
      queue.add(next);
    }
  }
  return [start];
}

function wayTo(node: string, start: string, from: ReadonlyMap<string, string>): string[] {
  const way = [node];
  for (let at = node; at !== start;) {
    at = from.get(at) ?? start;
    way.push(at);
  }
  return way.reverse();
}
