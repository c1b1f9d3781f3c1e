/**
 * Deno lint plugin: the one-way rule between the rooms of `src/`.
 *
 * - `rooms/imports` reports an import that goes up, across the towers, past a door, or out of pure code to a package.
 * - `rooms/pure` reports what tower A must not touch: Deno, the clock, chance, timers, the network, the console.
 * - `rooms/time` reports who else asks the system for the time or sets a timer: base/clock.ts does it for all.
 *
 * `ROOMS` in `scripts/lint/room.ts` is the whole picture; a new room starts with a line there.
 *
 * @module
 */
import { globalFinding, isBinding, isReference, timeFinding } from "./lint/global_use.ts";
import {
  type Finding,
  type Import,
  importFinding,
  type Place,
  placeOf,
  ROOMS,
} from "./lint/room.ts";

/** The real clock is the only pure file that may ask for the time. */
const CLOCK = "base/clock.ts";
/** And the only one of what runs in a browser. */
const PAGE_CLOCK = "console/page/clock.ts";

const CLOCK_GLOBALS: readonly string[] = ["clearTimeout", "Date", "performance", "setTimeout"];

function importsRule(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const place = placeOf(context.filename);
  if (place === undefined) return {};
  const look = (node: Deno.lint.Node, found: Import) => {
    const finding = importFinding(place, found);
    if (finding !== undefined) context.report({ node, ...finding });
  };
  return {
    ImportDeclaration(node) {
      const typeOnly = node.importKind === "type" || (node.specifiers.length > 0 &&
        node.specifiers.every((item) =>
          item.type === "ImportSpecifier" && item.importKind === "type"
        ));
      look(node, { specifier: node.source.value, typeOnly });
    },
    ExportAllDeclaration(node) {
      look(node, { specifier: node.source.value, typeOnly: node.exportKind === "type" });
    },
    ExportNamedDeclaration(node) {
      if (node.source === null) return;
      look(node, { specifier: node.source.value, typeOnly: node.exportKind === "type" });
    },
    ImportExpression(node) {
      if (node.source.type === "Literal" && typeof node.source.value === "string") {
        look(node, { specifier: node.source.value, typeOnly: false });
      } else {
        const hint = "Name the module, so that this rule and deno compile can see it";
        context.report({ node, message: "A computed import", hint });
      }
    },
    TSImportType(node) {
      const literal = node.argument.type === "TSLiteralType" ? node.argument.literal : undefined;
      if (literal?.type === "Literal" && typeof literal.value === "string") {
        look(node, { specifier: literal.value, typeOnly: true });
      }
    },
  };
}

function pureRule(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const place = placeOf(context.filename);
  if (place === undefined || !isPure(place)) return {};
  return globalsVisitor(
    context,
    (node) =>
      place.path === CLOCK && CLOCK_GLOBALS.includes(node.name) ? undefined : globalFinding(node),
  );
}

function timeRule(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const place = placeOf(context.filename);
  // What pure code may use is for the other rule to say.
  if (place === undefined || isPure(place) || place.path === PAGE_CLOCK) return {};
  return globalsVisitor(context, timeFinding);
}

function isPure({ room }: Place): boolean {
  const tower = ROOMS[room]?.tower;
  return tower === "a" || tower === "base";
}

/** Reports uses of globals; a name that the file gives to something of its own is none. */
function globalsVisitor(
  context: Deno.lint.RuleContext,
  findingOf: (node: Deno.lint.Identifier) => Finding | undefined,
): Deno.lint.LintVisitor {
  const bound = new Set<string>();
  const found = new Map<number, { readonly name: string; readonly finding: Finding }>();
  return {
    Identifier(node) {
      const { name } = node;
      if (isBinding(node)) {
        bound.add(name);
        return;
      }
      const finding = isReference(node) ? findingOf(node) : undefined;
      // By position: the two halves of `{ fetch }` are one.
      if (finding !== undefined) found.set(node.range[0], { name, finding });
    },
    "Program:exit"() {
      for (const [start, { name, finding }] of found) {
        if (bound.has(name)) continue;
        context.report({ range: [start, start + name.length], ...finding });
      }
    },
  };
}

// Deno takes a lint plugin as a default export, and nothing else.
export default {
  name: "rooms",
  rules: {
    imports: { create: importsRule },
    pure: { create: pureRule },
    time: { create: timeRule },
  },
} satisfies Deno.lint.Plugin;
