import type { ModelComponent, Trace } from "./world.ts";

/** A component that takes 100 ms of CPU a message. */
function component(changes: Partial<ModelComponent> = {}): ModelComponent {
  return {
    name: "orders",
    arrivals: () => 0,
    rate: () => 10,
    cpu: 1,
    partitions: [0.25, 0.25, 0.25, 0.25],
    isOrdered: false,
    maxReplicas: 20,
    ...changes,
  };
}

function trace(name: string, changes: Partial<Trace>): Trace {
  return { name, seconds: 3600, components: [component()], bursts: 1, minReplicas: 0, ...changes };
}

/** Messages that come at given seconds all at once. */
function burstsAt(bursts: Readonly<Record<number, number>>): (second: number) => number {
  return (second) => bursts[second] ?? 0;
}

/** The same numbers between -1 and 1 each time. */
function noise(second: number): number {
  const wave = Math.sin(second * 12.9898) * 43_758.5453;
  return 2 * (wave - Math.floor(wave)) - 1;
}

const between = (from: number, to: number) => (second: number) => second >= from && second < to;

/** Six in the morning to midnight, most at three in the afternoon; a day is four hours long here. */
function day(second: number): number {
  const hour = second / 600 % 24;
  const base = hour < 6 ? 0 : Math.max(0, Math.sin((hour - 6) / 18 * Math.PI)) * 100;
  return base * (1 + 0.3 * noise(Math.floor(second / 10)));
}

/** What an operator meets in a year. */
export const TRACES: readonly Trace[] = [
  trace("bursts", {
    components: [component({ arrivals: burstsAt({ 65: 3000, 1205: 8000, 2405: 15_000 }) })],
    bursts: 3,
  }),
  trace("day and night", {
    seconds: 28_800,
    components: [component({ arrivals: day })],
    bursts: 2,
  }),
  trace("slow consumer", {
    components: [component({
      arrivals: (second) => second < 60 || second > 2400 ? 0 : 35,
      cpu: 0.05,
    })],
  }),
  trace("hot partition", {
    components: [component({
      arrivals: (second) => between(60, 1500)(second) ? 40 : 0,
      partitions: [0.08, 0.08, 0.08, 0.08, 0.44, 0.08, 0.08, 0.08],
      isOrdered: true,
      maxReplicas: 8,
    })],
  }),
  trace("failing function", {
    components: [component({
      arrivals: (second) => between(60, 2400)(second) ? 25 : 0,
      isFailing: between(900, 1500),
    })],
    bursts: 2,
  }),
  trace("counters that reset", {
    components: [component({ arrivals: burstsAt({ 65: 3000, 1205: 8000, 2405: 15_000 }) })],
    bursts: 3,
    resets: Array.from({ length: 20 }, (_, index) => 97 + index * 180),
  }),
  trace("broker away", {
    components: [component({ arrivals: (second) => between(60, 2400)(second) ? 45 : 0 })],
    isBrokerAway: between(900, 1500),
    bursts: 2,
  }),
  trace("mesh of five, moving bottleneck", {
    seconds: 5400,
    components: [0, 1, 2, 3, 4].map((index) =>
      component({
        name: `step-${index}`,
        arrivals: (second) => index === 0 && between(60, 4500)(second) ? 30 : 0,
        // Each is slow for fifteen minutes in turn.
        rate: (second) => Math.floor(second / 900) % 5 === index ? 5 : 12,
        maxReplicas: 12,
      })
    ),
    bursts: 6,
    capacity: 20,
  }),
];
