import { fileURLToPath } from "node:url";
import { errorText } from "#base";
import {
  CLUSTER_FLAGS,
  CONTROLLER_FLAGS,
  GIT_FLAGS,
  SERVER_FLAGS,
  SETTINGS_FLAGS,
} from "../../src/cli/flags.ts";
import { GuardedProcess } from "../control_plane.ts";
import { type Sample, samples } from "./exposition.ts";

/** What the program is told. */
export interface ProgramOptions {
  readonly kubeconfigPath: string;
  /** For its log and for what it fetches. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const POLL_MS = 25;
const START_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 5_000;
const LOG_LINES = 12;

/** `main.ts run` in a process of its own, as a person starts it. Dispose it to stop it. */
export class Program implements AsyncDisposable {
  /** The words on its command line that matter: for people. */
  readonly words: readonly string[];
  readonly #process: GuardedProcess;
  readonly #lost = new AbortController();
  readonly #signal: AbortSignal;
  readonly #watching: Promise<void>;
  #isStopped = false;
  #url = "";
  #consoleUrl = "";

  constructor(options: ProgramOptions) {
    const { directory, kubeconfigPath } = options;
    this.words = [
      ["--kubeconfig", kubeconfigPath],
      // One server for both; its port is free for sure because the system chooses it.
      ["--metrics-addr", "127.0.0.1:0"],
      ["--health-probe-addr", "127.0.0.1:0"],
      ["--console-addr", "127.0.0.1:0"],
      ["--cache-dir", `${directory}/git-cache`],
      // All of the demo is on this machine.
      ["--allow-local-addresses", "true"],
    ].map((pair) => pair.join("="));
    this.#process = new GuardedProcess("meshwright", {
      // Every flag can be set by environment: variables that this terminal happens to have are not meant.
      program: "env",
      args: [...unsetWords(), Deno.execPath(), "run", "-A", MAIN, "run", ...this.words],
      logPath: `${directory}/meshwright.log`,
    });
    this.#signal = AbortSignal.any([options.signal, this.#lost.signal]);
    this.#watching = this.#watch();
  }

  /** Aborts when the program has ended, or when the demo is to end. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  get logPath(): string {
    return this.#process.logPath;
  }

  /** Where it serves metrics and health. */
  get url(): string {
    return this.#url;
  }

  /** Where people look at what runs. */
  get consoleUrl(): string {
    return this.#consoleUrl;
  }

  /** Resolves when it says that it is ready for work. @throws {Error} with the end of its log when it ends first */
  async whenReady(): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (true) {
      this.#signal.throwIfAborted();
      const problem = await this.#problem();
      if (problem === undefined) return;
      if (performance.now() > deadlineMs) {
        throw new Error(`Cannot start the program: ${problem} after ${START_TIMEOUT_MS / 1000} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Its metrics as they are now. */
  async samples(): Promise<Sample[]> {
    return samples(await (await this.#get("/metrics")).text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#process[Symbol.asyncDispose]();
    await this.#watching;
  }

  /** Tells everybody who waits when it ends without having been stopped. */
  async #watch(): Promise<void> {
    const code = await this.#process.exited;
    if (this.#isStopped) return;
    const tail = await this.#process.logTail(LOG_LINES);
    this.#lost.abort(new Error(`Cannot go on: the program exited with code ${code}:\n${tail}`));
  }

  /** Why it is not ready. */
  async #problem(): Promise<string | undefined> {
    if (this.#url === "") await this.#findAddresses();
    if (this.#url === "") return "it does not listen";
    try {
      const response = await this.#get("/readyz");
      const words = await response.text();
      return response.ok ? undefined : words.trim();
    } catch (error) {
      // Between its end and the word of it, nobody answers.
      if (error instanceof TypeError) return errorText(error);
      throw error;
    }
  }

  async #get(path: string): Promise<Response> {
    const limit = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return await fetch(this.#url + path, { signal: AbortSignal.any([this.#signal, limit]) });
  }

  /** The addresses that its log tells, once it listens. */
  async #findAddresses(): Promise<void> {
    const line = (await logText(this.logPath)).split("\n").find((line) =>
      line.includes('"message":"Listening"')
    );
    if (line === undefined) return;
    const told = JSON.parse(line) as { readonly urls: readonly string[]; readonly console: string };
    [this.#url = ""] = told.urls;
    this.#consoleUrl = told.console;
  }
}

function unsetWords(): string[] {
  return [CLUSTER_FLAGS, CONTROLLER_FLAGS, GIT_FLAGS, SERVER_FLAGS, SETTINGS_FLAGS]
    .flat().flatMap(({ env }) => ["-u", env]);
}

/** The log up to its last whole line; empty before there is one. */
async function logText(path: string): Promise<string> {
  try {
    const text = await Deno.readTextFile(path);
    return text.slice(0, text.lastIndexOf("\n") + 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
