import { pause } from "#base";
import {
  ConsoleDoor,
  type ConsoleSource,
  isLoopbackHost,
  isStream,
  type PageFiles,
} from "#console";
import type { ClusterClient, Transport } from "#kube";
import { type Logger, parseAddress, type Server, startPlainServer } from "#telemetry";
import { OwnTlsServer } from "./own_tls_server.ts";

/** Service of the console: `install --console` gives rights for the Secrets that are named by it. */
const SERVICE = "meshwright-console";

/** What a {@linkcode ConsoleServer} is made from. */
export interface ConsoleServerOptions {
  /** `127.0.0.1:8090`, `:8443`. */
  readonly address: string;
  readonly source: ConsoleSource;
  readonly page: PageFiles;
  /** The program's own, for its certificate. */
  readonly namespace: string;
  readonly cluster: ClusterClient;
  /** Asks who shows a token. */
  readonly transport: Transport;
  readonly log: Logger;
  /** Told until when its certificate is good, in milliseconds since 1970. */
  readonly onCertificate?: (endMs: number) => void;
}

/** The running console: on an address of this machine for whoever comes, on any other one over TLS for bearers of a token. */
export class ConsoleServer implements AsyncDisposable {
  readonly #options: ConsoleServerOptions;
  readonly #door: ConsoleDoor;
  #plain: Server | undefined;
  #secure: OwnTlsServer | undefined;

  private constructor(options: ConsoleServerOptions, isLoopback: boolean) {
    this.#options = options;
    const { transport: reviewer, ...door } = options;
    this.#door = new ConsoleDoor({ ...door, ...(isLoopback ? {} : { reviewer }) });
  }

  /**
   * Opens the console. Over TLS it listens when its certificate is there: see {@linkcode run}.
   *
   * @throws {RangeError} when the address cannot be read
   * @throws {Error} when it is taken
   */
  static async open(options: ConsoleServerOptions): Promise<ConsoleServer> {
    const isLoopback = isLoopbackHost(parseAddress(options.address).hostname);
    const server = new ConsoleServer(options, isLoopback);
    await server.#listen(isLoopback);
    return server;
  }

  /** Where it listens; undefined before it does. */
  get url(): string | undefined {
    const port = this.#secure?.port;
    return this.#plain?.url ?? (port === undefined ? undefined : `https://localhost:${port}`);
  }

  /** Looks after the certificate, where there is one, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#secure !== undefined) return await this.#secure.run(signal);
    await pause(Infinity, { clock: this.#options.source.clock, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door[Symbol.asyncDispose]();
    await this.#plain?.[Symbol.asyncDispose]();
    await this.#secure?.[Symbol.asyncDispose]();
  }

  async #listen(isLoopback: boolean): Promise<void> {
    const { address, cluster, log, namespace, onCertificate, source: { clock } } = this.#options;
    const answer = this.#door.answer.bind(this.#door);
    const server = { address, name: "console", answer, isEndless: isStream, clock, log };
    if (isLoopback) this.#plain = await startPlainServer(server);
    else {
      const certificate = {
        service: SERVICE,
        namespace,
        cluster,
        ...(onCertificate === undefined ? {} : { onCertificate }),
      };
      this.#secure = new OwnTlsServer({ ...server, ...certificate });
    }
  }
}
