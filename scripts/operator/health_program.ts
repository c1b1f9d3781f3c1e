import type { Making } from "../e2e/stored.ts";
import { goProgram } from "../go_program.ts";

/** Finds or builds what judges health rules as Argo CD and Flux do, with their interpreters; answers its path. */
export function healthProgram(making: Making): Promise<string> {
  return goProgram({
    name: "health-judge",
    title: "the judge of health rules",
    module: new URL("./health_module/", import.meta.url),
    files: ["main.go"],
    package: ".",
    output: "judge",
    purpose: "builds what judges health",
  }, making);
}
