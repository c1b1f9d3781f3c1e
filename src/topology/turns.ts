/** Work that stops now and then, so that whoever does it may let everything else have a turn. */
export type Turns<Result> = Generator<undefined, Result, undefined>;

/** Does all of some work at once. */
export function inOneGo<Result>(turns: Turns<Result>): Result {
  for (;;) {
    const { done, value } = turns.next();
    if (done === true) return value;
  }
}
