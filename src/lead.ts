import { type ObjectKey, TaskGroup } from "#base";
import type { OnceReport } from "#gitops";
import type { Following } from "./following.ts";
import { GitOpsLoop } from "./gitops_loop.ts";
import { MeshController } from "./mesh_controller.ts";
import { metricsSource } from "./metrics_source.ts";
import type { Parts } from "./parts.ts";

/**
 * The work of who leads, for as long as it does: the controller and the GitOps loop, with their queues and with what they
 * remember. What they write passes the parts that they are given, and so carries the proof of that lead.
 */
export class Lead {
  readonly #parts: Parts;
  readonly #following: Following;
  readonly #controller: MeshController;
  readonly #gitOps: GitOpsLoop;

  constructor(parts: Parts, following: Following) {
    const { meshes, syncs } = following;
    this.#parts = parts;
    this.#following = following;
    const quarantineOf = syncs.quarantineOf.bind(syncs);
    this.#controller = new MeshController(parts, { caches: meshes, quarantineOf });
    this.#gitOps = new GitOpsLoop(parts, following);
  }

  /** Works until the signal aborts, after what is under way. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#parts;
    const { meshes, syncs } = this.#following;
    const caches = () => [...Object.values(meshes.caches), syncs.syncs];
    using _followed = metrics.follow(metricsSource(caches, () => clock.monotonicMs()));
    metrics.setLeader(true);
    const group = new TaskGroup(signal);
    group.start((stop) => this.#controller.run(stop));
    group.start((stop) => this.#gitOps.run(stop));
    await group.ended();
    metrics.setLeader(false);
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
