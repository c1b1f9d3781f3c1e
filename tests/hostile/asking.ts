/** Asks a program how it is all the while, from a thread of its own: who measures has work of his own that takes time. */
import type { AskingRequest } from "./asking_worker.ts";

/** What was answered. */
export interface Asked {
  /** Answers of `/healthz`. */
  readonly answers: number;
  /** Of those, what was not `ok`. */
  readonly bad: readonly string[];
  readonly longestAnswer: SlowAnswer;
}

/** How long an answer took, but for the time who asked had no processor, and how long the program's first thread worked and waited for a processor meanwhile. */
export interface SlowAnswer {
  readonly tookMs: number;
  readonly workedMs: number;
  readonly waitedMs: number;
}

/** Who asks. Dispose it when it is not needed any more. */
export interface AskingThread extends AsyncDisposable {
  /** Asks no more, and says what was answered. @throws where a question had no answer */
  end(): Promise<Asked>;
}

/** Begins to ask the program with that process id. */
export async function askingThread(
  program: { readonly id: number; readonly url: string },
): Promise<AskingThread> {
  const worker = new Worker(new URL("./asking_worker.ts", import.meta.url).href, {
    type: "module",
    name: "asking",
  });
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<Asked>()];
  // Who does not wait for the end learns of it all the same.
  ended.promise.catch(() => {});
  worker.onmessage = ({ data }: MessageEvent<Asked | "begun">) =>
    data === "begun" ? begun.resolve() : ended.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    const error = new Error(`Cannot ask ${program.url}: ${event.message}`);
    begun.reject(error);
    ended.reject(error);
  };
  const post = (request: AskingRequest) => worker.postMessage(request);
  post(program);
  await begun.promise;
  return {
    end: () => {
      post("end");
      return ended.promise;
    },
    [Symbol.asyncDispose]: () => {
      worker.terminate();
      return Promise.resolve();
    },
  };
}
