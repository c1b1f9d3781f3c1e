/** A key and when it is due. */
export interface Due<K> {
  readonly key: K;
  readonly dueMs: number;
}

/**
 * Keys that are due later, soonest first: a binary heap, and a map that says which entry of a key counts. Entries that
 * no longer count stay in the heap until they come up.
 */
export class Delays<K> {
  readonly #heap: Due<K>[] = [];
  readonly #counting = new Map<K, Due<K>>();

  get size(): number {
    return this.#counting.size;
  }

  /** Sets when a key is due; an earlier time that it already has is kept. */
  add(key: K, dueMs: number): void {
    const known = this.#counting.get(key);
    if (known !== undefined && known.dueMs <= dueMs) return;
    const due = { key, dueMs };
    this.#counting.set(key, due);
    this.#heap.push(due);
    this.#rise(this.#heap.length - 1);
  }

  /** A key is not due any longer. */
  remove(key: K): void {
    this.#counting.delete(key);
    // A key that is delayed and called off again and again must not fill the heap.
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#counting.size) this.#rebuild();
  }

  /** When the next key is due. */
  nextMs(): number | undefined {
    this.#dropStale();
    return this.#heap[0]?.dueMs;
  }

  /** Takes the next key that is due by now. */
  take(nowMs: number): K | undefined {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.#counting.delete(first.key);
    this.#pop();
    return first.key;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#counting.clear();
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#counting.get(first.key) === first) return;
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#heap.length = 0;
    for (const due of this.#counting.values()) {
      this.#heap.push(due);
      this.#rise(this.#heap.length - 1);
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(index: number): void {
    for (let at = index;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let first = at;
      if (this.#isBefore(left, first)) first = left;
      if (this.#isBefore(right, first)) first = right;
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    return left !== undefined && right !== undefined && left.dueMs < right.dueMs;
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }
}
