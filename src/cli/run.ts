import { App } from "../app.ts";
import { openParts, type Parts } from "../parts.ts";
import { configFrom } from "./config.ts";
import { UsageError } from "./flag.ts";
import {
  CLUSTER_FLAGS,
  CONTROLLER_FLAGS,
  GIT_FLAGS,
  SERVER_FLAGS,
  SETTINGS_FLAGS,
  TENANCY_FLAGS,
  WEBHOOK_FLAGS,
} from "./flags.ts";
import type { Verb } from "./verb.ts";

/** `meshwright run` */
export const runVerb: Verb = {
  name: "run",
  summary: "Run the controller and the GitOps loop until stopped",
  words: "",
  description: [
    "Runs in a cluster or with a kubeconfig. Installs its definitions first and waits for them.",
    "Logs JSON lines on standard error.",
  ],
  flags: [
    ...CLUSTER_FLAGS,
    ...CONTROLLER_FLAGS,
    ...GIT_FLAGS,
    ...TENANCY_FLAGS,
    ...SETTINGS_FLAGS,
    ...SERVER_FLAGS,
    ...WEBHOOK_FLAGS,
  ],
  async run({ flags, signal }) {
    const parts = await openParts(await configFrom(flags));
    await using app = await App.open(parts);
    checkBootstrap(parts);
    await app.run(signal);
    return 0;
  },
};

/** @throws {UsageError} when nobody would look at the MeshSync that flags make */
function checkBootstrap({ config, namespace }: Parts): void {
  const { bootstrap, watchedNamespace } = config;
  if (bootstrap === undefined || [undefined, namespace].includes(watchedNamespace)) return;
  throw new UsageError(
    `--git-url makes a MeshSync in the program's namespace ${namespace}, which --watched-namespace ` +
      `${watchedNamespace} leaves out: set --namespace to it, or make a MeshSync there instead`,
  );
}
