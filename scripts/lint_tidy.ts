/**
 * Deno lint plugin: what is short enough to be read at once.
 *
 * - `tidy/function-lines` holds functions under 60 lines, `tidy/file-lines` holds files under 400.
 *
 * @module
 */

/** Lines from the first of a function to its closing brace, comments included: one screen. */
export const FUNCTION_LINES_MAX = 59;

/** Lines of a file: one subject. */
export const FILE_LINES_MAX = 399;

type FunctionNode =
  | Deno.lint.ArrowFunctionExpression
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression;

function functionLinesRule(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const look = (node: FunctionNode) => {
    const text = context.sourceCode.text.slice(...node.range);
    const lines = lineCount(text);
    if (lines <= FUNCTION_LINES_MAX) return;
    context.report({
      // The first line only: a report of sixty lines is read by nobody.
      range: [node.range[0], node.range[0] + text.indexOf("\n")],
      message: `${nameOf(node)} has ${lines} lines, ${FUNCTION_LINES_MAX} at most`,
      hint: "Give a part of it a name: push loops down into functions, keep decisions here",
    });
  };
  return {
    ArrowFunctionExpression: look,
    FunctionDeclaration: look,
    FunctionExpression: look,
  };
}

function fileLinesRule(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  return {
    Program() {
      const { text } = context.sourceCode;
      const lines = lineCount(text);
      if (lines <= FILE_LINES_MAX) return;
      const start = lineStart(text, FILE_LINES_MAX + 1);
      const end = text.indexOf("\n", start);
      context.report({
        range: [start, end < 0 ? text.length : end],
        message: `The file has ${lines} lines, ${FILE_LINES_MAX} at most`,
        hint: "Move one noun into a file of its own",
      });
    },
  };
}

/** Lines of a text; the line break at its end starts no new one. */
function lineCount(text: string): number {
  return text.replace(/\n$/, "").split("\n").length;
}

/** Where a line starts; lines count from 1. */
function lineStart(text: string, line: number): number {
  return text.split("\n").slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
}

function nameOf(node: FunctionNode): string {
  const { parent } = node;
  const own = node.type === "ArrowFunctionExpression" ? undefined : node.id;
  const named = own?.type === "Identifier"
    ? own
    : parent.type === "VariableDeclarator"
    ? parent.id
    : parent.type === "MethodDefinition" || parent.type === "PropertyDefinition" ||
        parent.type === "Property"
    ? parent.key
    : undefined;
  if (named?.type === "Identifier") return `Function ${named.name}`;
  if (named?.type === "PrivateIdentifier") return `Function #${named.name}`;
  return "A function";
}

// Deno takes a lint plugin as a default export, and nothing else.
export default {
  name: "tidy",
  rules: {
    "file-lines": { create: fileLinesRule },
    "function-lines": { create: functionLinesRule },
  },
} satisfies Deno.lint.Plugin;
