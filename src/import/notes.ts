import { shortText } from "#base";

/** What a line of the report is about. */
export type NoteKind =
  /** Something has to be done before the component can run. */
  | "task"
  /** A manifest cannot say it. */
  | "unsaid"
  /** It is said, and worth a look. */
  | "remark";

/** One line of the report. */
export interface Note {
  readonly kind: NoteKind;
  /** Member of the foreign configuration, or of the manifest. */
  readonly path: string;
  readonly text: string;
}

/** A Secret that has to be made: the names of its keys, never their values. */
export interface NeededSecret {
  readonly name: string;
  readonly key: string;
}

/** Collects what the report says of one component. */
export class Notes {
  readonly notes: Note[] = [];
  readonly secrets: NeededSecret[] = [];

  task(path: string, text: string): void {
    this.notes.push({ kind: "task", path, text });
  }

  unsaid(path: string, text: string): void {
    this.notes.push({ kind: "unsaid", path, text });
  }

  remark(path: string, text: string): void {
    this.notes.push({ kind: "remark", path, text });
  }

  secret(secret: NeededSecret): void {
    this.secrets.push(secret);
  }
}

const SHOWN_MAX = 200;

/**
 * A foreign text as a line of a report can hold it: quoted, short, without what would end a line or a code span, or turn
 * what is read into something else than what is there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { shown } from "./notes.ts";
 * assertEquals(shown("a`b\n\u202ec"), '"a\'b\\n\\u202ec"');
 * ```
 */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  const plain = text.replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return shortText(plain.replaceAll("`", "'"), SHOWN_MAX);
}
