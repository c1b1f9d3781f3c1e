/** The command of docs/health-in-argocd.md gives Argo CD the script, and leaves the rest of its settings alone. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";

const cluster = testCluster();

Deno.test("docs/health-in-argocd.md puts the script into the settings of Argo CD", async () => {
  const page = await Deno.readTextFile("docs/health-in-argocd.md");
  const [look = [], patch = []] = [...page.matchAll(/^kubectl (.*)$/gm)].map(([, line = ""]) =>
    line.replaceAll("'", "").split(" ")
  );
  const run = (args: readonly string[]) => cluster.kubectl([...args]);
  await run(["create", "namespace", "argocd"]);
  try {
    const settings = ["configmap", "argocd-cm", "-n", "argocd"];
    await run(["create", ...settings, "--from-literal=url=https://argocd.example"]);
    assertEquals(await run(look), "");
    await run(patch);
    assertStringIncludes(await run(look), '"*.functionmesh.io/*":\n  health.lua: |\n');
    assertEquals(
      await run(["get", ...settings, "-o", "jsonpath={.data.url}"]),
      "https://argocd.example",
    );
  } finally {
    await run(["delete", "namespace", "argocd", "--wait=false"]);
  }
});
