import { type AddressPolicy, type Clock, GIT_BUDGETS, pause } from "#base";
import { checkedAddresses, type Resolve } from "./addresses.ts";
import type { GitCall } from "./call.ts";
import type { Clone } from "./clone.ts";
import { gitOutcome } from "./command.ts";
import { inheritedEnvironment, type LocalAccess, localAccess, openAccess } from "./environment.ts";
import { answerError, GitError, gitErrorFrom } from "./git_error.ts";
import { httpAnswers } from "./http_answer.ts";
import type { Lanes } from "./lanes.ts";
import type { BegunCommand, GitProcesses } from "./processes.ts";
import { placeText, type Remote } from "./remote.ts";
import type { Routes } from "./routes.ts";

/** What a {@linkcode Transport} needs. */
export interface TransportOptions {
  /** A folder that only this program uses. */
  readonly home: string;
  /** Longest that a call may take whose caller never gives up. */
  readonly timeoutMs: number;
  /** Most that one fetch may bring. */
  readonly fetchBytesMax: number;
  /** Environment besides what isolates git; PATH and the proxies of this process when left out. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Who talks to remotes at the same time: only to look, or to fetch. */
  readonly lanes: Readonly<Record<"fetch" | "look", Lanes>>;
  readonly processes: GitProcesses;
  readonly routes: Routes;
  readonly clock: Clock;
  /** Which addresses may be asked; all of them when left out. */
  readonly addresses?: AddressPolicy | undefined;
  readonly resolve?: Resolve | undefined;
}

/** A command that talks to a remote. */
export interface RemoteCommand {
  readonly args: (url: string) => readonly string[];
  readonly stdin?: string;
  readonly config?: readonly (readonly [string, string])[];
}

/** Nothing on this machine takes so long. */
const LOCAL_TIMEOUT_MS = 600_000;
/** Half a gibibyte arrives in a second where the remote is near. */
const GROWTH_LOOK_MS = 100;

/** Commands of git that talk to remotes, with the access that each of them needs. */
export class Transport {
  readonly home: string;
  readonly clock: Clock;
  readonly #options: TransportOptions;
  readonly #inherited: Readonly<Record<string, string>>;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.home = options.home;
    this.clock = options.clock;
    this.#inherited = options.environment ?? inheritedEnvironment();
  }

  /** What a command runs with that talks to nobody. */
  get local(): LocalAccess {
    return localAccess({ home: this.home, inherited: this.#inherited });
  }

  /** What a command that talks to nobody may take. */
  localCall(action: string, call: GitCall = {}): {
    readonly action: string;
    readonly begin: () => Promise<BegunCommand>;
    readonly timeoutMs: number;
    readonly clock: Clock;
    readonly signal?: AbortSignal;
  } {
    const { signal } = call;
    const begin = () => this.#options.processes.local(call);
    const base = { action, begin, timeoutMs: LOCAL_TIMEOUT_MS, clock: this.clock };
    return signal === undefined ? base : { ...base, signal };
  }

  /** What a remote advertises: the answer of `git ls-remote`. */
  async list(remote: Remote, args: RemoteCommand["args"], call: GitCall): Promise<Uint8Array> {
    const action = `Cannot look at ${placeText(remote)}`;
    const how = { ...call, lane: "look" } as const;
    return await this.#ask(remote, how, async ({ access, url, ...limits }) => {
      const outcome = await gitOutcome({
        ...access,
        ...limits,
        action,
        url,
        args: ["ls-remote", "--quiet", ...args(url)],
        directory: this.home,
        outputBytesMax: GIT_BUDGETS.refsBytes,
      });
      if (!outcome.isSuccess) throw gitErrorFrom({ ...access, ...outcome, action, url });
      // Git takes any answer without a known line in it for that of a server which only hands out files.
      const [asked] = httpAnswers(outcome.stderr).filter(({ path }) => path.includes("/info/refs"));
      const strange = answerError(action, asked, url);
      if (strange !== undefined) throw strange;
      return outcome.stdout;
    });
  }

  /**
   * Fetches into a clone.
   *
   * @throws {GitError} `too_large` when it brings more than it may
   */
  async fetch(
    remote: Remote,
    { call, clone, command }: {
      readonly clone: Clone;
      readonly command: RemoteCommand;
      readonly call: GitCall;
    },
  ): Promise<void> {
    const action = `Cannot fetch ${placeText(remote)}`;
    clone.fetches++;
    const how = { ...call, lane: "fetch" } as const;
    await this.#ask(remote, how, async ({ access, signal, url, ...limits }) => {
      // Of a process before this one.
      await clone.dropUnfinished();
      await using growth = await this.#growth(clone, action, signal);
      const config = [...access.config, ["remote.origin.url", url] as const];
      await clone.run({
        ...limits,
        action,
        url,
        signal: growth.signal,
        access: { ...access, config: [...config, ...command.config ?? []] },
        args: command.args(url),
        ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
      }).catch(async (error) => {
        await clone.dropUnfinished();
        throw error;
      });
    });
  }

  async #ask<T>(
    remote: Remote,
    { lane, share = "", signal, timeoutMs = this.#options.timeoutMs }: GitCall & {
      readonly lane: "fetch" | "look";
    },
    question: (
      with_: {
        readonly access: LocalAccess;
        readonly url: string;
        readonly begin: () => Promise<BegunCommand>;
        readonly timeoutMs: number;
        readonly clock: Clock;
        readonly signal?: AbortSignal;
      },
    ) => Promise<T>,
  ): Promise<T> {
    const { home, lanes, processes, routes } = this.#options;
    const stop = signal === undefined ? {} : { signal };
    return await lanes[lane].take(async () => {
      const how = { home, inherited: this.#inherited, silenceMs: timeoutMs };
      await using access = await openAccess(remote, how);
      const begin = () => Promise.resolve(processes.remote({ share }));
      const limits = { begin, timeoutMs, clock: this.clock, ...stop };
      return await routes.ask(remote, async (url) => {
        const pinned = await this.#checked(url, remote);
        const config = [...access.config, ...pinned];
        return await question({ access: { ...access, config }, url, ...limits });
      });
    }, { place: remote.url, share, order: processes.order(signal), ...stop });
  }

  /** Settings that keep git to checked addresses, for what somebody else than a flag of the program chose. */
  async #checked(url: string, remote: Remote): Promise<LocalAccess["config"]> {
    const { addresses: policy, resolve } = this.#options;
    if (policy === undefined || remote.fileAllowed === true) return [];
    const env = (name: string) => this.#inherited[name];
    const check = { policy, env, ...(resolve === undefined ? {} : { resolve }) };
    return await checkedAddresses(url, { action: `Cannot ask ${placeText(remote)}`, check });
  }

  /** Looks now and then how much a fetch has brought, and ends what brings too much. */
  async #growth(clone: Clone, action: string, signal?: AbortSignal): Promise<Growth> {
    const { fetchBytesMax } = this.#options;
    const before = await clone.bytes();
    const [end, tooLarge] = [new AbortController(), new AbortController()];
    const watch = async () => {
      while (!end.signal.aborted && !tooLarge.signal.aborted) {
        await pause(GROWTH_LOOK_MS, { clock: this.clock, signal: end.signal });
        if (await clone.bytes() - before <= fetchBytesMax) continue;
        const size = `${Math.round(fetchBytesMax / 1024 / 1024)} MiB`;
        tooLarge.abort(new GitError("too_large", `${action}: it is more than ${size}`));
      }
    };
    const watching = watch();
    return {
      signal: AbortSignal.any([tooLarge.signal, ...(signal === undefined ? [] : [signal])]),
      [Symbol.asyncDispose]: async () => {
        end.abort();
        await watching;
      },
    };
  }
}

interface Growth extends AsyncDisposable {
  readonly signal: AbortSignal;
}
