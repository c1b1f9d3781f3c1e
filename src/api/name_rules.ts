import type { ObjectMeta, Problem } from "#base";
import { quoted, when } from "./rule.ts";

/** Longest name of a component: what is derived from it must fit a label. */
export const COMPONENT_NAME_LENGTH_MAX = 43;
/** How many letters the API server appends to `generateName`. */
const GENERATED_LENGTH = 5;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The name of a component: there, a DNS name, not too long. */
export function nameProblems(metadata: ObjectMeta, kind: string): Problem[] {
  const prefix = prefixOf(metadata);
  const path = "metadata.name";
  if (!metadata.name && prefix !== undefined) {
    const length = prefix.length + GENERATED_LENGTH;
    return [...when(
      length > COMPONENT_NAME_LENGTH_MAX,
      { path: "metadata.generateName", message: tooLong(length, kind) },
    )];
  }
  if (!metadata.name) return [{ path, message: "is missing; give the resource a name" }];
  return [
    ...when(
      metadata.name.length > COMPONENT_NAME_LENGTH_MAX,
      { path, message: tooLong(metadata.name.length, kind) },
    ),
    ...dnsProblems(metadata.name, path),
  ];
}

/** A name that the API server refuses. */
export function dnsProblems(name: string, path: string): readonly Problem[] {
  return when(!SUBDOMAIN.test(name), {
    path,
    message: `${
      quoted(name)
    } is no DNS name; use a-z, 0-9 and -, and begin and end with a letter or digit`,
  });
}

/** A name that cannot become a Service's. */
export function nameWarnings(metadata: ObjectMeta): Problem[] {
  return [
    ...when(/\./.test(metadata.name ?? ""), {
      path: "metadata.name",
      message: "holds a dot, which the name of a Service may not; use -",
    }),
  ];
}

function tooLong(length: number, kind: string): string {
  return `has ${length} characters; a ${kind} may have ${COMPONENT_NAME_LENGTH_MAX}, shorten it`;
}

function prefixOf(metadata: ObjectMeta): string | undefined {
  const prefix: unknown = Object.hasOwn(metadata, "generateName")
    ? Object.entries(metadata).find(([name]) => name === "generateName")?.[1]
    : undefined;
  return typeof prefix === "string" && prefix !== "" ? prefix : undefined;
}
