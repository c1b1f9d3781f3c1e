/**
 * Child processes that cannot outlive this one.
 *
 * Each runs under a small shell whose standard input is a pipe that only this process holds. When this process ends,
 * however it ends, the kernel closes the pipe, and the shell kills the process group that it leads.
 */

/** What to run, and where its output goes. */
export interface ProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Both output streams are appended to this file. */
  readonly logPath: string;
  /** Where its process id is written, for who sends it signals. */
  readonly pidPath?: string;
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

// The loop is `read`, not `cat`: a built-in makes no process that could be left over. The child is killed first and
// waited for, so that it is not left to an init process that may not care for orphans; then the rest of its group.
const GUARD = `
exec 3<&0 </dev/null
log=$1; pid=$2; shift 2
"$@" 3<&- >>"$log" 2>&1 &
child=$!
[ -z "$pid" ] || echo "$child" >"$pid"
( while read -r _; do :; done <&3; kill -s KILL "$child" ) &
guard=$!
exec 3<&-
wait "$child"
code=$?
[ "$code" -ne 137 ] || kill -s KILL -- "-$$"
kill -s KILL "$guard"
exit "$code"
`;

const SWEEP = `
while read -r _; do :; done
tries=0
while [ -e "$1" ] && [ "$tries" -lt 50 ]; do
  sleep 0.1
  rm -rf -- "$1"
  tries=$((tries + 1))
done
`;

/** A running program that ends with this process at the latest. Dispose it to kill it now. */
export class GuardedProcess implements AsyncDisposable {
  readonly name: string;
  readonly logPath: string;
  readonly #pidPath: string | undefined;
  readonly #shell: Deno.ChildProcess;
  /** The exit code, or undefined while it runs. */
  exitCode: number | undefined;
  /** Resolves with the exit code once the program has ended. */
  readonly exited: Promise<number>;

  constructor(name: string, options: ProcessOptions) {
    this.name = name;
    const { args, logPath, pidPath, program } = options;
    this.logPath = logPath;
    this.#pidPath = pidPath;
    this.#shell = spawnShell([GUARD, name, logPath, pidPath ?? "", program, ...args], options);
    this.exited = this.#shell.status.then(({ code }) => this.exitCode = code);
  }

  /**
   * Sends the program a signal, and only the program: the shell that guards it goes on.
   *
   * @throws {Error} when it has ended, or nobody asked for its process id
   */
  async signal(name: "SIGCONT" | "SIGKILL" | "SIGSTOP" | "SIGTERM"): Promise<void> {
    if (this.exitCode !== undefined) {
      throw new Error(`Cannot send ${name} to ${this.name}: it ended with code ${this.exitCode}`);
    }
    if (this.#pidPath === undefined) {
      throw new Error(`Cannot send ${name} to ${this.name}: it was started without a pidPath`);
    }
    Deno.kill(Number(await Deno.readTextFile(this.#pidPath)), name);
  }

  /** The last lines of its output. */
  async logTail(lineCount: number): Promise<string> {
    const text = await Deno.readTextFile(this.logPath);
    return text.trimEnd().split("\n").slice(-lineCount).join("\n");
  }

  /** Kills the program and all that it started, and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await closePipe(this.#shell);
    await this.exited;
  }
}

/** A temporary directory that is removed when it is disposed of, and also when this process is killed. */
export class GuardedDirectory implements AsyncDisposable {
  readonly path: string;
  readonly #sweeper: Deno.ChildProcess;

  constructor(path: string) {
    this.path = path;
    this.#sweeper = spawnShell([SWEEP, "sweeper", path], {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closePipe(this.#sweeper);
    await this.#sweeper.status;
  }
}

// `detached` makes the shell the leader of a process group of its own: a Ctrl-C in the terminal does not reach it, and
// what it kills is never more than what it started.
function spawnShell(
  script: readonly string[],
  options: Pick<ProcessOptions, "cwd" | "env">,
): Deno.ChildProcess {
  return new Deno.Command("/bin/sh", {
    args: ["-c", ...script],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
  }).spawn();
}

async function closePipe(shell: Deno.ChildProcess): Promise<void> {
  try {
    await shell.stdin.close();
  } catch (error) {
    // The reader is gone already: the program ended by itself.
    if (!(error instanceof TypeError || error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
