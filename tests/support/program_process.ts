/** The program as a process of its own that a test may kill, stop and let go on: as the administrator, from the source. */

/** A running process. Dispose it to kill it. */
export interface ProgramProcess extends AsyncDisposable {
  readonly pid: number;
  /** Its exit code, once it has one. */
  readonly ended: Promise<number>;
  /** The end of its log. */
  logTail(): string;
  /** Sends it a signal; nothing happens when it has ended. */
  signal(name: Deno.Signal): void;
}

/** Where it works: `kubeconfig` is a path. */
export interface ProgramPlace {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Whether it looks at all namespaces; else only at its own. */
  readonly isWide?: boolean;
  readonly flags?: readonly string[];
  /** Variables of its environment besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command that starts the one that follows it. */
  readonly wrapper?: readonly string[];
  /** Folder of its source; this one when left out. */
  readonly source?: string;
}

const SOURCE = new URL("../..", import.meta.url).pathname;

const LOG_LINES = 60;

/** How to signal those that run. */
const RUNNING = new Set<ProgramProcess["signal"]>();

/** Kills all that run: for who ends without the time to dispose of them. */
export function killPrograms(): void {
  for (const signal of RUNNING) signal("SIGKILL");
}

/** Starts the program in one namespace. */
export function programProcess(
  { env = {}, flags = [], isWide = false, kubeconfig, namespace, source = SOURCE, wrapper = [] }:
    ProgramPlace,
): ProgramProcess {
  const [command = "", ...before] = [...wrapper, Deno.execPath()];
  const child = new Deno.Command(command, {
    args: [
      ...before,
      ..."run --allow-all --no-check main.ts run --metrics-addr 0 --health-probe-addr 0".split(" "),
      ...["--kubeconfig", kubeconfig, "--namespace", namespace],
      ...(isWide ? [] : ["--watched-namespace", namespace]),
      ...flags,
    ],
    cwd: source,
    env: { ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    // A group of its own: where one of a group is stopped, the kernel may hang up on all the others.
    detached: true,
  }).spawn();
  let lines: string[] = [];
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      lines = [...lines, text].slice(-LOG_LINES);
    }
  })();
  const ended = child.status.then(async ({ code }) => {
    await reading;
    return code;
  });
  const signal = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch (error) {
      // It has ended.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  RUNNING.add(signal);
  ended.finally(() => RUNNING.delete(signal));
  return {
    pid: child.pid,
    ended,
    logTail: () => lines.join(""),
    signal,
    async [Symbol.asyncDispose]() {
      signal("SIGKILL");
      await ended;
    },
  };
}
