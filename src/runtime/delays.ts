import { BinaryHeap } from "@std/data-structures";

/** A key and when it is due. */
interface Due<K> {
  readonly key: K;
  readonly dueMs: number;
}

/**
 * Keys that are due later, soonest first: a binary heap, and a map that says which entry of a key counts. Entries that
 * no longer count stay in the heap until they come up.
 */
export class Delays<K> {
  readonly #heap = new BinaryHeap((a: Due<K>, b: Due<K>) => a.dueMs - b.dueMs);
  readonly #counting = new Map<K, Due<K>>();

  get size(): number {
    return this.#counting.size;
  }

  /** Sets when a key is due, a finite number; an earlier time that it already has is kept. */
  add(key: K, dueMs: number): void {
    const known = this.#counting.get(key);
    if (known !== undefined && known.dueMs <= dueMs) return;
    const due = { key, dueMs };
    this.#counting.set(key, due);
    this.#heap.push(due);
    this.#trim();
  }

  /** A key is not due any longer. */
  remove(key: K): void {
    this.#counting.delete(key);
    this.#trim();
  }

  /** When the next key is due. */
  nextMs(): number | undefined {
    return this.#first()?.dueMs;
  }

  /** Takes the next key that is due by now. */
  take(nowMs: number): K | undefined {
    const first = this.#first();
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.#counting.delete(first.key);
    this.#heap.pop();
    return first.key;
  }

  clear(): void {
    this.#heap.clear();
    this.#counting.clear();
  }

  /** The first entry that counts; those before it are dropped. */
  #first(): Due<K> | undefined {
    for (;;) {
      const first: Due<K> | undefined = this.#heap.peek();
      if (first === undefined || this.#counting.get(first.key) === first) return first;
      this.#heap.pop();
    }
  }

  /** A key that is delayed and called off, or moved forward, again and again must not fill the heap. */
  #trim(): void {
    if (this.#heap.length <= 64 || this.#heap.length <= 4 * this.#counting.size) return;
    this.#heap.clear();
    for (const due of this.#counting.values()) this.#heap.push(due);
  }
}
