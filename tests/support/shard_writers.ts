import { isPlainObject, type KubeObject, shardLeaseName, shardOf } from "#base";
import type { Encounter, ProxiedRequest } from "./recording_proxy.ts";

/** A write that nobody was elected for. */
interface Violation {
  readonly who: string;
  readonly what: string;
  readonly leader: string;
}

/**
 * Who wrote what while who led its shard, as proxies saw it. A lease has a new holder as soon as the server has said so to
 * whoever took it: what another one sends from then on into a namespace of that shard is a violation.
 */
export class ShardWriters {
  readonly #count: number;
  readonly #name: string;
  readonly #holders = new Map<string, string>();
  readonly violations: Violation[] = [];
  /** Who wrote anything. */
  readonly writers = new Set<string>();
  /** When somebody got a lease last, as the performance clock has it. */
  lastHandoverMs = 0;

  constructor({ count, name }: { readonly count: number; readonly name: string }) {
    this.#count = count;
    this.#name = name;
  }

  /** Who leads each shard; empty: nobody. */
  get holders(): string[] {
    return Array.from({ length: this.#count }, (_, index) => this.holder(index));
  }

  holder(index: number): string {
    return this.#holders.get(shardLeaseName(this.#name, index)) ?? "";
  }

  /** Notes a request, and the answer where it is about a lease. */
  meet(who: string, { isLease, isWrite, method, path }: ProxiedRequest): Encounter | undefined {
    if (isLease && method !== "GET") return { after: (answer) => this.#leaseAnswer(who, answer) };
    if (!isWrite) return undefined;
    const shard = this.#shardOf(path);
    const leader = this.holder(shard);
    if (leader !== who) this.violations.push({ who, what: `${method} ${path}`, leader });
    this.writers.add(who);
    return undefined;
  }

  /** What has no namespace belongs to the first shard. */
  #shardOf(path: string): number {
    const [, namespace] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
    return namespace === undefined ? 0 : shardOf(namespace, this.#count);
  }

  async #leaseAnswer(who: string, answer: Response): Promise<Response> {
    const text = await answer.text();
    if (answer.ok) this.#noted(who, JSON.parse(text));
    const headers = { "content-type": answer.headers.get("content-type") ?? "application/json" };
    return new Response(text, { status: answer.status, headers });
  }

  /** A wish is written by who does not hold it, and changes no holder. */
  #noted(who: string, { metadata, spec }: KubeObject): void {
    const identity = isPlainObject(spec) ? String(spec["holderIdentity"] ?? "") : "";
    const before = this.#holders.get(metadata.name) ?? "";
    const isWritten = identity !== "" && !this.#identities.has(identity);
    if (isWritten) this.#identities.set(identity, who);
    const now = this.#identities.get(identity) ?? "";
    if (now === before) return;
    this.#holders.set(metadata.name, now);
    if (now !== "") this.lastHandoverMs = performance.now();
  }

  /** Whose identity is whose: the first one who is told of it as a holder has written it. */
  readonly #identities = new Map<string, string>();
}
