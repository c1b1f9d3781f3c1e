import { assertEquals } from "@std/assert";
import { compareVersions, isInRange, parseRange, parseVersion, type Version } from "#base";

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`${text} is no version`);
  return parsed;
}

const ALL = [
  "0.0.3",
  "0.2.3",
  "0.3.0",
  "1.0.0",
  "1.2.3-rc.1",
  "1.2.3",
  "1.2.4",
  "1.3.0",
  "2.0.0-rc.1",
  "2.0.0",
  "2.1.0",
  "10.0.0",
];

/** Which of {@linkcode ALL} a range wants. */
function wanted(text: string): string[] {
  const range = parseRange(text);
  if (range === undefined) throw new Error(`${text} is no range`);
  return ALL.filter((one) => isInRange(version(one), range));
}

Deno.test("parseRange() reads ranges as Flux and npm users write them", () => {
  const cases: Record<string, string[]> = {
    ">=1.0.0 <2.0.0": ["1.0.0", "1.2.3", "1.2.4", "1.3.0"],
    ">=1.0.0, <2.0.0": ["1.0.0", "1.2.3", "1.2.4", "1.3.0"],
    ">= 1.0.0,<2": ["1.0.0", "1.2.3", "1.2.4", "1.3.0"],
    ">=1.0.0, <2.0.0, !=1.2.4": ["1.0.0", "1.2.3", "1.3.0"],
    ">=1, !=1.2.x, <2": ["1.0.0", "1.3.0"],
    "^1": ["1.0.0", "1.2.3", "1.2.4", "1.3.0"],
    "^1.2.4": ["1.2.4", "1.3.0"],
    "^0.2.3": ["0.2.3"],
    "^0.0.3": ["0.0.3"],
    "^0": ["0.0.3", "0.2.3", "0.3.0"],
    "~1.2": ["1.2.3", "1.2.4"],
    "~1.2.4": ["1.2.4"],
    "~>1": ["1.0.0", "1.2.3", "1.2.4", "1.3.0"],
    "1.x": ["1.0.0", "1.2.3", "1.2.4", "1.3.0"],
    "v1.2.*": ["1.2.3", "1.2.4"],
    "1.2": ["1.2.3", "1.2.4"],
    "=v1.2.3": ["1.2.3"],
    "1.2.3": ["1.2.3"],
    "1.2.3-rc.1": ["1.2.3-rc.1"],
    "1.2 - 2.0": ["1.2.3", "1.2.4", "1.3.0", "2.0.0"],
    ">1": ["2.0.0", "2.1.0", "10.0.0"],
    ">1.2.3": ["1.2.4", "1.3.0", "2.0.0", "2.1.0", "10.0.0"],
    "<=1.2": ["0.0.3", "0.2.3", "0.3.0", "1.0.0", "1.2.3", "1.2.4"],
    "<1.2": ["0.0.3", "0.2.3", "0.3.0", "1.0.0"],
    "~1.2 || ^2": ["1.2.3", "1.2.4", "2.0.0", "2.1.0"],
    "*": ALL.filter((one) => !one.includes("-")),
    "": ALL.filter((one) => !one.includes("-")),
    ">=0.0.0-0": ALL,
    ">=1.2.3-0, <2.0.0": ["1.2.3-rc.1", "1.2.3", "1.2.4", "1.3.0", "2.0.0-rc.1"],
    "^1.2.3-0": ["1.2.3-rc.1", "1.2.3", "1.2.4", "1.3.0"],
    ">*": [],
  };
  for (const [range, versions] of Object.entries(cases)) {
    assertEquals(wanted(range), versions, range);
  }
});

Deno.test("parseRange() takes a name before the version", () => {
  const prefixes: Record<string, string> = {
    "app/^1": "app/",
    "app/v1.x": "app/",
    "app-1.2.3": "app-",
    "app->=1.0.0 <2": "app-",
    "team-2/app@>=0.0.0-0": "team-2/app@",
    "k8s/1 || k8s/2": "k8s/",
    "v1.2.3": "",
    "1.0.0-rc.1": "",
  };
  for (const [range, prefix] of Object.entries(prefixes)) {
    assertEquals(parseRange(range)?.prefix, prefix, range);
  }
});

Deno.test("parseRange() refuses what is no range, however long", () => {
  const texts = [
    ">=",
    "latest",
    "1.2.3.4",
    "=>>1",
    "1.2.x.3",
    "1.x.3",
    ">=one",
    "01.2.3",
    "1 - ",
    "<>1",
    "app/",
    "-1",
  ];
  for (const text of texts) assertEquals(parseRange(text), undefined, text);
  assertEquals(parseRange("a-".repeat(100_000)), undefined);
  assertEquals(parseRange("<".repeat(200_000)), undefined);
});

Deno.test("compareVersions() has the order of Semantic Versioning", () => {
  const ordered = [
    "0.9.9",
    "1.0.0-0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.10",
    "1.2.0",
    "18446744073709551616.0.0",
  ];
  const sorted = [...ordered].reverse().sort((a, b) => compareVersions(version(a), version(b)));
  assertEquals(sorted, ordered);
  assertEquals(compareVersions(version("1.0.0+a"), version("v1.0.0+b")), 0);
});
