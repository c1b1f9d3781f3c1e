import { fileURLToPath } from "node:url";
import { sickChange } from "./sick_change.ts";
import type { Stage } from "./stage.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** What there is to do while everything of a demo stays up: commands, the first one for all others; the page last. */
export function lastLines({ files, plane, program, repository }: Stage): readonly string[] {
  const { component } = sickChange(files);
  const explain = `${Deno.execPath()} run -A ${MAIN} explain Function/${component} -n shop`;
  return [
    `export KUBECONFIG=${plane.kubeconfigPath}`,
    `  ${plane.binaries.kubectl} get functions,functionmeshes,pods -A`,
    `  cd ${repository.directory}  # edit mesh/*.yaml and git commit: it arrives`,
    `  curl ${program.url}/metrics`,
    `  ${explain} --checkout ${repository.directory}  # whether it works, and if not, why`,
    `  xdg-open ${program.consoleUrl}  # or any browser: what runs, live; a click shows why`,
  ];
}
