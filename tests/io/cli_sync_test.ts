import { assertEquals, assertStringIncludes } from "@std/assert";
import { folderWith, meshwright } from "../support/cli.ts";

/** A kubeconfig for a server that is not there: nobody listens on port 1 of this machine. */
const NOBODY = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "nobody",
  contexts: [{ name: "nobody", context: { cluster: "nobody", user: "nobody" } }],
  clusters: [{ name: "nobody", cluster: { server: "http://127.0.0.1:1" } }],
  users: [{ name: "nobody", user: {} }],
});

Deno.test("sync --once ends with 1 when its time is up, also while the API server is away", async () => {
  await using folder = await folderWith({ "kubeconfig.json": NOBODY });
  const { code, out } = await meshwright([
    "sync",
    "--once",
    "--wait=1s",
    "--git-url=https://git.example/meshes.git",
    `--kubeconfig=${folder.path}/kubeconfig.json`,
    `--cache-dir=${folder.path}/cache`,
    "--log-level=error",
  ]);
  assertEquals(code, 1);
  assertStringIncludes(out.join("\n"), "OutOfTime: Time is up");
});
