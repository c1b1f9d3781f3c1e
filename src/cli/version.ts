import type { Verb } from "./verb.ts";
import { VERSION } from "../version.ts";

/** `meshwright version` */
export const versionVerb: Verb = {
  name: "version",
  summary: "Print the version",
  words: "",
  description: ["The version of the program and of the runtime it was built with."],
  flags: [],
  run({ output }) {
    output.out(`meshwright ${VERSION} (deno ${Deno.version.deno}, ${Deno.build.target})`);
    return Promise.resolve(0);
  },
};
