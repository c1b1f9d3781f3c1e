import { assert, assertMatch } from "@std/assert";
import { DEFAULT_SETTINGS } from "#desired";
import { openParts, type Parts } from "../../src/parts.ts";
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

async function parts(folder: { readonly path: string }): Promise<AsyncDisposable & Parts> {
  return await openParts({
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
}

Deno.test("openParts() has metrics that say which version of the program this is (B16)", async () => {
  await using folder = await folderWith({ "kubeconfig.json": NOBODY });
  await using opened = await parts(folder);
  const { text } = await opened.metrics.exposition();
  assertMatch(text, new RegExp(`mesh_build_info\\{version="${VERSION}",commit="`));
});

Deno.test("clients of accounts are kept, so many of them, and the oldest goes (B26)", async () => {
  await using folder = await folderWith({ "kubeconfig.json": NOBODY });
  await using opened = await parts(folder);
  const clientOf = (at: number) => opened.clientOf({ namespace: "shop", name: `account-${at}` });
  const first = Array.from({ length: 1_000 }, (_, at) => clientOf(at));
  assert(first.every((client, at) => client === clientOf(at)));
  clientOf(1_000);
  assert(clientOf(999) === first[999]);
  assert(clientOf(0) !== first[0]);
});
