import { errorText } from "#base";

/** How long one request of a starting control plane may take. */
const REQUEST_TIMEOUT_MS = 5_000;

/** An answer of the API server, read as a whole. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Requests to the API server as its administrator. Dispose it to close its connections. */
export class ApiSession implements Disposable {
  readonly #serverUrl: string;
  readonly #token: string;
  readonly #client: Deno.HttpClient;

  constructor(access: { serverUrl: string; caPem: string; token: string }) {
    this.#serverUrl = access.serverUrl;
    this.#token = access.token;
    this.#client = Deno.createHttpClient({ caCerts: [access.caPem] });
  }

  /** The answer, whatever its status; undefined while the server does not take connections. */
  async ask(path: string, signal?: AbortSignal): Promise<Answer | undefined> {
    try {
      return await this.#request("GET", { path, signal });
    } catch (error) {
      if (error instanceof TypeError || isTimeout(error)) return undefined;
      throw error;
    }
  }

  /** A list's items. */
  async items<Item>(path: string, signal?: AbortSignal): Promise<readonly Item[]> {
    const answer = await this.ask(path, signal);
    return answer?.status === 200 ? JSON.parse(answer.text).items : [];
  }

  /** Creates an object. */
  async create(path: string, object: unknown, signal?: AbortSignal): Promise<unknown> {
    const body = JSON.stringify(object);
    try {
      const answer = await this.#request("POST", { path, signal, body });
      if (answer.status < 300) return JSON.parse(answer.text);
      throw new Error(`the API server answered ${answer.status}: ${answer.text}`);
    } catch (error) {
      throw new Error(`Cannot create an object at ${path}: ${errorText(error)}`, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #request(
    method: string,
    request: { path: string; signal?: AbortSignal | undefined; body?: string },
  ): Promise<Answer> {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(`${this.#serverUrl}${request.path}`, {
      method,
      client: this.#client,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      body: request.body ?? null,
      signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    });
    return { status: response.status, text: await response.text() };
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
