import { TextLineStream } from "./text_line_stream.ts";
import type { BrokerAccess, E2eSetting } from "./setting.ts";

/** A message as it was read from a topic. */
export interface Message {
  readonly text: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly key: string;
  readonly publishTime: string;
}

/** What an HTTP server said. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** How to send. */
export interface ProduceOptions {
  /** Default `string`: Java functions refuse topics without the schema of their type. */
  readonly schema?: "string" | "bytes";
  /** Time between two messages; default 0. */
  readonly intervalMs?: number;
  /** One for each message. */
  readonly keys?: readonly string[];
}

/** How to read. */
export interface ReadOptions {
  /** How many messages to wait for; default 0. */
  readonly count?: number;
  /** Which texts to wait for. */
  readonly texts?: readonly string[];
  /** Default 120 000. */
  readonly timeoutMs?: number;
}

/** Who talks to a broker. */
export interface Client extends BrokerAccess {
  readonly token?: string;
  /** Check the broker's certificate, for urls with TLS. */
  readonly checksCertificate?: boolean;
}

/** A program in the toolbox pod that does what it is told, until it is disposed of. */
export class Toolbox implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #reading: Promise<void>;
  readonly #complaints: Promise<string>;
  /** Said with the first request: whom to talk to. */
  #unsaid: readonly unknown[];
  /** Why nobody answers any longer. */
  #end: Error | undefined;
  #count = 0;

  constructor(setting: E2eSetting, client: Client = setting.broker) {
    const { kubectlPath, kubeconfigPath, pulsarNamespace, toolboxPod } = setting;
    this.#process = new Deno.Command(kubectlPath, {
      args: ["exec", "-i", "-n", pulsarNamespace, toolboxPod, "--"]
        .concat(["python3", "/scripts/client.py", "/data"]),
      env: { KUBECONFIG: kubeconfigPath },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#complaints = new Response(this.#process.stderr).text();
    this.#reading = this.#read();
    const { serviceUrl, webUrl: adminUrl, token, checksCertificate } = client;
    const caPath = checksCertificate ? "/scripts/ca.crt" : undefined;
    this.#unsaid = [{ serviceUrl, adminUrl, token, caPath }];
  }

  /** Commits files to a repository (`null` removes one) and answers the commit. It is made when it is not there. */
  async commit(
    repository: string,
    files: Readonly<Record<string, string | null>>,
    message = "Change the meshes",
  ): Promise<string> {
    return await this.#ask("commit", { repository, files, message });
  }

  /** Puts a file of the image where `toolboxUrl/files/PATH` serves it. */
  async publish(source: string, path: string): Promise<void> {
    await this.#ask("publish", { source, path });
  }

  /** Sends texts one after the other; resolves when the broker has them all. */
  async produce(
    topic: string,
    texts: readonly string[],
    options: ProduceOptions = {},
  ): Promise<void> {
    await this.#ask("produce", { topic, texts, ...options });
  }

  /** The messages of a topic from its first on, until it has what was asked for or the time is up. */
  async read(topic: string, options: ReadOptions): Promise<readonly Message[]> {
    return await this.#ask("read", { topic, timeoutMs: 300_000, ...options });
  }

  /** Asks the broker's admin interface. */
  async admin(method: string, path: string, body?: unknown): Promise<Answer> {
    return await this.#ask("admin", { method, path, body });
  }

  /** Puts a file of the image into the package service: `function/public/default/NAME/VERSION`. */
  async upload(name: string, source: string): Promise<void> {
    const answer: Answer = await this.#ask("upload", { package: name, source });
    if (answer.status >= 300) throw new Error(`Cannot upload ${name}: ${JSON.stringify(answer)}`);
  }

  /**
   * Has a functions worker run a file of the image.
   *
   * @param path `functions/public/default/NAME`, `sources/…` or `sinks/…`
   */
  async create(path: string, config: unknown, source: string): Promise<void> {
    const answer: Answer = await this.#ask("create", { path, config, source });
    if (answer.status >= 300) throw new Error(`Cannot create ${path}: ${JSON.stringify(answer)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch((error) => {
      // It ended before; who waited for an answer was told.
      if (!(error instanceof TypeError || error instanceof Deno.errors.BrokenPipe)) throw error;
    });
    await this.#reading;
    await this.#complaints;
    await this.#process.status;
  }

  // The test says by its type what comes back: the program on the other side is ours.
  async #ask<T>(verb: string, request: Readonly<Record<string, unknown>>): Promise<T> {
    if (this.#end !== undefined) throw this.#end;
    const id = ++this.#count;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    const lines = [...this.#unsaid, { id, do: verb, ...request }].map((line) =>
      `${JSON.stringify(line)}\n`
    );
    this.#unsaid = [];
    // What keeps it from being written is in the answer, where the program says why it ended.
    const writing = this.#input.write(new TextEncoder().encode(lines.join(""))).catch((error) => {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    });
    const [value] = await Promise.all([answer.promise, writing]);
    return value as T;
  }

  async #read(): Promise<void> {
    for await (const line of this.#process.stdout.pipeThrough(new TextLineStream())) {
      const { id, value, error } = JSON.parse(line);
      const answer = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) answer?.resolve(value);
      else answer?.reject(new Error(`Cannot do it in the toolbox: ${error}`));
    }
    const text = await this.#complaints;
    this.#end = new Error(`Cannot use the toolbox any more: ${text.trim()}`);
    for (const answer of this.#waiting.values()) answer.reject(this.#end);
  }
}
