import type { ModelComponent, Trace } from "./world.ts";

/** How a trace differs from the one that the table shows. */
export interface Variation {
  readonly name: string;
  /** So many times the messages, */
  readonly arrivals: number;
  /** the messages that a replica does, */
  readonly rate: number;
  /** and the time that each thing takes. */
  readonly length: number;
  /** Seconds by which everything comes later, so that looks meet it at another moment. */
  readonly later: number;
  /** Another one is another noise. */
  readonly seed: number;
}

/** What the table shows. */
export const AS_SHOWN: Variation = {
  name: "as shown",
  arrivals: 1,
  rate: 1,
  length: 1,
  later: 0,
  seed: 0,
};

/** What is played besides: the decision is not made for eight traces alone. */
export const VARIATIONS: readonly Variation[] = [
  { ...AS_SHOWN, name: "30 % fewer messages", arrivals: 0.7 },
  { ...AS_SHOWN, name: "30 % more messages", arrivals: 1.3 },
  { ...AS_SHOWN, name: "replicas that do 30 % less", rate: 0.7 },
  { ...AS_SHOWN, name: "replicas that do 30 % more", rate: 1.3 },
  { ...AS_SHOWN, name: "40 % shorter", length: 0.6 },
  { ...AS_SHOWN, name: "50 % longer", length: 1.5 },
  { ...AS_SHOWN, name: "7 s later, another noise", later: 7, seed: 2 },
];

/** The same numbers between -1 and 1 each time. */
function noise(second: number): number {
  const wave = Math.sin(second * 12.9898) * 43_758.5453;
  return 2 * (wave - Math.floor(wave)) - 1;
}

/** What an operator meets in a year. */
export function tracesOf(variation: Variation): readonly Trace[] {
  const make = new Maker(variation);
  const bursts = make.component({ arrivals: make.bursts({ 65: 3000, 1205: 8000, 2405: 15_000 }) });
  return [
    make.trace("bursts", { components: [bursts], bursts: 3 }),
    make.trace("day and night", {
      seconds: 28_800,
      components: [make.component({ arrivals: (second) => make.day(second) })],
      bursts: 2,
    }),
    make.trace("slow consumer", {
      components: [make.component({ arrivals: make.steady(35, 2340), cpu: 0.05 })],
    }),
    make.trace("hot partition", {
      components: [make.component({
        arrivals: make.steady(40, 1440),
        partitions: [0.08, 0.08, 0.08, 0.08, 0.44, 0.08, 0.08, 0.08],
        isOrdered: true,
        maxReplicas: 8,
      })],
    }),
    make.trace("failing function", {
      components: [
        make.component({ arrivals: make.steady(25, 2340), isFailing: make.lasting(900, 600) }),
      ],
      bursts: 2,
    }),
    make.trace("counters that reset", {
      components: [bursts],
      bursts: 3,
      resets: Array.from({ length: 20 }, (_, index) => 97 + variation.later + index * 180),
    }),
    make.trace("broker away", {
      components: [make.component({ arrivals: make.steady(45, 2340) })],
      isBrokerAway: make.lasting(900, 600),
      bursts: 2,
    }),
    make.trace("mesh of five, moving bottleneck", {
      seconds: 5400,
      components: [0, 1, 2, 3, 4].map((index) => make.step(index)),
      bursts: 6,
      capacity: 20,
    }),
  ];
}

/** Makes the parts of a trace as a variation has them. */
class Maker {
  readonly #variation: Variation;

  constructor(variation: Variation) {
    this.#variation = variation;
  }

  trace(name: string, { seconds = 3600, ...changes }: Partial<Trace>): Trace {
    const { length } = this.#variation;
    // Nights last as long as days; what comes after anything else is quiet.
    const times = name === "day and night" ? length : Math.max(1, length);
    return {
      name,
      seconds: Math.round(seconds * times),
      components: [],
      bursts: 1,
      minReplicas: 0,
      ...changes,
    };
  }

  /** It takes 100 ms of CPU a message. */
  component(changes: Partial<ModelComponent> = {}): ModelComponent {
    const { rate } = this.#variation;
    return {
      name: "orders",
      arrivals: () => 0,
      rate: () => 10 * rate,
      cpu: 1,
      partitions: [0.25, 0.25, 0.25, 0.25],
      isOrdered: false,
      maxReplicas: 20,
      ...changes,
    };
  }

  /** Of a chain of five, of which each is slow for fifteen minutes in turn. */
  step(index: number): ModelComponent {
    const arrivals = this.steady(30, 4440);
    return this.component({
      name: `step-${index}`,
      arrivals: (second) => index === 0 ? arrivals(second) : 0,
      rate: (second) => (Math.floor(second / 900) % 5 === index ? 5 : 12) * this.#variation.rate,
      maxReplicas: 12,
    });
  }

  lasting(from: number, seconds: number): (second: number) => boolean {
    const { later, length } = this.#variation;
    const [start, end] = [from + later, from + later + Math.round(seconds * length)];
    return (second) => second >= start && second < end;
  }

  /** So many messages a second for a while. */
  steady(perSecond: number, seconds: number): (second: number) => number {
    const isOn = this.lasting(60, seconds);
    return (second) => isOn(second) ? perSecond * this.#variation.arrivals : 0;
  }

  /** Messages that come at given seconds all at once. */
  bursts(bursts: Readonly<Record<number, number>>): (second: number) => number {
    const { arrivals, later, length } = this.#variation;
    return (second) => (bursts[second - later] ?? 0) * arrivals * length;
  }

  /** Six in the morning to midnight, most at three in the afternoon; a day is four hours long here. */
  day(second: number): number {
    const { arrivals, later, length, seed } = this.#variation;
    const hour = second / (600 * length) % 24;
    const base = hour < 6 ? 0 : Math.max(0, Math.sin((hour - 6) / 18 * Math.PI)) * 100;
    const wave = noise(Math.floor((second + later) / 10) + seed * 100_000);
    return base * arrivals * (1 + 0.3 * wave);
  }
}

/** What the table shows. */
export const TRACES: readonly Trace[] = tracesOf(AS_SHOWN);
