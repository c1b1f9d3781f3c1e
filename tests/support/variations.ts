/** Golden inputs, varied: members of other resources, members left out, values that nobody expects. The same each time. */
import { isPlainObject, type KubeObject } from "#base";
import { goldenCases } from "../golden/golden_cases.ts";

/** Values that a program, a shell or a parser may take for more than text. */
export const ODD_TEXTS: readonly string[] = [
  "",
  " ",
  'it\'s "quoted" `id` $(id) ${HOME} $$',
  "two\nlines",
  "-n",
  "ünïcode ☃ 𝒳",
  "a".repeat(300),
  "../../etc/passwd",
  "__proto__",
  "constructor",
];

const ODD_VALUES: readonly unknown[] = [
  ...ODD_TEXTS,
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 40,
  [],
  {},
  [null],
  ["a", "a"],
  { a: null },
  [{ name: "a" }, { name: "a" }],
];

/** Numbers from 0 (included) to 1, by chance but the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How wildly inputs are varied: `swapped` takes members of other resources, `broken` puts odd values anywhere. */
export type Wildness = "swapped" | "broken";

/** So many variations of golden inputs; the n-th is always the same. */
export function variations(count: number, wildness: Wildness): KubeObject[] {
  const inputs = goldenCases().map(({ input }) => input)
    .filter(({ kind }) => wildness === "broken" || kind !== "FunctionMesh");
  return Array.from({ length: count }, (_, index) => {
    const random = chance(index + 1);
    const input = pick(inputs, random);
    const peers = inputs.filter(({ kind }) => kind === input.kind);
    let varied: KubeObject = input;
    for (let times = 1 + Math.floor(random() * 4); times > 0; times--) {
      varied = swapped(varied, pick(peers, random), random);
    }
    if (wildness === "broken") {
      for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
        varied = { ...varied, spec: broken(varied.spec, random) as typeof varied.spec };
      }
    }
    return varied;
  });
}

/** The same value with the members of its objects in the opposite order. */
export function shuffled<T>(value: T): T {
  if (Array.isArray(value)) return value.map(shuffled) as T;
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).reverse().map(([name, member]) => [name, shuffled(member)]),
  ) as T;
}

/** A copy with one value inside of a tree taken out or replaced by an odd one. */
function broken(value: unknown, random: () => number): unknown {
  const isLeaf = Array.isArray(value) ? value.length === 0 : !isPlainObject(value);
  if (isLeaf || random() < 0.1) return pick(ODD_VALUES, random);
  if (Array.isArray(value)) {
    const at = Math.floor(random() * value.length);
    return value.flatMap((item, index) => index === at ? [broken(item, random)] : [item]);
  }
  const entries = Object.entries(value as Record<string, unknown>);
  const [name = "added"] = pick(entries, random) ?? [];
  const gone = random() < 0.2;
  return Object.fromEntries(
    entries.flatMap(([member, item]) =>
      member !== name ? [[member, item]] : gone ? [] : [[member, broken(item, random)]]
    ),
  );
}

const RUNTIMES = ["java", "python", "golang", "genericRuntime"];

/** A copy with one member of another resource; a runtime takes the place of the one that was there. */
function swapped(input: KubeObject, other: KubeObject, random: () => number): KubeObject {
  const spec = asRecord(input.spec);
  const theirs = asRecord(other.spec);
  const name = pick([...new Set([...Object.keys(spec), ...Object.keys(theirs)])], random);
  const names = RUNTIMES.includes(name) ? RUNTIMES : name === "pod" ? [] : [name];
  const kept = Object.entries(spec).filter(([member]) => !names.includes(member));
  const taken = Object.entries(theirs).filter(([member]) => names.includes(member));
  const pod = { ...asRecord(spec["pod"]), ...oneMember(asRecord(theirs["pod"]), random) };
  const mixed = Object.fromEntries([...kept, ...taken, ...(name === "pod" ? [["pod", pod]] : [])]);
  return { ...input, spec: mixed as typeof input.spec };
}

function oneMember(from: Record<string, unknown>, random: () => number): Record<string, unknown> {
  const names = Object.keys(from);
  if (names.length === 0) return {};
  const name = pick(names, random);
  return { [name]: from[name] };
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}

function asRecord(value: unknown): Record<string, unknown> {
  return isPlainObject(value) ? value : {};
}
