// The only file of the page that asks the browser for the time or sets a timer.

/** Milliseconds since 1970. */
export function nowMs(): number {
  return Date.now();
}

/** Runs something once, after a wait. @returns what calls it off */
export function after(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

/** Runs something again and again. @returns what ends it */
export function every(intervalMs: number, run: () => void): () => void {
  const timer = setInterval(run, intervalMs);
  return () => clearInterval(timer);
}

/** Lets the browser draw and answer before what comes next. */
export function breather(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
