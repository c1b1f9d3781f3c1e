/** The module that reads manifests in a thread of its own. In a compiled program it is another file: see `scripts/compile/bundle.ts`. */
export const READING_WORKER = new URL("./reading_worker.ts", import.meta.url).href;
