import { StreamPieces } from "#base";

/**
 * Deno lets only a program with all permissions look at `/proc`, or end a process that is no child of its own; a shell may.
 * It answers each line with a line, and touches nothing but children of this program and what these started. Where there is
 * no `/proc` it finds nothing.
 */
const SCRIPT = `
page=$(getconf PAGESIZE 2>/dev/null || echo 65536)
tree() {
  all=
  todo=
  stat=
  read -r stat 2>/dev/null <"/proc/$1/stat"
  fields=\${stat##*) }
  parent=\${fields#* }
  [ "\${parent%% *}" = "$PPID" ] && todo=$1
  while [ -n "$todo" ]; do
    id=\${todo%% *}
    todo=\${todo#"$id"}
    [ "$2" = stop ] && kill -STOP "$id" 2>/dev/null
    children=
    read -r children 2>/dev/null <"/proc/$id/task/$id/children"
    todo="$todo $children"
    todo=\${todo# }
    todo=\${todo% }
    all="$all $id"
  done
}
while read -r word ids; do
  answer=
  for one in $ids; do
    if [ "$word" = end ]; then
      tree "$one" stop
      [ -n "$all" ] && kill -KILL $all 2>/dev/null
    else
      tree "$one"
      pages=0
      for id in $all; do
        resident=0
        shared=0
        read -r _ resident shared _ 2>/dev/null <"/proc/$id/statm"
        pages=$((pages + resident - shared))
      done
      answer="$answer $((pages * page))"
    fi
  done
  echo "$answer"
done
`;

interface Shell {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly pieces: StreamPieces;
}

/**
 * Looks at programs that this one started, and ends them with what they started. It runs from the first question until it is
 * closed.
 */
export class ProcessShell {
  #shell: Shell | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Bytes of memory that each program takes with what it started, shared with no file; 0 of one that has ended. */
  async bytesOf(ids: readonly number[]): Promise<number[]> {
    const words = (await this.#ask(`look ${ids.join(" ")}`)).trim().split(" ");
    if (words.length !== ids.length) throw new Error("Cannot tell how much memory git takes");
    return words.map(Number);
  }

  /** Ends a program with what it started. */
  async end(id: number): Promise<void> {
    await this.#ask(`end ${id}`);
  }

  /** Has the shell end after what it was asked; it starts again when it is asked something. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      const shell = this.#shell;
      this.#shell = undefined;
      if (shell === undefined) return;
      await shell.writer.close();
      await answer(shell.pieces);
      await shell.child.status;
    });
  }

  async #ask(line: string): Promise<string> {
    return await this.#inTurn(async () => {
      const { child, pieces, writer } = this.#shell ??= started();
      try {
        await writer.write(new TextEncoder().encode(`${line}\n`));
        const text = await answer(pieces);
        if (text !== undefined) return text;
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      }
      this.#shell = undefined;
      await child.status;
      throw new Error("Cannot look at git: the shell that does has ended");
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

function started(): Shell {
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT],
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  return { child, writer: child.stdin.getWriter(), pieces: new StreamPieces(child.stdout) };
}

/** The next line; undefined when the shell has ended. */
async function answer(pieces: StreamPieces): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  while (!text.endsWith("\n")) {
    const piece = await pieces.next();
    if (piece === undefined) return undefined;
    text += decoder.decode(piece, { stream: true });
  }
  return text;
}
