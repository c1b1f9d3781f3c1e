import type { Binaries } from "./binaries.ts";
import { GuardedProcess } from "./guarded_process.ts";
import type { Progress } from "./progress.ts";
import type { ProgramName } from "./versions.ts";

/** They end by themselves when they lost the server for too long, or no longer trust what they remember of it. */
const FOLLOWERS: readonly ProgramName[] = ["kube-controller-manager", "kube-scheduler", "kwok"];
const RESTART_PAUSE_MS = 1_000;

/** The processes of one control plane. Dispose it to kill them all. */
export class PlanePrograms implements AsyncDisposable {
  readonly #binaries: Binaries;
  readonly #directory: string;
  readonly #args = new Map<ProgramName, readonly string[]>();
  readonly #processes = new Map<ProgramName, GuardedProcess>();
  readonly #restarts = new Map<ProgramName, ReturnType<typeof setTimeout>>();
  #kept: Progress | undefined;

  constructor(plane: { readonly binaries: Binaries; readonly directory: string }) {
    this.#binaries = plane.binaries;
    this.#directory = plane.directory;
  }

  /** Those that were started and not killed, whether they have ended by themselves or not. */
  get running(): readonly GuardedProcess[] {
    return [...this.#processes.values()];
  }

  /** Starts a program. */
  run(name: ProgramName, args: readonly string[]): void {
    const logPath = `${this.#directory}/${name}.log`;
    this.#args.set(name, args);
    const pidPath = `${this.#directory}/${name}.pid`;
    const options = { program: this.#binaries[name], args, logPath, pidPath };
    const process = new GuardedProcess(name, options);
    this.#processes.set(name, process);
    process.exited.then(() => this.#restart(name, process));
  }

  /** From now on who follows the API server is started again when it ends by itself, as a kubelet does; each time is told. */
  keepFollowers(progress: Progress): void {
    this.#kept = progress;
    for (const [name, process] of this.#processes) {
      if (process.exitCode !== undefined) this.#restart(name, process);
    }
  }

  /** Starts a program again as it was started before; the caller waits until it answers. */
  start(name: ProgramName): void {
    if (this.#processes.has(name)) throw new Error(`Cannot start ${name}: it was not killed`);
    this.run(name, this.#args.get(name) ?? []);
  }

  /** Kills a program at once, without a chance to finish anything. */
  async kill(name: ProgramName): Promise<void> {
    const process = this.#process(name);
    this.#processes.delete(name);
    clearTimeout(this.#restarts.get(name));
    await process[Symbol.asyncDispose]();
  }

  /** Stops a program where it is, or lets it go on. */
  async signal(name: ProgramName, signal: "SIGCONT" | "SIGSTOP"): Promise<void> {
    await this.#process(name).signal(signal);
  }

  /** The last started is killed first. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#processes.keys()].reverse()) await this.kill(name);
  }

  /** Starts a follower again in a moment, unless it is killed until then. */
  async #restart(name: ProgramName, ended: GuardedProcess): Promise<void> {
    const isLast = () => this.#processes.get(name) === ended;
    if (this.#kept === undefined || !isLast() || !FOLLOWERS.includes(name)) return;
    this.#kept(`${name} ended with code ${ended.exitCode} and is started again`);
    // What it was guarded by is given back.
    await ended[Symbol.asyncDispose]();
    if (!isLast()) return;
    clearTimeout(this.#restarts.get(name));
    const again = () => this.run(name, this.#args.get(name) ?? []);
    this.#restarts.set(name, setTimeout(again, RESTART_PAUSE_MS));
  }

  #process(name: ProgramName): GuardedProcess {
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`Cannot find ${name}: it does not run`);
    return process;
  }
}
