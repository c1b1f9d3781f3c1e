import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  BRIDGE,
  containerdSocket,
  containerdToml,
  kubeletFlags,
  kubeletJson,
  kubeProxyJson,
  networkJson,
  nodeSite,
} from "../../scripts/e2e/node_files.ts";

const PARENT = { folder: "/run/x", cgroup: "/x" };
const NODES = [1, 2, 3].map((index) => nodeSite(index, PARENT));

Deno.test("nodeSite() gives no two nodes the same address, folder or cgroup", () => {
  const values = NODES.flatMap(({ name, address, podAddresses, folder, cgroup }) => [
    name,
    address,
    ...podAddresses,
    folder,
    cgroup,
  ]);
  assertEquals(new Set([...values, BRIDGE.address]).size, values.length + 1);
});

Deno.test("nodeSite() refuses numbers that have no addresses", () => {
  for (const index of [0, 101, 1.5, NaN]) assertThrows(() => nodeSite(index, PARENT), RangeError);
});

Deno.test("containerdSocket() stays below the 108 bytes that a socket's path may have", () => {
  const site = nodeSite(100, { ...PARENT, folder: "/run/meshwright" });
  assert(`${containerdSocket(site)}.ttrpc`.length < 108);
});

Deno.test("containerdToml() keeps everything in the folder of its node", () => {
  const text = containerdToml(nodeSite(1, PARENT), {
    pauseImage: "localhost/pause:1",
    networkPluginFolder: "/usr/lib/cni",
    snapshotter: "native",
  });
  const paths = [...text.matchAll(/= "(\/[^"]*)"/g)].map(([, path]) => path ?? "");
  assertEquals(paths.filter((path) => !path.startsWith("/run/x/node-1/")), ["/usr/lib/cni"]);
  assertEquals(paths.length, 6);
  assertStringIncludes(text, `sandbox_image = "localhost/pause:1"`);
  assertStringIncludes(text, `snapshotter = "native"`);
  assertStringIncludes(text, "restrict_oom_score_adj = true");
});

Deno.test("networkJson() puts all pods on the bridge, each node with a range of its own", () => {
  const ranges = NODES.map((site) => {
    const { plugins: [{ bridge, ipam }] } = JSON.parse(networkJson(site));
    assertEquals(bridge, BRIDGE.name);
    assertEquals(ipam.routes, [{ dst: "0.0.0.0/0", gw: BRIDGE.address }]);
    assertEquals(ipam.dataDir, `${site.folder}/addresses`);
    const [[{ rangeStart, rangeEnd }]] = ipam.ranges;
    return [rangeStart, rangeEnd];
  });
  assertEquals(ranges, NODES.map(({ podAddresses }) => [...podAddresses]));
});

Deno.test("kubeletJson() listens on the node's address and touches no cgroup but its own", () => {
  for (const site of NODES) {
    const config = JSON.parse(kubeletJson(site));
    assertEquals([config.address, config.healthzBindAddress], [site.address, site.address]);
    assertEquals(config.cgroupRoot, site.cgroup);
    assertEquals(config.enforceNodeAllocatable, []);
    assertEquals(config.containerRuntimeEndpoint, `unix://${containerdSocket(site)}`);
    // What others do with the disk is no reason to evict our pods or to collect our images.
    assertEquals([config.evictionHard, config.imageGCHighThresholdPercent], [{}, 100]);
    const flags = kubeletFlags(site, { kubeconfigPath: "/k" });
    assert(flags.includes(`--hostname-override=${site.name}`));
    assert(flags.includes(`--node-ip=${site.address}`));
  }
});

Deno.test("kubeProxyJson() leaves the machine's table of connections alone", () => {
  const config = JSON.parse(kubeProxyJson({ kubeconfigPath: "/k", nodeName: "node-1" }));
  assertEquals([config.conntrack.maxPerCore, config.conntrack.min], [0, 0]);
  assertEquals(config.clientConnection.kubeconfig, "/k");
  assertEquals(config.hostnameOverride, "node-1");
});
