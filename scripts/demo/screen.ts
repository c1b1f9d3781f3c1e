/** How a screen writes. */
export interface ScreenOptions {
  readonly write: (text: string) => void;
  /** Whether lines can be drawn again; if not, lines are only ever added, without any control character. */
  readonly isTerminal: boolean;
  readonly hasColours: boolean;
  /** Asked each time: a window can change. */
  readonly size: () => { readonly columns: number; readonly rows: number };
}

const ESCAPE = "\x1b[";
const STYLES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" } as const;

/** A style of text. */
export type Style = keyof typeof STYLES;

/** Marks that have a colour wherever they are drawn; one pattern, so that no colour is taken for a mark. */
const MARKS = /(?<green>[●✓]+)|(?<yellow>[○…]+)|(?<cyan>\[[^\]]+\])/g;

/** Lines for a person, and below them a part that is drawn again in place. Dispose it to give the cursor back. */
export class Screen implements Disposable {
  readonly #options: ScreenOptions;
  /** Lines of the part that is drawn in place. */
  #liveCount = 0;
  #drawn = "";
  #isCursorHidden = false;

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  /** Whether {@linkcode live} shows something; without it, tell what changes by lines. */
  get isLive(): boolean {
    return this.#options.isTerminal;
  }

  /** A line, after what is drawn in place. */
  line(text = "", style?: Style): void {
    this.settle();
    this.#options.write(`${style === undefined ? text : this.#styled(text, style)}\n`);
  }

  /** A line whose marks have colours. */
  marked(text: string): void {
    this.settle();
    this.#options.write(`${this.#painted(text)}\n`);
  }

  /** Draws these lines in the place of the last ones. Does nothing where that is not possible. */
  live(lines: readonly string[]): void {
    if (!this.#options.isTerminal) return;
    const { columns, rows } = this.#options.size();
    // A line that wraps, or more lines than the window has, could not be taken back.
    const shown = lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns - 1));
    const text = shown.map((line) => `${ESCAPE}2K${this.#painted(line)}\n`).join("");
    if (this.#liveCount > 0 && text === this.#drawn) return;
    const home = this.#liveCount === 0 ? "" : `${ESCAPE}${this.#liveCount}A`;
    const hide = this.#isCursorHidden ? "" : `${ESCAPE}?25l`;
    this.#isCursorHidden = true;
    this.#options.write(`${hide}${home}${text}${ESCAPE}J`);
    this.#drawn = text;
    this.#liveCount = shown.length;
  }

  /** Leaves what is drawn in place as it is. */
  settle(): void {
    this.#liveCount = 0;
    if (this.#isCursorHidden) this.#options.write(`${ESCAPE}?25h`);
    this.#isCursorHidden = false;
  }

  [Symbol.dispose](): void {
    this.settle();
  }

  #painted(text: string): string {
    return text.replace(
      MARKS,
      (mark, green?: string, yellow?: string) =>
        this.#styled(
          mark,
          green !== undefined ? "green" : yellow !== undefined ? "yellow" : "cyan",
        ),
    );
  }

  #styled(text: string, style: Style): string {
    return this.#options.hasColours && text !== ""
      ? `${ESCAPE}${STYLES[style]}m${text}${ESCAPE}0m`
      : text;
  }
}

/** The standard output as a screen. */
export function standardScreen(): Screen {
  const isTerminal = Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb";
  const encoder = new TextEncoder();
  return new Screen({
    isTerminal,
    hasColours: isTerminal && !Deno.noColor,
    size: () => Deno.consoleSize(),
    write(text) {
      const bytes = encoder.encode(text);
      for (let written = 0; written < bytes.length;) {
        written += Deno.stdout.writeSync(bytes.subarray(written));
      }
    },
  });
}
