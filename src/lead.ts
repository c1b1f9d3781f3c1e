import { type ObjectKey, type Shard, shardOf, TaskGroup } from "#base";
import type { OnceReport } from "#gitops";
import type { Following } from "./following.ts";
import { GitOpsLoop } from "./gitops_loop.ts";
import { MeshController } from "./mesh_controller.ts";
import type { Parts } from "./parts.ts";

/**
 * The work of who leads, for as long as it does: the controller and the GitOps loop, with their queues and with what they
 * remember. What they write passes the parts that they are given, and so carries the proof of that lead.
 */
export class Lead {
  /** Of the work; undefined: all of it. */
  readonly shard: Shard | undefined;
  readonly #controller: MeshController;
  readonly #gitOps: GitOpsLoop;

  constructor(parts: Parts, following: Following, shard?: Shard) {
    const { meshes, syncs } = following;
    const { isOwn } = this;
    this.shard = shard;
    const quarantineOf = syncs.quarantineOf.bind(syncs);
    this.#controller = new MeshController(parts, { caches: meshes, isOwn, quarantineOf });
    this.#gitOps = new GitOpsLoop(parts, { isOwn, meshes, syncs });
  }

  /** Whether this is who looks after what belongs to no namespace. */
  get isGlobal(): boolean {
    return this.shard === undefined || this.shard.index === 0;
  }

  /** Whether a namespace is of this lead. */
  readonly isOwn = (namespace: string): boolean =>
    this.shard === undefined || shardOf(namespace, this.shard.count) === this.shard.index;

  /** Works until the signal aborts, after what is under way. */
  async run(signal: AbortSignal): Promise<void> {
    const group = new TaskGroup(signal);
    group.start((stop) => this.#controller.run(stop));
    group.start((stop) => this.#gitOps.run(stop));
    await group.ended();
  }

  /** Works on meshes only. */
  async runController(signal: AbortSignal): Promise<void> {
    await this.#controller.run(signal);
  }

  /** See {@linkcode GitOpsLoop.once}. */
  async once(signal: AbortSignal, limits: { readonly timeoutMs: number }): Promise<OnceReport> {
    return await this.#gitOps.once(signal, limits);
  }

  /** When a MeshSync looks at its repository again, on the monotonic clock; undefined where that is not known. */
  nextLookAtMs(key: ObjectKey): number | undefined {
    return this.#gitOps.nextLookAtMs(key);
  }

  /** What was not done yet, for the readiness check. */
  undone(): string | undefined {
    return this.#gitOps.undone();
  }

  /** A pass that does not end, for the liveness check. */
  stuck(): string | undefined {
    return this.#controller.stuck() ?? this.#gitOps.stuck();
  }
}
