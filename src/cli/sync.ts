import { durationMs } from "#api";
import { BOOTSTRAP_NAME } from "#gitops";
import { App } from "../app.ts";
import { openParts } from "../parts.ts";
import { configFrom } from "./config.ts";
import { type Flag, UsageError } from "./flag.ts";
import {
  CLUSTER_FLAGS,
  CONTROLLER_FLAGS,
  GIT_FLAGS,
  outputFlag,
  SETTINGS_FLAGS,
  TENANCY_FLAGS,
} from "./flags.ts";
import type { Verb } from "./verb.ts";

const ONCE_FLAGS: readonly Flag[] = [
  {
    name: "once",
    env: "SYNC_ONCE",
    kind: "boolean",
    default: "false",
    help: "Stop when the revision is healthy, or cannot become so",
  },
  {
    name: "wait",
    env: "SYNC_WAIT",
    kind: "duration",
    default: "5m",
    value: "DURATION",
    help: "How long the revision may take to become healthy",
  },
  {
    name: "name",
    env: "SYNC_NAME",
    kind: "text",
    default: BOOTSTRAP_NAME,
    value: "NAME",
    help: "Name of the MeshSync that is made; one that somebody else made is not changed",
  },
  {
    name: "reconcile",
    env: "SYNC_RECONCILE",
    kind: "boolean",
    default: "true",
    help: "Run the controller meanwhile; false where one runs in the cluster",
  },
];

/** `meshwright sync` */
export const syncVerb: Verb = {
  name: "sync",
  summary: "Apply a repository once and wait until it is healthy",
  words: "",
  description: [
    "For cron and CI: meshwright sync --once --git-url URL [--git-ref REF] [--git-path FOLDER]",
    "Exit code 0: applied and healthy, 1: not, 2: wrong usage.",
  ],
  flags: [
    ...ONCE_FLAGS,
    ...GIT_FLAGS,
    ...TENANCY_FLAGS,
    ...CLUSTER_FLAGS,
    ...CONTROLLER_FLAGS,
    ...SETTINGS_FLAGS,
    outputFlag(["text", "json"]),
  ],
  async run({ flags, signal, output }) {
    if (!flags.boolean("once")) {
      throw new UsageError("Say --once: sync stops when it is done (run keeps going)");
    }
    const config = await configFrom(flags, { servers: false });
    if (config.bootstrap === undefined) throw new UsageError("Name the repository: --git-url URL");
    const bootstrap = { ...config.bootstrap, name: flags.text("name") };
    await using app = await App.open(await openParts({ ...config, bootstrap }));
    const report = await app.once(signal, {
      timeoutMs: durationMs(flags.text("wait")) ?? 0,
      reconcile: flags.boolean("reconcile"),
    });
    output.out(
      flags.text("output") === "json"
        ? JSON.stringify(report)
        : `${report.reason}: ${report.message}`,
    );
    return report.exit;
  },
};
