import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  manifestText,
  networkObjects,
  nodeContainerdToml,
  storageObjects,
} from "../../scripts/kind/node_manifests.ts";
import { entrypointText, importScript } from "../../scripts/kind/node_steps.ts";
import { KERNEL_SETTINGS } from "../../scripts/e2e/sandbox.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { ran } from "../support/programs.ts";

const FOLDER = new URL("../../scripts/kind/node/", import.meta.url);

Deno.test("a node covers every setting of the kernel that its kubelet would change, before anything else", async () => {
  const template = await Deno.readTextFile(new URL("entrypoint", FOLDER));
  const text = entrypointText(template, KERNEL_SETTINGS);
  for (const [name, value] of Object.entries(KERNEL_SETTINGS)) {
    assertStringIncludes(text, `\ncover ${name} ${value}\n`);
  }
  assertEquals(text.includes("@"), true, "the arguments are passed on");
  assertEquals(/@[A-Z]+@/.test(text), false);
  assertMatch(text, /\nexec \/usr\/local\/bin\/entrypoint "\$@"\n$/);
});

Deno.test("the scripts of a node are ones that a shell reads", async () => {
  await using folder = await temporaryFolder();
  const texts = [
    entrypointText(await Deno.readTextFile(new URL("entrypoint", FOLDER)), KERNEL_SETTINGS),
    await Deno.readTextFile(new URL("pod_network.sh", FOLDER)),
    importScript(["sha256:1", "sha256:2"]),
  ];
  for (const text of texts) {
    await Deno.writeTextFile(`${folder.path}/script`, text);
    assertEquals(await ran("/bin/sh", ["-n", `${folder.path}/script`]), "");
  }
});

/** Stands for the programs that the network of pods is made by: they write down what they are asked. */
const RECORDED = `#!/bin/sh
echo "$(basename "$0") $*" >>"$RECORD"
`;

/** Two nodes, the second without a range at first; then the watch ends, and the script with it. */
const KUBECTL = `#!/bin/sh
if [ -e "$RECORD.asked" ]; then kill -KILL "$PPID"; exit; fi
: >"$RECORD.asked"
echo "one 10.244.1.0/24 172.18.0.2 "
echo "two  172.18.0.3 "
echo "two 10.244.2.0/24 172.18.0.3 "
`;

Deno.test("the network of pods gives this node's range to its pods, and knows the way to all others", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const programs = { kubectl: KUBECTL, ip: RECORDED, iptables: `${RECORDED}[ "$4" != -C ]\n` };
  for (const [name, text] of Object.entries(programs)) {
    await Deno.writeTextFile(`${path}/${name}`, text, { mode: 0o755 });
  }
  const script = (await Deno.readTextFile(new URL("pod_network.sh", FOLDER)))
    .replaceAll("/etc/cni/net.d", path).replaceAll("/run/pods.conflist", `${path}/new`);
  await new Deno.Command("/bin/sh", {
    args: ["-c", script],
    env: {
      NODE: "one",
      POD_CIDR: "10.244.0.0/16",
      PATH: `${path}:/usr/bin:/bin`,
      RECORD: `${path}/record`,
    },
  }).output();
  const { plugins } = JSON.parse(await Deno.readTextFile(`${path}/10-pods.conflist`));
  assertEquals(plugins[0].ipam.ranges, [[{ subnet: "10.244.1.0/24" }]]);
  const asked = (await Deno.readTextFile(`${path}/record`)).trim().split("\n");
  const added = asked.filter((line) => !line.includes(" -C "));
  assertEquals(added, [
    "iptables -w -t nat -A POSTROUTING -s 10.244.1.0/24 -d 10.244.0.0/16 -j RETURN",
    "iptables -w -t nat -A POSTROUTING -s 10.244.1.0/24 -j MASQUERADE",
    "ip route replace 10.244.2.0/24 via 172.18.0.3",
  ]);
});

Deno.test("what kind applies to a new cluster is JSON that kubectl reads, one object after the other", () => {
  const objects = [...networkObjects(), ...storageObjects()];
  const parts = manifestText(objects).split("---\n").map((part) => JSON.parse(part));
  assertEquals(parts.map(({ kind }) => kind), [
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "DaemonSet",
    "StorageClass",
  ]);
});

Deno.test("containerd of a node keeps pods by the image that it is given", () => {
  assertStringIncludes(nodeContainerdToml("localhost/x:1"), '  sandbox_image = "localhost/x:1"\n');
});
