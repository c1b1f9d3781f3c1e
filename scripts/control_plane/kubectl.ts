/** What a program said. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to call kubectl. */
export interface KubectlOptions {
  /** Text for its standard input, for `apply -f -`. */
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** Runs kubectl with a kubeconfig and answers what it said, whatever its exit code. */
export async function runKubectl(
  program: { readonly path: string; readonly kubeconfigPath: string },
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<CommandResult> {
  const child = new Deno.Command(program.path, {
    args: [...args],
    env: { KUBECONFIG: program.kubeconfigPath },
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).spawn();
  const [, output] = await Promise.all([feed(child, options.stdin), child.output()]);
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

async function feed(child: Deno.ChildProcess, text: string | undefined): Promise<void> {
  if (text === undefined) return;
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch (error) {
    // It ended without reading all of it; its exit code says why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
