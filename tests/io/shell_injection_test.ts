/** Every text of every golden input replaced by one that asks to be run, and every command really run by a shell. */
import { isComponent, problems } from "#api";
import { isPlainObject, type KubeObject } from "#base";
import { DEFAULT_SETTINGS, renderResource } from "#desired";
import { assertEquals, assertRejects } from "@std/assert";
import { goldenCases } from "../golden/golden_cases.ts";
import { runContainer } from "../support/container_run.ts";
import { at } from "../unit/desired/fixtures.ts";

/** A trap for each way in which a script may hold a value. */
const TRAPS = {
  bare: "x; touch PWNED; $(touch PWNED) `touch PWNED` | touch PWNED\ntouch PWNED",
  "single quoted": "x'; touch PWNED; '",
  "double quoted": 'x"; touch PWNED; "',
} as const;
/** Every fourth: each costs a handful of processes. */
const EVERY = 4;

/** The paths of all texts in a value. */
function textPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === "string") return [path];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => textPaths(item, [...path, String(index)]));
  }
  if (!isPlainObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => textPaths(member, [...path, name]));
}

function replaced(value: unknown, [name, ...rest]: readonly string[], text: string): unknown {
  if (name === undefined) return text;
  if (Array.isArray(value)) {
    return value.map((item, index) => String(index) === name ? replaced(item, rest, text) : item);
  }
  const object = value as Record<string, unknown>;
  return { ...object, [name]: replaced(object[name], rest, text) };
}

/** The input with the trap in every text that the rules let hold it, and how many those are. */
function trapped(
  input: KubeObject,
  trap: string,
): { readonly input: KubeObject; readonly count: number } {
  let count = 0;
  let spec: unknown = input.spec;
  for (const path of textPaths(spec)) {
    // What a pod's author has run there by name is run: that is what it is for.
    if (path[0] === "pod" && (path.includes("command") || path.includes("args"))) continue;
    for (const text of [trap, `function://a/b/${trap}`, `http://a/${trap}`]) {
      const next = replaced(spec, path, text);
      if (problems({ ...input, spec: next as typeof input.spec }).length > 0) continue;
      spec = next;
      count++;
      break;
    }
  }
  return { input: { ...input, spec: spec as typeof input.spec }, count };
}

const SOUND = goldenCases(["real", "made", "init_containers"])
  .map(({ input }) => input)
  .filter((input) => isComponent(input) && problems(input).length === 0)
  .filter((_input, index) => index % EVERY === 0);

Deno.test("a script that holds a value without care falls into a trap", async () => {
  const careless = [
    `wget ${TRAPS.bare}`,
    `wget "${TRAPS.bare}"`,
    `wget '${TRAPS["single quoted"]}'`,
    `wget "${TRAPS["double quoted"]}"`,
  ];
  for (const script of careless) {
    await assertRejects(
      () => runContainer({ command: ["sh", "-c", script] }, () => {}),
      Error,
      "a value was run as a command",
    );
  }
});

/** The containers of a resource that this program makes, with and without init containers. */
function ownContainers(input: KubeObject): unknown[] {
  return [false, true].flatMap((enableInitContainers) => {
    const settings = { ...DEFAULT_SETTINGS, enableInitContainers };
    const set = renderResource(input, { facts: {}, settings }).objects
      .find(({ kind }) => kind === "StatefulSet");
    const pod = at(set, "spec", "template", "spec");
    const containers = ["containers", "initContainers"].flatMap((list) =>
      (at(pod, list) ?? []) as unknown[]
    );
    return containers.filter((container) =>
      String(at(container, "command", 0)).endsWith("sh") &&
      /^(pulsar-.*|filebeat|downloader)$/.test(String(at(container, "name")))
    );
  });
}

for (const [how, trap] of Object.entries(TRAPS)) {
  Deno.test(`no text of a resource is run by a shell, as if it were ${how}`, async () => {
    let count = 0;
    let commands = 0;
    for (const sound of SOUND) {
      const set = trapped(sound, trap);
      count += set.count;
      for (const container of ownContainers(set.input)) {
        commands++;
        // Fails by itself when anything is left that no program was asked for.
        await runContainer(container, () => {});
      }
    }
    assertEquals(count > 10 * SOUND.length, true, `${count} traps in ${SOUND.length} resources`);
    assertEquals(commands >= 2 * SOUND.length, true, `${commands} commands`);
  });
}
