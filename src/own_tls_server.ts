import type { IncomingMessage } from "node:http";
import { certificateDelayMs, certificateEndMs, keepCertificates, KeyStaysReport } from "#admission";
import { type Clock, errorText, isAbort, pause } from "#base";
import type { ClusterClient } from "#kube";
import { type Answer, type Logger, TlsServer } from "#telemetry";

/** What an {@linkcode OwnTlsServer} is made from. */
export interface OwnTlsServerOptions {
  readonly address: string;
  /** What it serves, for the log: `metrics`. */
  readonly name: string;
  /** The Service that leads here; its certificate is in the Secret `SERVICE-tls`, what signs that in `SERVICE-ca`. */
  readonly service: string;
  /** The program's own. */
  readonly namespace: string;
  readonly answer: Answer;
  /** Which answers have no end; none when left out. */
  readonly isEndless?: (request: IncomingMessage) => boolean;
  /** Told when the certificate that is served ends, in milliseconds since 1970. */
  readonly onCertificate?: (endMs: number) => void;
  readonly cluster: ClusterClient;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A server with TLS whose certificate the program makes, keeps in a Secret and renews, as the webhook's: who connects finds
 * whom to trust in the Secret's `ca.crt`.
 */
export class OwnTlsServer implements AsyncDisposable {
  readonly #options: OwnTlsServerOptions;
  readonly #server: TlsServer;
  readonly #keyStays: KeyStaysReport;
  #problem = "";

  constructor(options: OwnTlsServerOptions) {
    this.#options = options;
    this.#keyStays = new KeyStaysReport(options.log);
    this.#server = new TlsServer(options);
  }

  /** The port that is listened on, once it is. */
  get port(): number | undefined {
    return this.#server.port;
  }

  /** Serves and looks after the certificate until the signal aborts. What fails is logged once and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      failures = await this.#tryOnce(signal) ? 0 : failures + 1;
      const delayMs = certificateDelayMs({ failures, random: Math.random() });
      await pause(delayMs, { clock: this.#options.clock, signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    const { log, name } = this.#options;
    try {
      await this.#lookAfter(signal);
      this.#problem = "";
      return true;
    } catch (error) {
      if (isAbort(error, signal)) return false;
      const problem = errorText(error);
      if (problem !== this.#problem) log.warn(`Cannot serve ${name} over TLS`, { error });
      this.#problem = problem;
      return false;
    }
  }

  async #lookAfter(signal: AbortSignal): Promise<void> {
    const { cluster, clock, log, name, namespace, service } = this.#options;
    const hosts = [`${service}.${namespace}.svc`, "127.0.0.1", "localhost"];
    const serving = { namespace, name: `${service}-tls` };
    const secrets = { serving, authority: { namespace, name: `${service}-ca` } };
    const nowMs = clock.now();
    const kept = await keepCertificates(cluster, secrets, { hosts, nowMs, signal });
    if (await this.#server.use(kept.certificates)) {
      log.info(`Serving ${name} over TLS`, { port: this.#server.port, certificateIn: serving });
    }
    this.#options.onCertificate?.(certificateEndMs(kept.certificates.certificate));
    this.#keyStays.tell(kept);
  }
}
