import { App } from "../app.ts";
import { openParts } from "../parts.ts";
import { configFrom } from "./config.ts";
import {
  CLUSTER_FLAGS,
  CONTROLLER_FLAGS,
  GIT_FLAGS,
  SERVER_FLAGS,
  SETTINGS_FLAGS,
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
    ...SETTINGS_FLAGS,
    ...SERVER_FLAGS,
    ...WEBHOOK_FLAGS,
  ],
  async run({ flags, signal }) {
    await using app = new App(await openParts(await configFrom(flags)));
    await app.run(signal);
    return 0;
  },
};
