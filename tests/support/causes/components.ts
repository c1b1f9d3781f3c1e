/** Causes of components, each with what makes it on a real control plane with simulated nodes. */
import { eventually, FAIL } from "../control_plane.ts";
import { REFUSAL_CAUSES } from "./refusals.ts";
import { SCHEDULING_CAUSES } from "./scheduling.ts";
import { userFunction } from "../controller_story.ts";
import {
  type CauseStage,
  failing,
  firstPod,
  KEPT_POD,
  type MadeCause,
  REFUSED_POD,
} from "./stage.ts";

/** A pod that is on its way up for good. */
const STARTING = { [FAIL]: "ContainerCreating" };

/** What a container said last, and what there is to do: each word of the table once. */
const LAST_WORDS: readonly (readonly [string, string, RegExp])[] = [
  ["class", "java.lang.ClassNotFoundException: a.B", /spec\.className/],
  ["module", "ModuleNotFoundError: No module named 'a'", /Put the module/],
  ["package", "ERROR 404: File not found", /location of the package/],
  ["credentials", "AuthorizationException: no", /credentials of spec\.pulsar/],
  ["broker", "java.net.ConnectException: Connection refused", /spec\.pulsar\.pulsarConfig/],
  ["schema", "IncompatibleSchemaException: no", /another schema/],
  ["heap", "java.lang.OutOfMemoryError: Java heap space", /limits\.memory/],
  ["subscription", "ConsumerBusyException: taken", /spec\.subscriptionName/],
];

/** What a container waits for, and what there is to do. */
const WAITING: readonly (readonly [string, string, RegExp])[] = [
  ["ErrImagePull", "not found", /Check spec\.image/],
  ["ImagePullBackOff", "Back-off pulling image", /Check spec\.image/],
  ["ErrImageNeverPull", "image is not present with pull policy of Never", /spec\.imagePullPolicy/],
  ["ImageInspectError", "failed to inspect image", /remove it there/],
  ["InvalidImageName", "couldn't parse image reference", /no name of an image/],
  ["RegistryUnavailable", "registry is unavailable", /until the registry answers/],
  ["CreateContainerConfigError", 'secret "database" not found', /Create the Secret, ConfigMap/],
  ["CreateContainerError", "name is reserved", /the name of a container/],
  ["RunContainerError", "no such device", /command of the image or a mount/],
];

/** How a container ended that is not started again yet, and what there is to do. */
const ENDED: readonly (readonly [string, string, RegExp])[] = [
  ["Error", "it said nothing of use", /kubectl logs --previous/],
  ["Completed", "done", /kubectl logs --previous/],
  ["StartError", "exec: no such file", /command of the image/],
  ["ContainerCannotRun", "no such program", /spec\.image against the runtime/],
  ["ContainerStatusUnknown", "could not be located", /look at the node/],
];

/** Why a node, or who looks after nodes, gave a pod up, and what there is to do. */
const GIVEN_UP: readonly (readonly [string, RegExp])[] = [
  ["Evicted", /raise spec\.resources\.requests/],
  ["NodeLost", /delete its pods/],
  ["NodeShutdown", /comes back on another/],
  ["DeadlineExceeded", /took longer than it may/],
  ["PodFailed", /log of the pod/],
];

/** All of them. */
export const COMPONENT_CAUSES: readonly MadeCause[] = [
  ...LAST_WORDS.map(([slug, message, remedy]): MadeCause => ({
    reason: "CrashLoopBackOff",
    name: `function/says-${slug}`,
    make: (stage) => failing("CrashLoopBackOff", message)(stage, `says-${slug}`),
    says: /keeps failing \(restarted 3 times\): the last run ended with exit code 1/,
    remedy,
  })),
  ...WAITING.map(([reason, message, remedy]): MadeCause => ({
    reason,
    name: `function/waits-${reason.toLowerCase()}`,
    make: (stage) => failing(reason, message)(stage, `waits-${reason.toLowerCase()}`),
    says: new RegExp(`container pulsar-function cannot .*${message}`),
    remedy,
  })),
  ...ENDED.map(([reason, message, remedy]): MadeCause => ({
    reason,
    name: `function/ended-${reason.toLowerCase()}`,
    make: (stage) => ended(stage, `ended-${reason.toLowerCase()}`, { reason, message }),
    says: new RegExp(`container pulsar-function ended with exit code 128\\b.*${message}`),
    remedy,
  })),
  {
    reason: "CrashLoopBackOff",
    name: "function/says-killed",
    make: (stage) => failing("CrashLoopBackOff", "Killed", 137)(stage, "says-killed"),
    says: /exit code 137 \(SIGKILL/,
    remedy: /failing probes/,
  },
  {
    reason: "CrashLoopBackOff",
    name: "function/says-nothing",
    make: (stage) => failing("CrashLoopBackOff", "bye")(stage, "says-nothing"),
    says: /ended with exit code 1: bye/,
    remedy: /Read the log of the container/,
  },
  {
    reason: "OOMKilled",
    name: "function/memory",
    make: (stage) => failing("OOMKilled")(stage, "memory"),
    says: /exit code 137 \(OOMKilled\)/,
    remedy: /Raise spec\.resources\.limits\.memory/,
  },
  {
    reason: "ContainerNotReady",
    name: "function/not-ready",
    make: (stage) => failing("NotReady")(stage, "not-ready"),
    says: /runs but is not ready yet/,
    remedy: /Read the log/,
  },
  {
    reason: "Terminated",
    name: "function/ended-silently",
    make: (stage) => ended(stage, "ended-silently", {}),
    says: /container pulsar-function ended with exit code 128/,
    remedy: /Read the log of the container/,
  },
  ...GIVEN_UP.map(([reason, remedy]): MadeCause => ({
    reason,
    name: `function/given-up-${reason.toLowerCase()}`,
    make: (stage) => givenUp(stage, `given-up-${reason.toLowerCase()}`, reason),
    says: new RegExp(`Pod given-up-${reason.toLowerCase()}-function-0: `),
    remedy,
  })),
  ...REFUSAL_CAUSES,
  ...mountCauses(),
  ...SCHEDULING_CAUSES,
  ...refusedCauses(),
  quotaCause(),
  ownerCause(),
  ...ordinaryCauses(),
  ...deletionCauses(),
];

/** A container whose end the node shows, as a kubelet writes it before the next start. */
async function ended(
  stage: CauseStage,
  name: string,
  end: { readonly message?: string; readonly reason?: string },
): Promise<void> {
  await stage.story.apply(userFunction(name, { pod: { annotations: STARTING } }));
  await firstPod(stage, name);
  const pod = `pod/${name}-function-0`;
  await stage.story.kubectl("wait", "--for=condition=Ready=False", pod, "--timeout=180s");
  const state = { terminated: { exitCode: 128, ...end } };
  const container = { name: "pulsar-function", image: "a", imageID: "", restartCount: 1 };
  const containerStatuses = [{ ...container, ready: false, state }];
  await stage.story.patch(pod, { status: { containerStatuses } }, "--subresource=status");
}

/** A pod that failed as a whole, and that nobody can delete: otherwise the next one is there at once. */
async function givenUp(stage: CauseStage, name: string, reason: string): Promise<void> {
  const labels = { [KEPT_POD]: "true" };
  await stage.story.apply(userFunction(name, { pod: { annotations: STARTING, labels } }));
  await firstPod(stage, name);
  const told = reason === "PodFailed" ? {} : { reason, message: "the node says so" };
  const status = { phase: "Failed", ...told };
  await stage.story.patch(`pod/${name}-function-0`, { status }, "--subresource=status");
}

function mountCauses(): MadeCause[] {
  const rows = [
    ["FailedMount", 'configmap "settings" not found', /correct spec\.pod\.volumes/],
    ["FailedAttachVolume", "Multi-Attach error for volume", /Free the volume/],
  ] as const;
  return rows.map(([reason, message, remedy]) => {
    const name = reason.toLowerCase();
    return {
      reason,
      name: `function/${name}`,
      make: async (stage) => {
        await stage.story.apply(userFunction(name, { pod: { annotations: STARTING } }));
        const { metadata } = await firstPod(stage, name);
        const now = new Date().toISOString().replace(/\.\d+/, "");
        await stage.story.apply({
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: `${name}.1` },
          type: "Warning",
          reason,
          message,
          involvedObject: { apiVersion: "v1", kind: "Pod", ...metadataOf(metadata, stage) },
          firstTimestamp: now,
          lastTimestamp: now,
          count: 1,
          source: { component: "kubelet" },
        });
      },
      says: new RegExp(`Pod ${name}-function-0: ${message}`),
      remedy,
    };
  });
}

function metadataOf(
  { name, uid = "" }: { readonly name: string; readonly uid?: string },
  { story }: CauseStage,
) {
  return { name, uid, namespace: story.namespace };
}

function refusedCauses(): MadeCause[] {
  const labels = { [REFUSED_POD]: "true" };
  const simple = (name: string, spec: Record<string, unknown> = {}) => ({
    name: `function/${name}`,
    make: ({ story }: CauseStage) => story.apply(userFunction(name, spec)),
  });
  return [
    {
      reason: "PodCreationFailed",
      ...simple("refused-pods", { pod: { labels } }),
      says: /no budget for it/,
      remedy: /a policy, a webhook or a missing account/,
    },
    {
      reason: "Forbidden",
      ...simple("forbidden"),
      says: /Cannot apply StatefulSet .*ask ops/,
      remedy: /do what the policy asks for/,
    },
    {
      reason: "Invalid",
      ...simple("invalid-object"),
      says: /Cannot apply StatefulSet .*no name/,
      remedy: /Correct what the API server refuses/,
    },
    {
      reason: "InvalidSpec",
      ...simple("invalid", { input: { topics: [] } }),
      says: /^spec\.input/,
      remedy: /Correct the fields that the message names/,
    },
  ];
}

function quotaCause(): MadeCause {
  const storage = { "ephemeral-storage": "2Gi", cpu: "1", memory: "1Gi" };
  return {
    reason: "QuotaExceeded",
    name: "function/quota",
    make: async ({ story }) => {
      await story.apply({
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "disks" },
        spec: { hard: { "requests.ephemeral-storage": "1Gi" } },
      });
      await eventually(async () => {
        const { status } = await story.get("resourcequota/disks");
        return (status as { readonly hard?: unknown } | undefined)?.hard !== undefined;
      }, { timeoutMs: 180_000 });
      const resources = { requests: storage, limits: storage };
      await story.apply(userFunction("quota", { resources }));
    },
    says: /exceeded quota: disks/,
    remedy: /Raise the ResourceQuota/,
  };
}

function ownerCause(): MadeCause {
  return {
    reason: "NotOwned",
    name: "function/taken",
    make: async ({ story }) => {
      await story.kubectl("create", "configmap", "holder");
      const { metadata: { uid = "" } } = await story.get("configmap/holder");
      const owner = {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: "holder",
        uid,
        controller: true,
      };
      await story.apply({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "taken-function-headless", ownerReferences: [owner] },
        spec: { ports: [{ port: 80 }] },
      }, userFunction("taken"));
    },
    says: /is in the way: it is controlled by/,
    remedy: /remove the object that is in its way/,
  };
}

function ordinaryCauses(): MadeCause[] {
  const MANAGED = "compute.functionmesh.io/managed";
  const starting = { pod: { annotations: STARTING } };
  return [
    {
      reason: "Progressing",
      name: "function/starting",
      make: ({ story }) => story.apply(userFunction("starting", starting)),
      says: /0\/1 pods ready: Pod starting-function-0 is pending/,
      remedy: /Wait: the program or the cluster is at work/,
    },
    {
      reason: "ScaledToZero",
      name: "function/zero",
      make: ({ story }) => story.apply(userFunction("zero", { replicas: 0 })),
      says: /Scaled to zero/,
      remedy: /spec\.replicas is 0/,
    },
    {
      reason: "RollingOut",
      name: "function/rolling",
      make: async ({ story }) => {
        await story.apply(userFunction("rolling", { replicas: 2 }));
        await story.untilReady("function/rolling");
        await story.patch("function/rolling", { spec: { image: "example/runner:2", ...starting } });
      },
      says: /1 of 2 pods run the current revision/,
      remedy: /pods of the new revision are ready/,
    },
    {
      reason: "NotObserved",
      name: "function/unseen",
      make: ({ story }) =>
        story.apply(userFunction("unseen", {}, { annotations: { [MANAGED]: "false" } })),
      says: /No controller has looked at it/,
      remedy: /compute\.functionmesh\.io\/managed/,
    },
    {
      reason: "PodStarting",
      name: "function/unmanaged",
      make: async (stage) => {
        const { story } = stage;
        await story.apply(userFunction("unmanaged", starting));
        await firstPod(stage, "unmanaged");
        await story.kubectl("annotate", "function/unmanaged", `${MANAGED}=false`);
        await story.patch("function/unmanaged", { spec: { replicas: 2 } });
      },
      says: /Pod unmanaged-function-0 is pending/,
      remedy: /the pod is on its way up/,
    },
  ];
}

function deletionCauses(): MadeCause[] {
  const deleted = async (
    { story }: CauseStage,
    name: string,
    annotations: Readonly<Record<string, string>>,
  ) => {
    await story.apply(userFunction(name, { cleanupSubscription: true, pod: { annotations } }));
    await story.untilReady(`function/${name}`, /^False /);
    await story.kubectl("delete", `function/${name}`, "--wait=false");
  };
  return [
    {
      reason: "Terminating",
      name: "function/leaving",
      make: async ({ story }) => {
        const finalizers = ["meshwright.test/held"];
        await story.apply(userFunction("leaving", {}, { finalizers }));
        await story.kubectl("delete", "function/leaving", "--wait=false");
      },
      says: /It is being deleted/,
      remedy: /finalizers in its metadata/,
    },
    {
      reason: "CleaningUp",
      name: "function/cleaning",
      make: (stage) => deleted(stage, "cleaning", STARTING),
      says: /^It is being deleted: /,
      remedy: /cleanup: skip/,
    },
    {
      reason: "CleanupFailed",
      name: "function/unclean",
      make: (stage) =>
        deleted(stage, "unclean", {
          [FAIL]: "Error",
          "meshwright.test/fail-message": "Reason: HTTP 401 Unauthorized",
        }),
      says: /^It is being deleted: Attempt \d+ failed: .*401 Unauthorized/,
      remedy: /clean-up Job's log/,
    },
  ];
}
