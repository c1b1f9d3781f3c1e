import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { conditionText, e2eTest, type Pod, type Story } from "./support/story.ts";

const SILENT = "silent";
const PORT = 8000;
const WAIT = { timeoutMs: 180_000, intervalMs: 500 };

/** A server that takes connections and never says anything. @returns its address */
async function silentServer(story: Story): Promise<string> {
  const listen = `import socket, time
server = socket.create_server(("", ${PORT}), backlog=128)
time.sleep(86400)`;
  await story.cluster.apply([{
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: SILENT, namespace: story.namespace },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      containers: [{
        name: SILENT,
        image: story.image,
        imagePullPolicy: "IfNotPresent",
        command: ["python3", "-c", listen],
      }],
    },
  }]);
  await story.kubectl("wait", "--for=condition=Ready", `pod/${SILENT}`, "--timeout=180s");
  const { status } = await story.get<Pod>("Pod", SILENT);
  return `http://${status.podIP}:${PORT}`;
}

/** What the processes of the program's pod are called, with their states: `Z` has ended and is not taken notice of. */
async function processes(story: Story): Promise<string[]> {
  const { cluster, setting } = story;
  const script = 'for s in /proc/[0-9]*/stat; do read -r line <"$s" && echo "$line"; done';
  const text = await cluster.kubectl(
    ["exec", "-n", setting.programNamespace, "deploy/meshwright", "--", "sh", "-c", script],
  );
  return text.split("\n").flatMap((line) => {
    const [, name = "", state = ""] = /^\d+ \((.*)\) (\w)/.exec(line) ?? [];
    return name === "" ? [] : [`${state} ${name}`];
  });
}

e2eTest("git", "C2: what git started ends with it, and no process is left", async (story) => {
  const url = `${await silentServer(story)}/meshes.git`;
  await story.changeSync({ url, timeout: "20s" });
  await eventually(async () => {
    assertMatch((await processes(story)).join(), /git-remote-http/);
    return true;
  }, WAIT);
  await eventually(async () => {
    const text = conditionText((await story.meshSync()).status?.conditions, "Ready");
    assertMatch(text, /Cannot finish within 20 s/);
    return true;
  }, WAIT);
  await story.changeSync({ suspend: true });
  await eventually(async () => {
    const left = (await processes(story)).filter((one) => /git-remote|^Z/.test(one));
    assertEquals(left, []);
    return true;
  }, WAIT);
});
