import { redactedText } from "#base";

/** Where a verb writes: the only place besides the log that prints. */
export interface Output {
  /** A line for people or programs that read the result. */
  out(line: string): void;
  /** A line for people beside the result. */
  note(line: string): void;
}

/** The terminal, or whatever the two standard streams are. */
export const terminal: Output = {
  out: (line) => writeAll(Deno.stdout, line),
  // Errors of others are among it.
  note: (line) => writeAll(Deno.stderr, redactedText(line)),
};

const encoder = new TextEncoder();

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, line: string): void {
  const bytes = encoder.encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) {
    written += stream.writeSync(bytes.subarray(written));
  }
}
