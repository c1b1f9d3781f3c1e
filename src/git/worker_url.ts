/** The module that starts programs in a thread of its own. In a compiled program it is another file: see `scripts/compile/bundle.ts`. */
export const PROGRAMS_WORKER = new URL("./programs_worker.ts", import.meta.url).href;
