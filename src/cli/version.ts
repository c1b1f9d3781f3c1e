import { BUILD } from "../build.ts";
import type { Verb } from "./verb.ts";
import { VERSION } from "../version.ts";

/** `meshwright version` */
export const versionVerb: Verb = {
  name: "version",
  summary: "Print the version",
  words: "",
  description: [
    "The version of the program, the commit a compiled one was made from, and the runtime.",
  ],
  flags: [],
  run({ output }) {
    const origin = BUILD.commit === "" ? "" : `commit ${BUILD.commit} of ${BUILD.date}, `;
    output.out(`meshwright ${VERSION} (${origin}deno ${Deno.version.deno}, ${Deno.build.target})`);
    return Promise.resolve(0);
  },
};
