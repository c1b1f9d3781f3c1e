import { assertEquals } from "@std/assert";
import { KILLED_ANNOTATION } from "../../../scripts/e2e/program_health.ts";
import { eventually } from "../../support/eventually.ts";
import type { Pod, Story } from "./story.ts";

const LABEL = "app.kubernetes.io/component=controller";
const KILLER = "killer";

/** Ends the program as the kernel does when memory is short: nobody is asked, nothing is tidied up. */
export interface Killer {
  /** Kills it; resolves at once. */
  kill(): Promise<void>;
  /** Resolves when the process that came in its place is ready. */
  untilBack(): Promise<void>;
}

/** Starts a pod that sees the processes of the program's node: from within its own, the first one cannot be killed. */
export async function programKiller(story: Story): Promise<Killer> {
  const { metadata, spec } = await programPod(story);
  await story.cluster.apply([{
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: KILLER, namespace: story.namespace },
    spec: {
      hostPID: true,
      nodeName: spec.nodeName,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      containers: [{
        name: KILLER,
        image: story.image,
        imagePullPolicy: "IfNotPresent",
        command: ["sleep", "infinity"],
        securityContext: { privileged: true, runAsUser: 0 },
      }],
    },
  }]);
  await story.kubectl("wait", "--for=condition=Ready", `pod/${KILLER}`, "--timeout=180s");
  let before: string | undefined;
  return {
    async kill() {
      before = await containerOf(story);
      await tellKill(story);
      const found = 'grep -lF "$0" /proc/[0-9]*/cgroup | cut -d/ -f3';
      const script = `pids=$(${found}) && kill -9 $pids`;
      await story.cluster.kubectl(
        ["exec", "-n", story.namespace, KILLER, "--", "bash", "-c", script, before ?? ""],
      );
    },
    async untilBack() {
      await eventually(async () => {
        const pod = await programPod(story);
        assertEquals(pod.metadata.uid, metadata.uid);
        const [status] = pod.status.containerStatuses ?? [];
        return status?.ready === true && await containerOf(story) !== before;
      }, { timeoutMs: 300_000, intervalMs: 250 });
    },
  };
}

/** What looks for restarts after all tests has to know of this one. */
async function tellKill(story: Story): Promise<void> {
  const { metadata: { annotations = {}, name } } = await programPod(story);
  const count = Number(annotations[KILLED_ANNOTATION] ?? 0) + 1;
  await story.cluster.kubectl(
    [
      ...["annotate", "pod", name, "-n", story.setting.programNamespace, "--overwrite"],
      `${KILLED_ANNOTATION}=${count}`,
    ],
  );
}

async function programPod({ cluster, setting }: Story): Promise<Pod> {
  const { items } = await cluster.get<{ readonly items: readonly Pod[] }>(
    ["pods", "-n", setting.programNamespace, "-l", LABEL],
  );
  const [pod, ...others] = items;
  if (pod === undefined || others.length > 0) {
    throw new Error(`Cannot find the one pod of the program: ${items.length} pods`);
  }
  return pod;
}

/** The number of its container, as the node names its processes. */
async function containerOf(story: Story): Promise<string | undefined> {
  const [status] = (await programPod(story)).status.containerStatuses ?? [];
  return status?.containerID?.split("//")[1];
}
