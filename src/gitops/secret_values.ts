/** More values than this are nobody's; the oldest are forgotten. */
const VALUES_MAX = 20_000;
/** Shorter ones are words of many messages: what is said of a single object is cleaned of them where it is said. */
const LENGTH_MIN = 6;

/** Values that nothing may repeat which is told about a sync; also those of yesterday, which may be in the cluster still. */
export class SecretValues {
  #values: string[] = [];
  readonly #known = new Set<string>();

  /** All of them; the same list until there are more. */
  get values(): readonly string[] {
    return this.#values;
  }

  add(values: Iterable<string>): void {
    for (const value of values) {
      if (value.trim().length < LENGTH_MIN || this.#known.has(value)) continue;
      this.#known.add(value);
      this.#values.push(value);
    }
    if (this.#values.length <= VALUES_MAX) return;
    this.#values.splice(0, this.#values.length - VALUES_MAX).forEach((old) =>
      this.#known.delete(old)
    );
    // Another list, as the old one may be known by its length.
    this.#values = [...this.#values];
  }
}
