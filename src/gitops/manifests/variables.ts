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

/** `${NAME}` and `$${NAME}`; the first group holds the dollar that escapes. */
const USE = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** What shells and other tools write, and people hope for. */
const SHELL_USE = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*):?([-=+?])[^}]*\}/g;

/**
 * Replaces `${NAME}` in the values of documents, after parsing: a value can never become structure, keys stay as they are.
 * A value that is nothing but an unquoted `${NAME}` is read as YAML reads the text there (`replicas: ${N}` is a number);
 * in quotes, or as part of a longer text, it is text. `$${NAME}` stands for `${NAME}` itself.
 *
 * @param sealed values that are not looked into, as they came from encryption
 * @returns a problem for each name that nobody declared
 */
export function substituteVariables(
  file: ParsedFile,
  variables: Variables,
  sealed: ReadonlySet<Scalar>,
): YamlProblem[] {
  const problems: YamlProblem[] = [];
  for (const document of file.documents) {
    visit(document, {
      Scalar(key, node) {
        if (key === "key" || typeof node.value !== "string" || sealed.has(node)) return;
        const found = useProblems(node, file, variables);
        problems.push(...found);
        if (found.length === 0) replace(node, variables);
      },
    });
  }
  return problems;
}

function useProblems(node: Scalar, file: ParsedFile, variables: Variables): YamlProblem[] {
  const text = String(node.value);
  const unknown = [...text.matchAll(USE)].flatMap(([whole, escape, name = ""]) =>
    escape === "" && !variables.has(name)
      ? [{
        line: lineOf(node, file, whole),
        message: `uses \${${name}}, which is not declared; add it to spec.variables of the ` +
          `MeshSync, or write $\${${name}} if it is to stay`,
      }]
      : []
  );
  const shell = [...text.matchAll(SHELL_USE)].flatMap(([whole, escape, name]) =>
    escape === ""
      ? [{
        line: lineOf(node, file, whole),
        message:
          `holds ${whole.slice(0, 60)}, but only \${${name}} is replaced; declare a value, ` +
          "or write $${ if it is to stay",
      }]
      : []
  );
  return [...unknown, ...shell];
}

/** Line of a use in the file; of the value's start where it is written in another way there. */
function lineOf(node: Scalar, { lineAt, text }: ParsedFile, use: string): number {
  const [start = 0, end = start] = node.range ?? [];
  for (let at = text.indexOf(use, start); at >= 0 && at < end; at = text.indexOf(use, at + 1)) {
    if (text[at - 1] !== "$") return lineAt(at);
  }
  return lineAt(start);
}

function replace(node: Scalar, variables: Variables): void {
  const text = String(node.value);
  const replaced = text.replace(
    USE,
    (whole, escape: string, name: string) =>
      escape === "" ? variables.get(name)?.value ?? whole : whole.slice(1),
  ).replace(
    /\$(\$\{[A-Za-z_][A-Za-z0-9_]*:?[-=+?][^}]*\})/g,
    "$1",
  );
  if (replaced === text) return;
  const isWhole = node.type === "PLAIN" && /^\$\{\w+\}$/.test(text);
  node.value = isWhole ? plainScalar(replaced) : replaced;
  node.source = replaced;
}

/** Values that no message may repeat. */
export function secretValues(variables: Variables): string[] {
  return [...variables.values()].filter((variable) => variable.isSecret)
    .map((variable) => variable.value);
}

/**
 * A text without secret values. Short ones, which could be part of any word, are only found standing alone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutValues } from "./variables.ts";
 * assertEquals(withoutValues('Invalid value: "s3cret": of 7', ["s3cret", "7", ""]), 'Invalid value: "***": of ***');
 * assertEquals(withoutValues("7 of 77", ["7"]), "*** of 77");
 * ```
 */
export function withoutValues(text: string, secrets: readonly string[]): string {
  return [...secrets].sort((a, b) => b.length - a.length).filter((secret) => secret !== "")
    .reduce((cleaned, secret) => {
      if (secret.length >= SHORT_LENGTH) return cleaned.replaceAll(secret, "***");
      const word = secret.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return cleaned.replace(new RegExp(`(?<!\\w)${word}(?!\\w)`, "g"), "***");
    }, text);
}

const SHORT_LENGTH = 6;
