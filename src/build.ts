/** Where a compiled program comes from. */
export interface Build {
  /** The commit, with `+changes` for a work tree that differed; empty for a program run from its source. */
  readonly commit: string;
  /** When that commit was made, e.g. `2026-11-22`; empty likewise. */
  readonly date: string;
}

/** Empty here: `scripts/compile.ts` puts a module with what it knows in the place of this one. */
export const BUILD: Build = { commit: "", date: "" };
