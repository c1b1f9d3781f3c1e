import type { Finding } from "./room.ts";

/** What may be asked of a global in pure code; a global that is not listed here is free. */
interface Banned {
  /** These members only, as in `Math.random`; all of the global when left out. */
  readonly members?: readonly string[];
  readonly hint: string;
}

const CLOCK_HINT = "Take the time as an argument (`now`), or a Clock of #base";
const TIMER_HINT = "Answer a Next of #base, and let runtime wait";
const CHANCE_HINT = "Take the number as an argument";
const NETWORK_HINT = "Take what was read as an argument; kube and git do the reading";
const CONSOLE_HINT = "Return the words as a value; telemetry writes them";
const SYSTEM_HINT = "Take the value as an argument; src/app.ts reads it";

const BANNED: Readonly<Record<string, Banned>> = {
  AbortSignal: { members: ["timeout"], hint: TIMER_HINT },
  clearInterval: { hint: TIMER_HINT },
  clearTimeout: { hint: TIMER_HINT },
  console: { hint: CONSOLE_HINT },
  crypto: { members: ["getRandomValues", "randomUUID"], hint: CHANCE_HINT },
  Date: { members: ["now"], hint: CLOCK_HINT },
  Deno: { hint: SYSTEM_HINT },
  EventSource: { hint: NETWORK_HINT },
  fetch: { hint: NETWORK_HINT },
  globalThis: { hint: "Name the global itself, so that this rule can see it" },
  localStorage: { hint: SYSTEM_HINT },
  Math: { members: ["random"], hint: CHANCE_HINT },
  performance: { hint: CLOCK_HINT },
  process: { hint: SYSTEM_HINT },
  queueMicrotask: { hint: TIMER_HINT },
  self: { hint: "Name the global itself, so that this rule can see it" },
  sessionStorage: { hint: SYSTEM_HINT },
  setImmediate: { hint: TIMER_HINT },
  setInterval: { hint: TIMER_HINT },
  setTimeout: { hint: TIMER_HINT },
  Temporal: { members: ["Now"], hint: CLOCK_HINT },
  WebSocket: { hint: NETWORK_HINT },
  Worker: { hint: SYSTEM_HINT },
};

const CLOCK_USE_HINT =
  "Ask a Clock of #base: now() for what people read, monotonicMs() for durations";
const WAIT_USE_HINT = "Use sleep() of a Clock of #base, or deadline() of #base for a limit";

/** What asks the system for the time or sets a timer: a fake clock reaches none of it. */
const TIME: Readonly<Record<string, Banned>> = {
  AbortSignal: { members: ["timeout"], hint: WAIT_USE_HINT },
  Date: { members: ["now"], hint: CLOCK_USE_HINT },
  performance: { hint: CLOCK_USE_HINT },
  setImmediate: { hint: WAIT_USE_HINT },
  setInterval: { hint: WAIT_USE_HINT },
  setTimeout: { hint: WAIT_USE_HINT },
  Temporal: { members: ["Now"], hint: CLOCK_USE_HINT },
};

/** Parents below which an identifier is a value although the parent belongs to TypeScript. */
const TYPED_VALUES: readonly string[] = [
  "TSAsExpression",
  "TSEnumMember",
  "TSInstantiationExpression",
  "TSNonNullExpression",
  "TSSatisfiesExpression",
  "TSTypeAssertion",
];

/** Whether an identifier names something by itself: no member, no key, no type (types of Deno excepted). */
export function isReference(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.computed || same(parent.object, node);
    case "Property":
      return parent.computed || parent.shorthand || same(parent.value, node);
    case "MethodDefinition":
    case "PropertyDefinition":
      return parent.computed || !same(parent.key, node);
    case "TSQualifiedName":
      return node.name === "Deno" && same(parent.left, node);
    case "ExportSpecifier":
    case "ImportSpecifier":
    case "LabeledStatement":
      return false;
    default:
      return !parent.type.startsWith("TS") || TYPED_VALUES.includes(parent.type);
  }
}

/** Whether an identifier introduces its name, which then is no global any more. */
export function isBinding(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "ArrayPattern":
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
    case "ImportSpecifier":
    case "RestElement":
      return true;
    case "ArrowFunctionExpression":
      return !same(parent.body, node);
    case "ClassDeclaration":
      return same(parent.id, node);
    case "AssignmentPattern":
      return same(parent.left, node);
    case "CatchClause":
      return true;
    case "Property":
      return parent.parent.type === "ObjectPattern" && same(parent.value, node);
    case "VariableDeclarator":
      return same(parent.id, node);
    default:
      return false;
  }
}

function same(a: { readonly range: Deno.lint.Range } | null, b: Deno.lint.Identifier): boolean {
  return a !== null && a.range[0] === b.range[0] && a.range[1] === b.range[1];
}

/** Why a pure file may not use a global like this, or undefined when it may. */
export function globalFinding(node: Deno.lint.Identifier): Finding | undefined {
  return findingIn(BANNED, node, (use) => `Pure code uses ${use}`);
}

/** Why a file with effects may not ask the system for the time like this, or undefined when it may. */
export function timeFinding(node: Deno.lint.Identifier): Finding | undefined {
  return findingIn(TIME, node, (use) => `Only base/clock.ts uses ${use}`);
}

function findingIn(
  table: Readonly<Record<string, Banned>>,
  node: Deno.lint.Identifier,
  message: (use: string) => string,
): Finding | undefined {
  const { name, parent } = node;
  const banned = Object.hasOwn(table, name) ? table[name] : undefined;
  if (banned === undefined) return undefined;
  const found = (use: string) => ({ message: message(use), hint: banned.hint });
  if (banned.members === undefined) return found(name);
  if (parent.type === "MemberExpression" && same(parent.object, node)) {
    const member = parent.property.type === "Identifier" && !parent.computed
      ? parent.property.name
      : undefined;
    if (member === undefined) return found(`a computed member of ${name}`);
    return banned.members.includes(member) ? found(`${name}.${member}`) : undefined;
  }
  if (parent.type === "BinaryExpression") return undefined; // instanceof
  if (name === "Date" && parent.type === "NewExpression") {
    return parent.arguments.length > 0 ? undefined : found("new Date() without an argument");
  }
  if (name === "Date" && parent.type === "CallExpression") return found("Date()");
  return found(`${name} under another name`);
}
