import { customResourceDefinitions } from "#api";
import { stringify } from "@std/yaml";
import type { Verb } from "./verb.ts";

/** `meshwright crds` */
export const crdsVerb: Verb = {
  name: "crds",
  summary: "Print the definitions of our kinds as YAML",
  words: "",
  description: ["For `kubectl apply --server-side -f -`, or for a Git repository."],
  flags: [],
  run({ output }) {
    output.out(yamlStream(customResourceDefinitions()));
    return Promise.resolve(0);
  },
};

/** Objects as a stream of YAML documents. */
export function yamlStream(objects: readonly unknown[]): string {
  return objects
    .map((object) => `---\n${stringify(object, { lineWidth: -1, skipInvalid: true })}`)
    .join("").trimEnd();
}
