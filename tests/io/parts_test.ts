import { assertMatch } from "@std/assert";
import { DEFAULT_SETTINGS } from "#desired";
import { openParts } from "../../src/parts.ts";
import { VERSION } from "../../src/version.ts";
import { folderWith } from "../support/cli.ts";

/** A kubeconfig for a server that is not there: to be connected costs no request. */
const NOBODY = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "nobody",
  clusters: [{ name: "nobody", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "nobody", user: { token: "none" } }],
  contexts: [{ name: "nobody", context: { cluster: "nobody", user: "nobody" } }],
});

Deno.test("openParts() has metrics that say which version of the program this is", async () => {
  await using folder = await folderWith({ "kubeconfig.json": NOBODY });
  await using parts = await openParts({
    cluster: { kubeconfig: `${folder.path}/kubeconfig.json` },
    settings: DEFAULT_SETTINGS,
    namespacedBackendConfig: "",
    cacheDirectory: folder.path,
    concurrency: 1,
    pauseRollout: false,
    rolloutOnUpgrade: false,
    reconcileMeshes: true,
    installDefinitions: false,
    logLevel: "info",
    metricsAddress: "0",
    healthAddress: "0",
  }, { logSink: () => {} });
  const { text } = await parts.metrics.exposition();
  assertMatch(text, new RegExp(`mesh_build_info\\{version="${VERSION}",commit="`));
});
