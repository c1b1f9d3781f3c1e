/**
 * Deno lint plugin: foreign texts stay texts in what runs in a browser.
 *
 * - `page/text-only` reports whatever makes markup, code or a style attribute of a text.
 *
 * @module
 */
import { placeOf } from "./lint/room.ts";

/** Members and attributes that take markup or code, and functions that run it. */
const MARKUP: readonly string[] = [
  "Function",
  "DOMParser",
  "createContextualFragment",
  "dangerouslySetInnerHTML",
  "eval",
  "execCommand",
  "innerHTML",
  "insertAdjacentHTML",
  "outerHTML",
  "parseFromString",
  "setHTMLUnsafe",
  "srcdoc",
  "srcDoc",
  "write",
  "writeln",
];

/** Attributes whose value a browser follows or runs; only the page's own values may stand there. */
const FOLLOWED: readonly string[] = ["action", "formAction", "src", "style", "xlinkHref"];

const HINT = "Show it as a text node: {lineText(text)}";

function textOnly(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  if (placeOf(context.filename)?.room !== "console/page") return {};
  const report = (node: Deno.lint.Node, what: string) =>
    context.report({ node, message: `The page uses ${what}`, hint: HINT });
  return {
    MemberExpression(node) {
      const { property } = node;
      if (property.type === "Identifier" && MARKUP.includes(property.name)) {
        report(property, property.name);
      } else if (property.type === "Literal" && MARKUP.includes(String(property.value))) {
        report(property, String(property.value));
      }
    },
    CallExpression({ callee }) {
      if (callee.type === "Identifier" && MARKUP.includes(callee.name)) report(callee, callee.name);
    },
    NewExpression({ callee }) {
      if (callee.type === "Identifier" && MARKUP.includes(callee.name)) report(callee, callee.name);
    },
    Property({ key }) {
      if (key.type === "Identifier" && MARKUP.includes(key.name)) report(key, key.name);
    },
    JSXAttribute({ name, value }) {
      if (name.type !== "JSXIdentifier") return;
      if (MARKUP.includes(name.name) || FOLLOWED.includes(name.name)) report(name, name.name);
      // An address that is not made by the page could be one that runs.
      const isMade = value?.type !== "JSXExpressionContainer" ||
        value.expression.type === "CallExpression";
      if (name.name === "href" && !isMade) report(name, "an address that it did not make");
    },
  };
}

// Deno takes a lint plugin as a default export, and nothing else.
export default {
  name: "page",
  rules: { "text-only": { create: textOnly } },
} satisfies Deno.lint.Plugin;
