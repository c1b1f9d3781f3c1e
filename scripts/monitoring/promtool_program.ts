import type { Making } from "../e2e/stored.ts";
import { goProgram } from "../go_program.ts";

/**
 * Finds or builds Prometheus' promtool, which judges rules and metrics in tests; answers its path. Without the clients of all
 * the clouds that a Prometheus finds its targets in: rules need none of them.
 */
export function promtoolProgram(making: Making): Promise<string> {
  return goProgram({
    name: "promtool",
    title: "promtool",
    module: new URL("./promtool_module/", import.meta.url),
    package: "github.com/prometheus/prometheus/cmd/promtool",
    output: "promtool",
    tags: "remove_all_sd",
    purpose: "builds promtool for tests",
  }, making);
}
