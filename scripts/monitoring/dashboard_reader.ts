import type { Making } from "../e2e/stored.ts";
import { goProgram } from "../go_program.ts";

/**
 * Finds or builds what reads a dashboard as Grafana's own model of it does; answers its path. Grafana itself is no Go module
 * that could be built here, and has another licence.
 */
export function dashboardReader(making: Making): Promise<string> {
  return goProgram({
    name: "dashboard-reader",
    title: "Grafana's model of a dashboard",
    module: new URL("./dashboard_module/", import.meta.url),
    files: ["main.go"],
    package: ".",
    output: "dashboard-reader",
    purpose: "builds Grafana's model of a dashboard for tests",
  }, making);
}
