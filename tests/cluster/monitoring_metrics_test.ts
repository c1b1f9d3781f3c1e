/** What the whole program tells Prometheus of a real cluster. */
import { assertEquals, assertMatch } from "@std/assert";
import { App } from "../../src/app.ts";
import { openParts } from "../../src/parts.ts";
import { eventually, FAIL, testCluster } from "../support/control_plane.ts";
import { kubectlIn, userFunction } from "../support/controller_story.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { defaultConfig, metricSamples } from "../support/running_controller.ts";

const cluster = testCluster();

Deno.test("the program that works tells which resources are ready, whom it hears of, and that it leads", async () => {
  await using space = await cluster.namespace();
  await using folder = await temporaryFolder();
  const story = kubectlIn(cluster, space.name);
  const log: string[] = [];
  const parts = await openParts({
    ...defaultConfig(cluster.kubeconfigPath),
    cacheDirectory: folder.path,
    watchedNamespace: space.name,
    metricsAddress: "127.0.0.1:0",
  }, { logSink: (line) => log.push(line) });
  await using app = await App.open(parts);
  const [, url = ""] = /"(http:\/\/127\.0\.0\.1:\d+)/.exec(log.join("\n")) ?? [];
  const scrape = async () => await (await fetch(`${url}/metrics`)).text();
  assertEquals(metricSamples(await scrape(), "mesh_leader"), [{ labels: {}, value: 0 }]);
  const stop = new AbortController();
  const running = app.run(stop.signal);
  await eventually(async () => (await cluster.tryKubectl(["get", "fn", "-A"])).code === 0);
  await story.apply(
    userFunction("well"),
    userFunction("unwell", { pod: { annotations: { [FAIL]: "ImagePullBackOff" } } }),
  );
  await story.untilReady("function/well");
  await story.untilReady("function/unwell", /^False ImagePullBackOff/);
  const label = (name: string, reason: string) => ({
    kind: "Function",
    namespace: space.name,
    name,
    reason,
  });
  await eventually(async () => {
    const text = await scrape();
    assertEquals(metricSamples(text, "mesh_resource_ready"), [
      { labels: label("unwell", "ImagePullBackOff"), value: 0 },
      { labels: label("well", "Ready"), value: 1 },
    ]);
    const watches = metricSamples(text, "mesh_watch_behind_seconds");
    assertEquals([...new Set(watches.map(({ value }) => value))], [0]);
    assertMatch(watches.map(({ labels }) => labels["kind"]).join(), /Function.*MeshSync/);
    assertEquals(metricSamples(text, "mesh_leader"), [{ labels: {}, value: 1 }]);
    return true;
  });
  stop.abort(new DOMException("the test is over", "AbortError"));
  await running;
  assertEquals(metricSamples(await scrape(), "mesh_resource_ready"), []);
});
