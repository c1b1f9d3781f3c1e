import {
  boundedBytes,
  type Clock,
  deadline,
  errorText,
  IMPORT_BUDGETS,
  isPlainObject,
  redactedText,
  shortText,
  withoutValues,
} from "#base";
import type { Login } from "./login.ts";

/** How a cluster is reached. */
export interface AdminAccess {
  /** Its admin URL, `http://broker:8080`; a path counts. */
  readonly url: URL;
  readonly login?: Login;
  /** Connections are made with what `Deno.createHttpClient` made for them; the system's authorities without. */
  readonly http?: Deno.HttpClient;
  readonly clock: Pick<Clock, "sleep">;
}

/** The cluster did not do what it was asked for. The message holds no credential, and no cause that could. */
export class AdminError extends Error {
  override readonly name = "AdminError";
  /** Of the answer; 0 when there was none. */
  readonly status: number;

  constructor(message: string, { status = 0 }: { status?: number } = {}) {
    super(message);
    this.status = status;
  }
}

/** Within one host: a proxy tidies its paths so. */
const REDIRECTS_MAX = 5;
const REASON_MAX = 300;
/** How deep lists and maps lie in each other in a configuration that anybody wrote. */
const DEPTH_MAX = 64;

interface Call {
  readonly method: "GET" | "POST";
  readonly body?: FormData;
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks the admin API of one cluster. */
export class AdminClient {
  readonly #access: AdminAccess;

  constructor(access: AdminAccess) {
    this.#access = access;
  }

  /**
   * The JSON that is at a path.
   *
   * @param path names of the path, which are encoded
   * @throws {AdminError}
   */
  async json(path: readonly string[], signal: AbortSignal): Promise<unknown> {
    const bytes = await this.#bytes(path, {
      method: "GET",
      bytesMax: IMPORT_BUDGETS.adminAnswerBytes,
      timeoutMs: IMPORT_BUDGETS.adminAnswerMs,
      signal,
    });
    const answer = parsed(bytes, path);
    if (isShallow(answer)) return answer;
    throw new AdminError(`${shownPath(path)} is answered with values more than ${DEPTH_MAX} deep`);
  }

  /** The names that are at a path. @throws {AdminError} */
  async names(path: readonly string[], signal: AbortSignal): Promise<string[]> {
    const names = await this.json(path, signal);
    if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
    throw new AdminError(`${shownPath(path)} is answered with something that is no list of names`);
  }

  /** A package as the worker hands it out; it may be empty. @throws {AdminError} */
  async download(path: readonly string[], signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#bytes(path, {
      method: "GET",
      bytesMax: IMPORT_BUDGETS.packageBytes,
      timeoutMs: IMPORT_BUDGETS.packageMs,
      signal,
    });
  }

  /** Whether something is at a path. @throws {AdminError} when it is not known */
  async isThere(path: readonly string[], signal: AbortSignal): Promise<boolean> {
    try {
      await this.json(path, signal);
      return true;
    } catch (error) {
      if (error instanceof AdminError && error.status === 404) return false;
      throw error;
    }
  }

  /** Sends a form. @throws {AdminError} */
  async send(path: readonly string[], form: FormData, signal: AbortSignal): Promise<void> {
    await this.#bytes(path, {
      method: "POST",
      body: form,
      bytesMax: IMPORT_BUDGETS.adminAnswerBytes,
      timeoutMs: IMPORT_BUDGETS.packageMs,
      signal,
    });
  }

  async #bytes(path: readonly string[], call: Call): Promise<Uint8Array<ArrayBuffer>> {
    using limit = deadline(call.timeoutMs, { clock: this.#access.clock, signal: call.signal });
    try {
      return await this.#answer(path, { ...call, signal: limit.signal });
    } catch (error) {
      call.signal.throwIfAborted();
      if (error instanceof AdminError) {
        throw new AdminError(this.#discreet(error.message), { status: error.status });
      }
      const why = limit.isExpired
        ? `no answer within ${call.timeoutMs / 1000} s`
        : redactedText(errorText(error));
      throw new AdminError(this.#discreet(`${shownPath(path)} cannot be asked for: ${why}`));
    }
  }

  /** Whoever is told a credential may say it again. */
  #discreet(text: string): string {
    return withoutValues(text, this.#access.login?.secrets ?? []);
  }

  async #answer(path: readonly string[], call: Call): Promise<Uint8Array<ArrayBuffer>> {
    const base = this.#access.url.href.replace(/\/$/, "");
    let url = new URL(`${base}/${path.map(encodeURIComponent).join("/")}`);
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const response = await this.#fetched(url, call);
      const stream = response.body ?? new Blob([]).stream();
      const { bytes, isWhole } = await boundedBytes(stream, call);
      const next = nextUrl(response, url);
      if (next !== undefined) {
        url = next;
        continue;
      }
      if (!response.ok) throw refused(path, response.status, bytes);
      if (!isWhole) {
        const message = `${shownPath(path)} is answered with more than ${call.bytesMax} bytes`;
        throw new AdminError(message, { status: response.status });
      }
      return bytes;
    }
    throw new AdminError(`${shownPath(path)} is redirected again and again`);
  }

  async #fetched(url: URL, { body, method, signal }: Call): Promise<Response> {
    const { http, login } = this.#access;
    const header = await login?.header(signal);
    return await fetch(url, {
      method,
      redirect: "manual",
      signal,
      headers: header === undefined ? {} : { authorization: header },
      ...(body === undefined ? {} : { body }),
      ...(http === undefined ? {} : { client: http }),
    });
  }
}

function parsed(bytes: Uint8Array, path: readonly string[]): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    // What is wrong with it quotes it.
    throw new AdminError(`${shownPath(path)} is answered with something that is no JSON`);
  }
}

/** Whether whoever walks through a value comes to its end: a level at a time, without a call for each. */
function isShallow(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? Object.values(one) : []
    );
    if (level.length === 0) return true;
  }
  return false;
}

/** Where a redirect leads. Only within the host: what is asked for, and how, is for nobody else. */
function nextUrl(response: Response, from: URL): URL | undefined {
  const location = response.headers.get("location");
  if (response.status < 300 || response.status > 399 || location === null) return undefined;
  const next = URL.parse(location, from);
  if (next?.origin === from.origin) return next;
  const host = next === null ? "nowhere" : next.host;
  throw new AdminError(
    `it sends on to another host (${
      shortText(host, REASON_MAX)
    }), which is not followed: name that host in --admin-url ` +
      "if it is one of the cluster",
    { status: response.status },
  );
}

function refused(path: readonly string[], status: number, bytes: Uint8Array): AdminError {
  const reason = reasonOf(new TextDecoder().decode(bytes));
  const hint = status === 401 || status === 403
    ? " (give a token, OAuth2 or a certificate of who may see all functions)"
    : "";
  return new AdminError(
    `${shownPath(path)} is refused with status ${status}${
      reason === undefined ? "" : `: ${reason}`
    }${hint}`,
    { status },
  );
}

/** What Pulsar gives as its reason; pages of servers on the way are of no interest. */
function reasonOf(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    const reason = isPlainObject(answer) ? answer["reason"] : undefined;
    if (typeof reason !== "string") return undefined;
    return shortText(redactedText(reason.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ")), REASON_MAX);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function shownPath(path: readonly string[]): string {
  return shortText(`/${path.map(encodeURIComponent).join("/")}`, REASON_MAX);
}
