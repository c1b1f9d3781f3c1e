/** Longer texts seldom come twice. */
const LENGTH_MAX = 8_192;
/** Texts that are remembered until it begins anew: what many objects have in common is among them again soon. */
const TEXTS_MAX = 4_096;
/** What is nested more deeply is somebody's own data. */
const DEPTH_MAX = 32;

/**
 * One text for all that are equal: thousands of objects say `function-mesh`, run the same command and wait for the same
 * reason, and each parsed one brings a text of its own. Of 1,000 Functions a fifth of what caches hold.
 */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** Texts that are remembered. */
  get size(): number {
    return this.#texts.size;
  }

  /**
   * Has all texts in a freshly parsed value share their memory with equal ones. Nobody can tell the difference but by
   * measuring: the value stays what it was.
   */
  share(value: object, depth = 0): void {
    if (depth > DEPTH_MAX) return;
    const members = value as Record<string, unknown>;
    for (const name in members) {
      const member = members[name];
      if (typeof member === "string") members[name] = this.#shared(member);
      else if (typeof member === "object" && member !== null) this.share(member, depth + 1);
    }
  }

  #shared(text: string): string {
    if (text.length > LENGTH_MAX) return text;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
