/**
 * What an API server says of an object that it refuses, without the values that it repeats: of a template that cannot be
 * changed it prints all, with the passwords in the variables of its containers and in the settings of its connector.
 *
 * @module
 */
import { isPlainObject } from "#base";
import { ApiError, clientWith, withoutRepeated } from "#kube";
import type { Effects } from "./context.ts";

/** Members below which texts and numbers may be secrets. */
const PRIVATE_MEMBERS: readonly string[] = [
  ...["args", "clientAuthenticationParameters", "command", "data", "stringData"],
  ...["discoveryTriggererConfig", "funcConfig", "sinkConfig", "sourceConfig", "userConfig"],
];
/** Shorter values are words of many messages. */
const LENGTH_MIN = 6;
/** More are no object's of ours. */
const VALUES_MAX = 5_000;

/**
 * Values of an object that nothing may repeat that is said of it: of variables, of settings, and of commands, which hold
 * settings.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { privateValues } from "./discreet_cluster.ts";
 * const container = { name: "a-long-name", env: [{ name: "PASSWORD", value: "s3cret" }], command: ["sh", "-c s3cret"] };
 * assertEquals(privateValues({ containers: [container], funcConfig: { pin: 471147 } }), ["s3cret", "-c s3cret", "471147"]);
 * ```
 */
export function privateValues(object: unknown): string[] {
  const values: string[] = [];
  addValues(object, false, values);
  return values.filter((value) => value.trim().length >= LENGTH_MIN).slice(0, VALUES_MAX);
}

function addValues(value: unknown, isPrivate: boolean, values: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) addValues(item, isPrivate, values);
  } else if (isPlainObject(value)) {
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (name === "env" && Array.isArray(member)) addVariables(member, values);
      else addValues(member, isPrivate || PRIVATE_MEMBERS.includes(name), values);
    }
  } else if (isPrivate && (typeof value === "string" || typeof value === "number")) {
    values.push(String(value));
  }
}

function addVariables(env: readonly unknown[], values: string[]): void {
  for (const variable of env) {
    if (isPlainObject(variable)) addValues(variable["value"], true, values);
  }
}

/**
 * The surroundings of a pass, in which no refusal of an API server repeats a private value of what was written, or of the
 * object that the pass is about: a refusal of its status may print all of it.
 */
export function discreetEffects(effects: Effects, about: unknown): Effects {
  const { cluster } = effects.ctx;
  const discreet = clientWith(cluster, {
    apply: (object, options) => told([object, about], cluster.apply(object, options)),
    create: (object, options) => told([object, about], cluster.create(object, options)),
    patch: (id, patch, options) => told([patch, about], cluster.patch(id, patch, options)),
  });
  return { ...effects, ctx: { ...effects.ctx, cluster: discreet } };
}

async function told<T>(objects: readonly unknown[], answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw discreetly(error, objects);
  }
}

/** What was said of an object without its private values; an error of another kind as it is. */
export function discreetly(error: unknown, object: unknown): unknown {
  return error instanceof ApiError ? withoutRepeated(error, privateValues(object)) : error;
}
