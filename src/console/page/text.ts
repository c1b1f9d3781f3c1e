// Every text that a server tells is foreign: it becomes a text node, bounded, and shows what it holds.

/** What turns the direction of a text, moves a cursor, or is seen by nobody. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const LINE_CHARS_MAX = 400;
const BLOCK_CHARS_MAX = 6_000;
const BLOCK_LINES_MAX = 80;

/**
 * A foreign text for one line: what is no visible character reads `�`.
 *
 * @param charsMax of the text; what is more becomes `…`
 */
export function lineText(text: unknown, charsMax = LINE_CHARS_MAX): string {
  const whole = typeof text === "string" ? text : text === undefined ? "" : String(text);
  const cut = whole.length > charsMax ? `${whole.slice(0, charsMax - 1)}…` : whole;
  return cut.toWellFormed().replaceAll(UNSEEN, "�");
}

/** A foreign text of several lines, and how many of its characters are left out. */
export function blockText(text: string): { readonly text: string; readonly leftOut: number } {
  const cut = text.slice(0, BLOCK_CHARS_MAX);
  const lines = cut.split(/\r?\n/).slice(0, BLOCK_LINES_MAX);
  const kept = lines.join("\n");
  const shown = lines.map((line) =>
    line.toWellFormed().replaceAll("\t", "  ").replaceAll(UNSEEN, "�")
  );
  return { text: shown.join("\n"), leftOut: Math.max(0, text.length - kept.length) };
}

/** A text that keeps its ends where it is too long: names of one mesh start alike. */
export function middleCut(text: string, charsMax: number): string {
  const signs = [...text];
  if (signs.length <= charsMax) return text;
  const tail = Math.floor((charsMax - 1) / 2);
  return `${signs.slice(0, charsMax - 1 - tail).join("")}…${
    signs.slice(signs.length - tail).join("")
  }`;
}
