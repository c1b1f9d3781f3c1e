import type { Making } from "../e2e/stored.ts";
import { goProgram } from "../go_program.ts";

/** Finds or builds Helm, which judges the chart in tests; answers its path. */
export function helmProgram(making: Making): Promise<string> {
  return goProgram({
    name: "helm",
    title: "Helm",
    module: new URL("./helm_module/", import.meta.url),
    package: "helm.sh/helm/v4/cmd/helm",
    output: "helm",
    purpose: "builds Helm for tests",
  }, making);
}
