import { keyFromText } from "#base";

/**
 * Keys that are due, and since when. Namespaces take turns: whoever has many keys keeps nobody waiting for more than one of
 * them. Within a namespace the key goes first that came first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DueKeys } from "./due_keys.ts";
 * const due = new DueKeys();
 * for (const key of ["many/1", "many/2", "many/3", "few/1"]) due.add(key, 0);
 * assertEquals([due.take()?.key, due.take()?.key, due.take()?.key], ["many/1", "few/1", "many/2"]);
 * ```
 */
export class DueKeys {
  /** The namespace whose turn it is stands first. */
  readonly #namespaces = new Map<string, Map<string, number>>();
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Since when a key is due. */
  since(key: string): number | undefined {
    return this.#namespaces.get(keyFromText(key).namespace)?.get(key);
  }

  /** A key is due; one that is already keeps its place. */
  add(key: string, sinceMs: number): void {
    const { namespace } = keyFromText(key);
    const keys = this.#namespaces.get(namespace) ?? new Map<string, number>();
    if (keys.has(key)) return;
    this.#namespaces.set(namespace, keys.set(key, sinceMs));
    this.#size++;
  }

  /** A key is not due any more. */
  delete(key: string): void {
    const { namespace } = keyFromText(key);
    const keys = this.#namespaces.get(namespace);
    if (keys?.delete(key) !== true) return;
    this.#size--;
    if (keys.size === 0) this.#namespaces.delete(namespace);
  }

  /** Takes the key whose turn it is. */
  take(): { readonly key: string; readonly sinceMs: number } | undefined {
    const [[namespace, keys] = []] = this.#namespaces;
    const [[key, sinceMs] = []] = keys ?? [];
    if (namespace === undefined || keys === undefined) return undefined;
    if (key === undefined || sinceMs === undefined) return undefined;
    this.delete(key);
    // The others come first now.
    if (this.#namespaces.delete(namespace)) this.#namespaces.set(namespace, keys);
    return { key, sinceMs };
  }

  /** Forgets all of them. */
  clear(): void {
    this.#namespaces.clear();
    this.#size = 0;
  }
}
