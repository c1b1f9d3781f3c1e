/**
 * Several values for a key, each once, in the order in which they came. Most keys have one value, which takes no set of its
 * own: of thousands of objects that is a fifth of a kilobyte each.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Multimap } from "#base";
 * const owners = new Multimap<string>();
 * owners.add("pod", "a");
 * owners.add("pod", "b");
 * owners.delete("pod", "a");
 * assertEquals([owners.of("pod"), owners.of("job")], [["b"], []]);
 * ```
 */
export class Multimap<V extends string | object> {
  readonly #values = new Map<string, V | Several<V>>();

  /** The values of a key; none for one that has none. */
  of(key: string): readonly V[] {
    const found = this.#values.get(key);
    if (found === undefined) return [];
    return found instanceof Several ? [...found] : [found];
  }

  add(key: string, value: V): void {
    const found = this.#values.get(key);
    if (found instanceof Several) found.add(value);
    else if (found === undefined) this.#values.set(key, value);
    else if (found !== value) this.#values.set(key, new Several([found, value]));
  }

  delete(key: string, value: V): void {
    const found = this.#values.get(key);
    if (!(found instanceof Several)) {
      if (found === value) this.#values.delete(key);
      return;
    }
    found.delete(value);
    const [first] = found;
    if (found.size === 1 && first !== undefined) this.#values.set(key, first);
  }
}

/** The values of a key that has more than one. */
class Several<V> extends Set<V> {}
