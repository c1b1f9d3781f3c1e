import type { Component } from "#api";
import { type AddressPolicy, type Clock, contentHash, Semaphore, textDigest } from "#base";
import { type ClusterClient, isForbidden } from "#kube";
import { isPodReady, type Pod } from "#plan";
import type { BrokerAccess } from "../metrics_poll/broker_access.ts";
import { BrokerClient } from "../metrics_poll/broker_client.ts";
import { BrokerSettings } from "../metrics_poll/broker_settings.ts";
import { CallProblem } from "../metrics_poll/call_problem.ts";
import { PollBackoff } from "../metrics_poll/poll_backoff.ts";
import type { AskOnce } from "./topic_numbers.ts";

/** Whoever does not answer in this time is left alone for a while. */
const DEADLINE_MS = 3_000;
/** Questions that one broker is asked together. */
const QUESTIONS_AT_ONCE = 16;
/** Objects that say where brokers are and that are read together. */
const SETTINGS_AT_ONCE = 16;

/** Said of a component none of whose pods has used its credentials yet. */
export const NOT_SHOWN = "the broker is not asked: no instance was ready yet";

/** Puts questions to the broker of a component; answers what came of them, or in words why nothing did. */
type Asker = <T>(question: (ask: AskOnce) => Promise<T>) => Promise<T | string>;

/** What {@linkcode Brokers} works with. */
export interface BrokersOptions {
  readonly clock: Clock;
  readonly cluster: Pick<ClusterClient, "get">;
  readonly intervalMs: number;
  readonly addresses: AddressPolicy;
}

/** What a ready pod of a component had last, hashed. */
interface Shown {
  /** The address and the credentials. */
  readonly content: string;
  /** The same by the version of the Secret, for a status: who reads that can guess no password by it. */
  readonly version: string;
}

/** What is remembered of brokers from one round to the next: who stays silent, and who was shown which credentials. */
export class Brokers {
  readonly options: BrokersOptions;
  readonly #backoff: PollBackoff;
  readonly #shown = new Map<string, Shown>();

  constructor(options: BrokersOptions) {
    this.options = options;
    this.#backoff = new PollBackoff(options.intervalMs);
  }

  /** Begins a round that knows no answers yet. */
  round(signal: AbortSignal): BrokerRound {
    return new BrokerRound(this, signal);
  }

  /** What is said of a broker that is left alone now. */
  silence(broker: string): string | undefined {
    return this.#backoff.problem(broker, this.options.clock.monotonicMs());
  }

  /** Remembers that a broker did not answer. */
  recordSilence(broker: string, problem: string): void {
    this.#backoff.failed(broker, problem, this.options.clock.monotonicMs());
  }

  /** Remembers that a broker answered. */
  recordAnswer(broker: string): void {
    this.#backoff.answered(broker);
  }

  /**
   * Whether a pod of a component was ready with these credentials at this address, now or before a restart: who only
   * writes a resource has none of them shown to anybody.
   */
  isShown(component: Component, access: BrokerAccess, pods: readonly Pod[]): boolean {
    const { authorization, caPem, credentials, url } = access;
    if (authorization === undefined) return true;
    const { uid = "" } = component.metadata;
    const version = textDigest(uid, url, credentials ?? "", caPem ?? "");
    const content = contentHash([url, authorization, caPem]);
    const isShown = pods.some(isPodReady) || this.#shown.get(uid)?.content === content ||
      component.status?.scaling?.askedAs === version;
    if (isShown) this.#shown.set(uid, { content, version });
    return isShown;
  }

  /** What a status says of that, so that it outlives a restart. */
  askedAs({ metadata: { uid = "" }, status }: Component): string | undefined {
    return this.#shown.get(uid)?.version ?? status?.scaling?.askedAs;
  }

  /** Forgets components that follow no backlog any more. */
  forgetExcept(uids: ReadonlySet<string>): void {
    for (const uid of this.#shown.keys()) {
      if (!uids.has(uid)) this.#shown.delete(uid);
    }
  }
}

/** One broker, as components with the same credentials know it. */
interface Session {
  readonly id: string;
  readonly client: BrokerClient;
  readonly turns: Semaphore;
  /** By path of the admin API. */
  readonly answers: Map<string, Promise<unknown>>;
}

/**
 * One look at all brokers.
 *
 * # Guarantees
 * - A broker is asked about each topic once, whoever wants to know, and a few questions at a time.
 * - One that hangs keeps only its own components waiting; after the first deadline it is asked nothing more.
 */
export class BrokerRound implements Disposable {
  readonly #brokers: Brokers;
  readonly #signal: AbortSignal;
  readonly #settings: BrokerSettings;
  readonly #sessions = new Map<string, Session>();

  constructor(brokers: Brokers, signal: AbortSignal) {
    this.#brokers = brokers;
    this.#signal = signal;
    const { cluster } = brokers.options;
    const reading = new Semaphore(SETTINGS_AT_ONCE);
    const get: typeof cluster.get = (type, key, signal) =>
      reading.run(() => cluster.get(type, key, signal), this.#signal);
    this.#settings = new BrokerSettings({ get }, signal);
  }

  /** How to ask the broker of a component, or why it is not asked. */
  async of(component: Component, pods: readonly Pod[]): Promise<Asker | string> {
    const access = await this.#access(component);
    if ("problem" in access) return access.problem;
    if (!this.#brokers.isShown(component, access, pods)) return NOT_SHOWN;
    const { namespace = "" } = component.metadata;
    return async (question) => {
      try {
        const session = this.#session(access);
        return await question((path) => this.#once(session, path, namespace));
      } catch (error) {
        if (!(error instanceof CallProblem)) throw error;
        return `the broker could not be asked: ${error.message}`;
      }
    };
  }

  [Symbol.dispose](): void {
    for (const { client } of this.#sessions.values()) client[Symbol.dispose]();
    this.#sessions.clear();
  }

  async #access(component: Component): Promise<BrokerAccess | { readonly problem: string }> {
    try {
      return await this.#settings.accessOf(component);
    } catch (error) {
      if (isForbidden(error)) return { problem: "its ConfigMap or Secret may not be read" };
      throw error;
    }
  }

  /** @throws {CallProblem} when the authority is no certificate */
  #session(access: BrokerAccess): Session {
    const id = contentHash([access.url, access.caPem, access.authorization]);
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const { addresses, clock } = this.#brokers.options;
    const limits = { signal: this.#signal, deadlineMs: DEADLINE_MS, clock, addresses };
    const client = new BrokerClient(access, limits);
    const turns = new Semaphore(QUESTIONS_AT_ONCE);
    const session: Session = { id, client, turns, answers: new Map() };
    this.#sessions.set(id, session);
    return session;
  }

  #once(session: Session, path: string, namespace: string): Promise<unknown> {
    const asked = session.answers.get(path) ??
      session.turns.run(() => this.#ask(session, path), this.#signal, namespace);
    session.answers.set(path, asked);
    return asked;
  }

  async #ask({ client, id }: Session, path: string): Promise<unknown> {
    const silence = this.#brokers.silence(id);
    if (silence !== undefined) throw new CallProblem(silence, { isSilence: false });
    try {
      const answer = await client.get(path);
      this.#brokers.recordAnswer(id);
      return answer;
    } catch (error) {
      if (error instanceof CallProblem && error.isSilence) {
        this.#brokers.recordSilence(id, error.message);
      }
      throw error;
    }
  }
}
