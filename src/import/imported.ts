import type { Component } from "#api";
import type { PulsarName } from "./names.ts";
import type { Notes } from "./notes.ts";

/** A component as a manifest says it. */
export interface ImportedComponent {
  readonly id: PulsarName;
  readonly resource: Component;
  readonly notes: Notes;
}

/** Something that could not be read at all, and why. */
export interface Unread {
  readonly what: string;
  readonly why: string;
}
