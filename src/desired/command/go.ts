import type { DefaultedFunction } from "#api";
import { goConfig, type GoConfigPart } from "../go_config.ts";
import { downloadFirst, type ScriptInput, SHARD } from "./instance.ts";
import { filePath, type GoRunner } from "./runner.ts";
import { operand, ownVariable, quoted, words } from "./shell.ts";

/**
 * The script of a Go instance, which takes its whole configuration as one argument.
 *
 * The reference operator pastes the JSON into the script unquoted, so that a quote or a blank in a value breaks it. Here
 * the text is quoted; only the two places that the shell fills in are left open.
 */
export function goScript(component: DefaultedFunction, input: ScriptInput<GoRunner>): string {
  const { runner, settings } = input;
  const file = operand(filePath(runner.file, settings));
  const download = downloadFirst(component, input);
  return [
    // No blank after the second &&: the words stay those of the reference.
    download === "" ? SHARD : `${download} && ls -al && pwd &&${SHARD}`,
    `GO_FUNCTION_CONF=${filledIn(goConfig(component))}`,
    "goFunctionConfigs=${GO_FUNCTION_CONF}",
    `echo goFunctionConfigs="'\${goFunctionConfigs}'"`,
    words("ls -l", file),
    words("chmod +x", file),
    words("exec", file, "-instance-conf", ownVariable("goFunctionConfigs")),
  ].join(" && ");
}

/** The configuration as one word, where marks stand for values that only the pod knows. */
function filledIn(parts: readonly GoConfigPart[]): string {
  return parts.map((part) => typeof part === "string" ? quoted(part) : ownVariable(part.variable))
    .join("");
}
