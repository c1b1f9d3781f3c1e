/**
 * The candidate that a mistyped word most likely meant, if one is near: at most a third of its letters differ.
 * The first of equals wins, so give them in a stable order. Case counts as a small difference.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly name: string; readonly steps: number } | undefined;
  for (const name of candidates) {
    const steps = distance(word.toLowerCase(), name.toLowerCase());
    if (steps <= limit && (best === undefined || steps < best.steps)) best = { name, steps };
  }
  return best?.name;
}

/** How many letters must be changed, added, removed or swapped with the next one. */
function distance(a: string, b: string): number {
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (before[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min(replaced, swapped, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length] ?? 0;
}
