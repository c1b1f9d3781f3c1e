/**
 * What no scaler can be better than, whatever it knows: the rivals of a trace may stand where nobody gets to both.
 *
 * @module
 */
import type { Trace } from "./world.ts";

/**
 * The fewest replica-seconds of a scaler that sees the future, whose pods are there at once and gone at once, and that lets
 * no more than `backlogSeconds` wait.
 *
 * Without anything that waits, each second takes the whole number of replicas that does what comes in it. One fewer leaves
 * at least what it would have done, for a second at least; the cheapest of these are saved first. With a chain nothing may wait,
 * as what waits at one step comes later at the next.
 */
export function leastReplicaSeconds({ components, seconds }: Trace, backlogSeconds = 0): number {
  const [first] = components;
  const left: number[] = [];
  let total = 0;
  for (let second = 0; second < seconds; second++) {
    const arrivals = first?.arrivals(second) ?? 0;
    for (const component of components) {
      const rate = component.rate(second);
      const whole = Math.ceil(arrivals / rate - 1e-9);
      total += whole;
      for (let fewer = 1; fewer <= whole; fewer++) {
        left.push(fewer === 1 ? arrivals - (whole - 1) * rate : rate);
      }
    }
  }
  let waiting = 0;
  for (const messages of left.toSorted((a, b) => a - b)) {
    waiting += messages;
    if (waiting > backlogSeconds) break;
    total--;
  }
  return total;
}
