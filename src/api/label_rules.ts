import type { Problem } from "#base";
import { quoted, when } from "./rule.ts";
import { memberPath } from "./structure.ts";

const NAME =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Labels that the API server would refuse on an object, with the path of each. */
export function labelProblems(
  labels: Readonly<Record<string, string>> | undefined,
  path: string,
): Problem[] {
  return Object.entries(labels ?? {}).sort(([a], [b]) => a < b ? -1 : 1).flatMap((
    [name, value],
  ) => [
    ...when(!NAME.test(name), {
      path: memberPath(path, name),
      message: "is no name of a label; use letters, digits, - _ . and at most one prefix with /",
    }),
    ...when(!VALUE.test(value), {
      path: memberPath(path, name),
      message: `${
        quoted(value)
      } is no value of a label; use at most 63 letters, digits, - _ . and begin and end with a letter or digit`,
    }),
  ]);
}
