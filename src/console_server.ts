import { pause } from "#base";
import {
  ConsoleDoor,
  type ConsoleSource,
  isLoopbackHost,
  isStream,
  NumberHistory,
  type PageFiles,
} from "#console";
import { parseAddress, type Server, startPlainServer } from "#telemetry";
import type { GitOpsLoop } from "./gitops_loop.ts";
import type { MeshController } from "./mesh_controller.ts";
import { OwnTlsServer } from "./own_tls_server.ts";
import type { Parts } from "./parts.ts";
import { VERSION } from "./version.ts";

/** Service of the console: `install --console` gives rights for the Secrets that are named by it. */
const SERVICE = "meshwright-console";
/** How often instances are asked where no flag says it. */
const POLL_MS = 30_000;

/** Where what is shown comes from. */
export interface ConsoleFacts {
  readonly controller: MeshController;
  readonly gitOps: GitOpsLoop;
  /** Whether this replica waits for its turn. */
  readonly isStandby: () => boolean;
}

/** The running console: on an address of this machine for whoever comes, on any other one over TLS for bearers of a token. */
export class ConsoleServer implements AsyncDisposable {
  readonly #door: ConsoleDoor;
  readonly #plain: Server | undefined;
  readonly #secure: OwnTlsServer | undefined;
  readonly #parts: Parts;

  private constructor(parts: Parts, door: ConsoleDoor, server: Server | OwnTlsServer) {
    this.#parts = parts;
    this.#door = door;
    if (server instanceof OwnTlsServer) this.#secure = server;
    else this.#plain = server;
  }

  /**
   * Opens the console at the address of the configuration; undefined where that names none.
   *
   * @throws {RangeError} when the address cannot be read
   * @throws {Error} when it is taken, or the page was not made
   */
  static async open(
    parts: Parts,
    facts: ConsoleFacts,
    page: () => Promise<PageFiles>,
  ): Promise<ConsoleServer | undefined> {
    const { config: { consoleAddress: address = "0" }, log, unfenced } = parts;
    if (address === "0") return undefined;
    const isLoopback = isLoopbackHost(parseAddress(address).hostname);
    const door = new ConsoleDoor({
      source: sourceOf(parts, facts),
      page: await page(),
      ...(isLoopback ? {} : { reviewer: unfenced.transport }),
      log,
    });
    const options = {
      ...parts,
      cluster: unfenced.cluster,
      address,
      name: "console",
      answer: door.answer.bind(door),
      isEndless: isStream,
    };
    if (!isLoopback) {
      const onCertificate = (endMs: number) => parts.metrics.setCertificateEnd("console", endMs);
      const secure = new OwnTlsServer({ ...options, service: SERVICE, onCertificate });
      return new ConsoleServer(parts, door, secure);
    }
    const plain = await startPlainServer(options);
    return plain === undefined ? undefined : new ConsoleServer(parts, door, plain);
  }

  /** Where it listens; undefined before it does. */
  get url(): string | undefined {
    const port = this.#secure?.port;
    return this.#plain?.url ?? (port === undefined ? undefined : `https://localhost:${port}`);
  }

  /** Looks after the certificate, where there is one, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#secure !== undefined) return await this.#secure.run(signal);
    await pause(Infinity, { clock: this.#parts.clock, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door[Symbol.asyncDispose]();
    await this.#plain?.[Symbol.asyncDispose]();
    await this.#secure?.[Symbol.asyncDispose]();
  }
}

function sourceOf(parts: Parts, { controller, gitOps, isStandby }: ConsoleFacts): ConsoleSource {
  const { clock, config, transport, unfenced } = parts;
  const numbers = new NumberHistory({ pollMs: config.metricsPollIntervalMs || POLL_MS });
  controller.onSeen(({ after, before }) => {
    if (after !== undefined) numbers.note(after, clock.now());
    else if (before !== undefined) numbers.forget(before);
  });
  return {
    obstacle: () => {
      if (isStandby()) return standbyText(parts);
      const isRead = controller.unsynced() === undefined && gitOps.syncs?.synced === true;
      return isRead ? undefined : "the program is reading the cluster: try again in a moment";
    },
    cache: (kind) => kind === "MeshSync" ? gitOps.syncs : controller.caches[kind],
    nextLookAtMs: (sync) => gitOps.nextLookAtMs(sync),
    numbers,
    cluster: unfenced.cluster,
    program: { version: VERSION, server: transport.server },
    clock,
  };
}

/** What is told of a replica that reads nothing while another one leads. */
function standbyText({ config: { leaderElection }, namespace }: Parts): string {
  const { name = "", namespace: own = namespace } = leaderElection ?? {};
  return "this replica waits for its turn and has nothing to show: look at the one that leads, which " +
    `kubectl get lease -n ${own} ${name} names`;
}
