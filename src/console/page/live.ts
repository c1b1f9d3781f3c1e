import type { View, ViewChange } from "../view.ts";
import { after, nowMs } from "./clock.ts";
import { EventParser, type StreamEvent } from "./event_parser.ts";
import { changedModel, type Model, modelOf } from "./model.ts";
import { lineText } from "./text.ts";

/** How the page hears from the program. */
export type Connection =
  | { readonly phase: "connecting" }
  | { readonly phase: "live" }
  /** Nothing comes; what was told last stays. */
  | {
    readonly phase: "lost";
    readonly sinceMs: number;
    readonly retryAtMs: number;
    readonly words: string;
  }
  | { readonly phase: "token"; readonly isRefused: boolean; readonly words: string }
  | { readonly phase: "forbidden"; readonly words: string };

/** All that the page draws. */
export interface LiveState {
  readonly connection: Connection;
  /** Absent until the first event. */
  readonly model?: Model;
}

const FIRST_WAIT_MS = 1_000;
const WAIT_MS_MAX = 30_000;
/** The server says something every 15 seconds. */
const SILENCE_MS_MAX = 45_000;
const WORDS_BYTES_MAX = 4_096;

/** An answer that is no stream. */
class RefusedError extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

/** The view, live: one event stream, taken up again with growing waits when it ends. */
export class Live {
  #state: LiveState = { connection: { phase: "connecting" } };
  #token: string | undefined;
  #waitMs = FIRST_WAIT_MS;
  #lostSinceMs: number | undefined;
  #calling: AbortController | undefined;
  #cancelRetry = () => {};
  readonly #viewers = new Set<() => void>();

  /** Calls back after each change. @returns what ends it */
  onChange(viewer: () => void): () => void {
    this.#viewers.add(viewer);
    return () => this.#viewers.delete(viewer);
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Takes up the stream now; one that is there, or is being waited for, ends. */
  connect(): void {
    this.#cancelRetry();
    this.#calling?.abort();
    this.#calling = new AbortController();
    void this.#follow(this.#calling);
  }

  /** Where the stream is waited for, it is tried now. */
  hurry(): void {
    if (this.#state.connection.phase === "lost") this.connect();
  }

  /** Shows who is looking. The token is kept in memory only, until the page is left. */
  useToken(token: string): void {
    this.#token = token;
    this.connect();
  }

  /** Asks for a token again, after it was refused what it wants. */
  forgetToken(): void {
    this.#token = undefined;
    this.#say({ phase: "token", isRefused: false, words: "" });
  }

  /** Asks the program something. @throws {Error} in words that can be shown */
  async ask<T>(path: string, signal: AbortSignal): Promise<T> {
    const response = await fetch(path, { headers: this.#headers(), cache: "no-store", signal });
    if (!response.ok) throw new Error(await wordsOf(response));
    return await response.json() as T;
  }

  async #follow(calling: AbortController): Promise<void> {
    try {
      await this.#read(calling);
      throw new Error("The stream ended");
    } catch (error) {
      // Whoever aborted it has begun another one; silence aborts with a reason of its own.
      if (this.#calling === calling) {
        this.#fail(calling.signal.aborted ? calling.signal.reason : error);
      }
    }
  }

  async #read(calling: AbortController): Promise<void> {
    if (this.#state.model === undefined && this.#lostSinceMs === undefined) {
      this.#say({ phase: "connecting" });
    }
    let cancelSilence = silence(calling);
    try {
      const response = await fetch("/api/stream", {
        headers: this.#headers(),
        cache: "no-store",
        signal: calling.signal,
      });
      if (!response.ok || response.body === null) {
        throw new RefusedError(response.status, await wordsOf(response));
      }
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      while (true) {
        const { done, value } = await reader.read();
        if (done) return;
        cancelSilence();
        cancelSilence = silence(calling);
        for (const event of parser.push(value)) this.#take(event);
      }
    } finally {
      cancelSilence();
    }
  }

  #take({ data, name }: StreamEvent): void {
    const { model } = this.#state;
    if (name === "view") {
      this.#waitMs = FIRST_WAIT_MS;
      this.#lostSinceMs = undefined;
      this.#set({ connection: { phase: "live" }, model: modelOf(JSON.parse(data) as View) });
    } else if (name === "change" && model !== undefined) {
      const changed = changedModel(model, JSON.parse(data) as ViewChange);
      this.#set({ connection: { phase: "live" }, model: changed });
    }
  }

  #fail(error: unknown): void {
    const status = error instanceof RefusedError ? error.status : 0;
    const words = error instanceof Error ? lineText(error.message) : "The connection broke";
    if (status === 401) {
      return this.#say({ phase: "token", isRefused: this.#token !== undefined, words });
    }
    if (status === 403) return this.#say({ phase: "forbidden", words });
    this.#lostSinceMs ??= nowMs();
    // Viewers whose server went away come back one by one.
    const waitMs = this.#waitMs * (0.8 + 0.4 * Math.random());
    this.#waitMs = Math.min(WAIT_MS_MAX, this.#waitMs * 2);
    this.#cancelRetry = after(waitMs, () => this.connect());
    this.#say({
      phase: "lost",
      sinceMs: this.#lostSinceMs,
      retryAtMs: nowMs() + waitMs,
      words,
    });
  }

  #headers(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  #say(connection: Connection): void {
    // What somebody may not see any more goes from the screen too.
    const isKept = connection.phase !== "forbidden" && connection.phase !== "token";
    const { model } = this.#state;
    this.#set(isKept && model !== undefined ? { connection, model } : { connection });
  }

  #set(state: LiveState): void {
    this.#state = state;
    for (const viewer of this.#viewers) viewer();
  }
}

/** Aborts a call that says nothing for too long. @returns what calls it off */
function silence(calling: AbortController): () => void {
  return after(SILENCE_MS_MAX, () => {
    calling.abort(new Error(`Nothing came for ${SILENCE_MS_MAX / 1000} seconds`));
  });
}

/** What a refusal says; its body may be text, or JSON with a message. */
async function wordsOf(response: Response): Promise<string> {
  const body = (await response.text().catch(() => "")).slice(0, WORDS_BYTES_MAX).trim();
  const text = messageIn(body) ?? body;
  return text === "" || text.startsWith("<")
    ? `The program answers ${response.status} ${response.statusText}`.trim()
    : lineText(text);
}

function messageIn(body: string): string | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const { message, error } = JSON.parse(body) as Record<string, unknown>;
    return [message, error].find((one): one is string => typeof one === "string");
  } catch {
    return undefined;
  }
}
