import type { Component } from "#api";
import { goLevel } from "../command/log_config.ts";
import { runnerOf } from "../command/runner.ts";
import { pulsarService, type Service } from "../command/download.ts";
import { sortedEntries } from "../json_text.ts";
import type { Part } from "../tidy.ts";

/** The name of the pod, from which a runner learns its number. */
export const POD_NAME: Part = {
  name: "POD_NAME",
  valueFrom: { fieldRef: { fieldPath: "metadata.name" } },
};

/** A variable with a plain value. An empty value is left out, as Kubernetes does. */
export function plain(name: string, value: string): Part {
  return value === "" ? { name } : { name, value };
}

/**
 * A variable whose value reaches the program exactly: the kubelet would read `$(NAME)` and `$$` otherwise. Not for
 * `pod.env`, where people mean what they write.
 */
export function exact(name: string, value: string): Part {
  return plain(name, value.replaceAll(/\$(?=[$(])/g, "$$$$"));
}

/** Environment of the runner: its pod's name, secrets, what the user says, and the log level of Go. */
export function runnerEnv(component: Component): Part[] {
  const secrets: Part[] = sortedEntries(component.spec.secretsMap).map(([name, { path, key }]) => ({
    name,
    valueFrom: { secretKeyRef: { name: path ?? "", key: key ?? "" } },
  }));
  // From it the runner learns which instance it is.
  const others = [...secrets, ...component.spec.pod?.env ?? []].filter(({ name }) =>
    name !== POD_NAME["name"]
  );
  const runner = runnerOf(component);
  const level = component.kind === "Function" && runner?.runtime === "go" && !runner.log?.logConfig
    ? [plain("LOGGING_LEVEL", goLevel(runner.log?.level))]
    : [];
  return uniqueByName([POD_NAME, ...others, ...level]);
}

/** Each name once: the last entry counts, as it does in a container. */
export function uniqueByName(entries: readonly Part[]): Part[] {
  const last = new Map(entries.map((entry, index) => [entry["name"], index]));
  return entries.filter((entry, index) => last.get(entry["name"]) === index);
}

/** All variables of the runner that come from a ConfigMap or a Secret as a whole. */
export function runnerEnvFrom(component: Component): Part[] {
  const packages = component.spec.pulsarPackageService;
  return [
    ...serviceEnvFrom(pulsarService(component)),
    ...(packages ? serviceEnvFrom({ messaging: packages, prefix: "PACKAGE_" }) : []),
  ];
}

/** How to reach a Pulsar service and how to authenticate there, under the names that the commands use. */
export function serviceEnvFrom(
  { messaging, prefix }: Pick<Service, "messaging" | "prefix">,
  order: "auth first" | "tls first" = "auth first",
): Part[] {
  const start = prefix === "" ? {} : { prefix };
  const config = messaging.pulsarConfig
    ? [{ ...start, configMapRef: { name: messaging.pulsarConfig } }]
    : [];
  const secrets = [messaging.authSecret, messaging.tlsSecret].flatMap((name) =>
    name ? [{ ...start, secretRef: { name } }] : []
  );
  return [...config, ...(order === "auth first" ? secrets : secrets.reverse())];
}
