import { MANIFEST_BUDGETS } from "#base";
import { type Scalar, visit } from "yaml";
import { type ParsedFile, plainScalar, type YamlProblem } from "./decode.ts";

/** What `${NAME}` stands for. */
export interface Variable {
  readonly value: string;
  /** Whether it comes from a Secret, so that no message may repeat it. */
  readonly isSecret: boolean;
}

/** Variables by name. */
export type Variables = ReadonlyMap<string, Variable>;

/** How much longer variables may still make texts: many short uses of one long value would fill the memory. */
export interface GrowthBudget {
  charsLeft: number;
}

/** Where a text uses a variable, or holds what looks like it. */
export interface Use {
  readonly kind: "variable" | "shell";
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** `$${…}`: stands for itself, less a dollar. */
  readonly isEscaped: boolean;
}

/**
 * Replaces `${NAME}` in the values of documents, after parsing: a value can never become structure, keys stay as they are.
 * A value that is nothing but an unquoted `${NAME}` is read as YAML reads the text there (`replicas: ${N}` is a number);
 * in quotes, or as part of a longer text, it is text. `$${NAME}` stands for `${NAME}` itself.
 *
 * @param sealed values that are not looked into, as they came from encryption
 * @returns a problem for each name that nobody declared, and for texts that become too long
 */
export function substituteVariables(
  file: ParsedFile,
  variables: Variables,
  { budget, sealed }: { readonly sealed: ReadonlySet<Scalar>; readonly budget: GrowthBudget },
): YamlProblem[] {
  const problems: YamlProblem[] = [];
  for (const document of file.documents) {
    visit(document, {
      Scalar(key, node) {
        if (key === "key" || typeof node.value !== "string" || sealed.has(node)) return;
        const uses = usesIn(node.value);
        if (uses.length === 0) return;
        const found = useProblems(uses, { file, node, variables });
        problems.push(...found);
        if (found.length === 0) problems.push(...replaced(uses, { budget, file, node, variables }));
        return problems.length < MANIFEST_BUDGETS.problems ? undefined : visit.BREAK;
      },
    });
  }
  return problems;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/** Longer names are none: nobody can declare them. */
const NAME_CHARS_MAX = 1_000;

/** The uses in a text, from left to right, each character looked at once. */
export function usesIn(text: string): Use[] {
  const uses: Use[] = [];
  const lastBrace = text.lastIndexOf("}");
  for (let at = text.indexOf("${"); at >= 0 && at < lastBrace; at = text.indexOf("${", at)) {
    const name = NAME.exec(text.slice(at + 2, at + 2 + NAME_CHARS_MAX))?.[0] ?? "";
    const behind = at + 2 + name.length;
    const kind = name === "" ? undefined : kindOf(text, behind);
    const end = kind === undefined ? at + 2 : text.indexOf("}", behind) + 1;
    if (kind !== undefined) {
      const isEscaped = text[at - 1] === "$" && (uses.at(-1)?.end ?? 0) < at;
      uses.push({ kind, start: isEscaped ? at - 1 : at, end, name, isEscaped });
    }
    at = end;
  }
  return uses;
}

/** By what stands behind a name: `}`, or what shells write there and people hope for. */
function kindOf(text: string, at: number): Use["kind"] | undefined {
  if (text[at] === "}") return "variable";
  const operator = text[at] === ":" ? text[at + 1] : text[at];
  return operator !== undefined && "-=+?".includes(operator) ? "shell" : undefined;
}

/** What a problem or a replacement is about. */
interface UseScope {
  readonly file: ParsedFile;
  readonly node: Scalar;
  readonly variables: Variables;
}

/** A problem for each name and kind of use, at the first of them. */
function useProblems(uses: readonly Use[], { file, node, variables }: UseScope): YamlProblem[] {
  const text = String(node.value);
  const wrong = uses.filter(({ isEscaped, kind, name }) =>
    !isEscaped && (kind === "shell" || !variables.has(name))
  );
  const first = new Map<string, Use>();
  for (const use of wrong) {
    const known = first.get(`${use.kind} ${use.name}`);
    if (known === undefined) first.set(`${use.kind} ${use.name}`, use);
  }
  return [...first.values()].map((use) => {
    const whole = text.slice(use.start, use.end);
    const message = use.kind === "variable"
      ? `uses \${${use.name}}, which is not declared; add it to spec.variables of the ` +
        `MeshSync, or write $\${${use.name}} if it is to stay`
      : `holds ${whole.slice(0, 60)}, but only \${${use.name}} is replaced; declare a value, ` +
        "or write $${ if it is to stay";
    return { line: lineOf(node, file, whole), message };
  });
}

/** Line of a use in the file; of the value's start where it is written in another way there. */
function lineOf(node: Scalar, { lineAt, text }: ParsedFile, use: string): number {
  const [start = 0, end = start] = node.range ?? [];
  for (let at = text.indexOf(use, start); at >= 0 && at < end; at = text.indexOf(use, at + 1)) {
    if (text[at - 1] !== "$") return lineAt(at);
  }
  return lineAt(start);
}

/** Puts values in the place of uses; a problem where that would make too long a text. */
function replaced(
  uses: readonly Use[],
  { budget, file, node, variables }: UseScope & { readonly budget: GrowthBudget },
): YamlProblem[] {
  const text = String(node.value);
  const parts = uses.map((use) =>
    use.isEscaped ? text.slice(use.start + 1, use.end) : variables.get(use.name)?.value ?? ""
  );
  budget.charsLeft -= parts.reduce((sum, part) => sum + part.length, 0);
  if (budget.charsLeft < 0) {
    const { substitutedChars } = MANIFEST_BUDGETS;
    const message = `variables make more than ${substitutedChars} characters of the revision`;
    return [{ line: file.lineAt(node.range?.[0] ?? 0), message }];
  }
  const [first] = uses;
  const isWhole = node.type === "PLAIN" && uses.length === 1 && first?.isEscaped === false &&
    first.start === 0 && first.end === text.length;
  let [result, at] = ["", 0];
  for (const [index, use] of uses.entries()) {
    result += text.slice(at, use.start) + parts[index];
    at = use.end;
  }
  result += text.slice(at);
  node.value = isWhole ? plainScalar(result) : result;
  node.source = result;
  // What was put in is a text from here on, whatever it looks like.
  node.type = "QUOTE_DOUBLE";
  return [];
}

/** Values that no message may repeat. */
export function secretValues(variables: Variables): string[] {
  return [...variables.values()].filter((variable) => variable.isSecret)
    .map((variable) => variable.value);
}
