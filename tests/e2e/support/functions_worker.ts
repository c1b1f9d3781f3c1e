import { readyWhen, runnerContainer, runnerPod } from "../../../scripts/e2e/runner_pod.ts";
import type { BrokerAccess } from "./setting.ts";
import type { Pod, Story } from "./story.ts";

/** Name of its pod. */
export const WORKER_POD = "functions-worker";

/** As the plain broker of all tests has it, and what lets functions be effectively once. */
const SETTINGS = [
  "brokerDeleteInactiveTopicsEnabled=false",
  "brokerDeduplicationEnabled=true",
  "defaultRetentionSizeInMB=64",
  "defaultRetentionTimeInMinutes=240",
  "enablePackagesManagement=true",
  "packagesManagementStorageProvider=" +
  "org.apache.pulsar.packages.management.storage.filesystem.FileSystemPackagesStorageProvider",
  "STORAGE_PATH=/data/packages",
  "numIOThreads=2",
  "numHttpServerThreads=8",
];

/** A Pulsar of a story's own. */
export interface FunctionsWorker extends BrokerAccess {
  readonly podIp: string;
}

/**
 * Starts a Pulsar with the functions worker that comes with it: each instance is a process of its pod. Resolves when the
 * broker is ready; the worker is a little later.
 */
export async function startFunctionsWorker(story: Story): Promise<FunctionsWorker> {
  const { metadata, ...pod } = workerPod(story) as Pick<Pod, "metadata">;
  const { namespace } = story;
  await story.cluster.apply([{
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name: WORKER_POD, namespace },
    ...pod,
  }]);
  await story.kubectl("wait", "--for=condition=Ready", `pod/${WORKER_POD}`, "--timeout=900s");
  const { status: { podIP: podIp } } = await story.get<Pod>("Pod", WORKER_POD);
  if (podIp === undefined) throw new Error("Cannot use the worker: its pod has no address");
  return { podIp, serviceUrl: `pulsar://${podIp}:6650`, webUrl: `http://${podIp}:8080` };
}

function workerPod(story: Story): Record<string, unknown> {
  const [node = ""] = story.setting.nodes.slice(-1);
  const place = { image: story.image, node };
  const script = [
    "set -eu",
    `(cat conf/standalone.conf; printf '\\n%s\\n' ${SETTINGS.join(" ")}) > /data/standalone.conf`,
    "exec bin/pulsar standalone --no-stream-storage" +
    ' --advertised-address "$POD_IP"' +
    " --metadata-dir /data/metadata --bookkeeper-dir /data/bookkeeper",
  ].join("\n");
  return runnerPod(place, {
    name: WORKER_POD,
    containers: [{
      ...runnerContainer(place, { name: WORKER_POD, script, memory: "2560Mi" }),
      env: [
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "PULSAR_STANDALONE_CONF", value: "/data/standalone.conf" },
        { name: "PULSAR_LOG_DIR", value: "/data/logs" },
        { name: "PULSAR_MEM", value: "-Xms192m -Xmx384m -XX:MaxDirectMemorySize=384m" },
        { name: "PULSAR_GC", value: "-XX:+UseSerialGC -XX:TieredStopAtLevel=1" },
        { name: "PULSAR_GC_LOG", value: "-Xlog:disable" },
        // Of what is started in it besides, as pulsar-admin.
        { name: "PULSAR_EXTRA_OPTS", value: "-XX:+UseSerialGC -XX:TieredStopAtLevel=1" },
      ],
      readinessProbe: readyWhen({ path: "/admin/v2/brokers/health", port: 8080 }),
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    }],
    volumes: [{ name: "data", emptyDir: {} }],
  });
}
