import type { DefaultedComponent } from "#api";
import type { Settings } from "../settings.ts";
import { goScript } from "./go.ts";
import { genericScript } from "./generic.ts";
import { javaScript } from "./java.ts";
import { pythonScript } from "./python.ts";
import { runnerOf } from "./runner.ts";

/** The command of the runner: a shell that learns the pod's number and becomes the program. Undefined without code. */
export function runnerScript(
  component: DefaultedComponent,
  settings: Settings,
): readonly string[] | undefined {
  const runner = runnerOf(component);
  if (runner === undefined || runner.file === "") return undefined;
  switch (runner.runtime) {
    case "java":
      return ["bash", "-c", javaScript(component, { runner, settings })];
    case "python":
      return component.kind === "Function"
        ? ["bash", "-c", pythonScript(component, { runner, settings })]
        : undefined;
    case "go":
      return component.kind === "Function"
        ? ["bash", "-c", goScript(component, { runner, settings })]
        : undefined;
    case "generic":
      return component.kind === "Function"
        ? ["sh", "-c", genericScript(component, { runner, settings })]
        : undefined;
  }
}
