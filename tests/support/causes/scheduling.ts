/** Causes of pods that get no node, as the real scheduler says them. */
import { userFunction } from "../controller_story.ts";
import { type CauseStage, firstPod, GATED_POD, type MadeCause } from "./stage.ts";

/** Label of the nodes that a stage makes, with its namespace. */
export const OWN_NODES = "meshwright.test/nodes-of";

const TAINT = { key: "team", value: "other", effect: "NoSchedule" };

const CPU = { cpu: "100000", memory: "1Gi" };

/** A claim that no StorageClass fills. */
const CLAIM = {
  metadata: { name: "data" },
  spec: {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "1Gi" } },
    storageClassName: "",
  },
};

/** All of them. */
export const SCHEDULING_CAUSES: readonly MadeCause[] = [
  ...specCauses(),
  ...nodeCauses(),
  ...gateCauses(),
];

function row(
  slug: string,
  spec: Record<string, unknown>,
  [says, remedy]: readonly [RegExp, RegExp],
): MadeCause {
  return {
    reason: "Unschedulable",
    name: `function/${slug}`,
    make: ({ story }) => story.apply(userFunction(slug, spec)),
    says,
    remedy,
  };
}

/** What no node has. */
function specCauses(): MadeCause[] {
  return [
    row("too-large", { resources: { requests: CPU, limits: CPU } }, [
      /cannot be scheduled: .*Insufficient cpu/,
      /Lower spec\.resources/,
    ]),
    row("no-node", { pod: { nodeSelector: { zone: "nowhere" } } }, [
      /cannot be scheduled: .*selector/,
      /Correct spec\.pod\.nodeSelector/,
    ]),
    row("no-volume", { volumeClaimTemplates: [CLAIM] }, [
      /cannot be scheduled: .*PersistentVolumeClaim/,
      /Make the volume available/,
    ]),
  ];
}

/** What a node is like. */
function nodeCauses(): MadeCause[] {
  return [
    {
      ...row("tainted", {}, [/cannot be scheduled: .*taint/, /or add spec\.pod\.tolerations/]),
      make: async ({ story }) => {
        const name = `tainted-${story.namespace}`;
        await ownNode(story, name, { taints: [TAINT] });
        const nodeSelector = { pool: name };
        await story.apply(userFunction("tainted", { pod: { nodeSelector } }));
      },
    },
    {
      ...row("only-tainted", {}, [
        /cannot be scheduled: .*taint/,
        /Add spec\.pod\.tolerations, or nodes/,
      ]),
      make: (stage) => onOwnNode(stage, "only-tainted", { taints: [TAINT] }),
    },
    {
      ...row("cordoned", {}, [/cannot be scheduled: .*unschedulable/, /Give the pod a node/]),
      make: (stage) => onOwnNode(stage, "cordoned", { unschedulable: true }),
    },
  ];
}

/** What the scheduler does not look at, or fails with. */
function gateCauses(): MadeCause[] {
  return [
    {
      ...row("unscheduled", {}, [/cannot be scheduled: it broke/, /log of the scheduler/]),
      reason: "SchedulerError",
      make: async (stage) => {
        const { story } = stage;
        // The scheduler itself leaves a pod with a gate alone.
        const pod = { labels: { [GATED_POD]: "true" } };
        await story.apply(userFunction("unscheduled", { pod }));
        await firstPod(stage, "unscheduled");
        const condition = { type: "PodScheduled", status: "False", message: "it broke" };
        const status = { conditions: [{ ...condition, reason: "SchedulerError" }] };
        await story.patch("pod/unscheduled-function-0", { status }, "--subresource=status");
      },
    },
    {
      ...row("gated", { pod: { labels: { [GATED_POD]: "true" } } }, [
        /cannot be scheduled: .*gate/,
        /that one has to lift them/,
      ]),
      reason: "SchedulingGated",
    },
  ];
}

/** A node that only this test's pods ask for; the namespace's name is in its name. */
async function ownNode(
  story: CauseStage["story"],
  name: string,
  spec: Record<string, unknown>,
): Promise<void> {
  await story.kubectl("delete", "node", name, "--ignore-not-found");
  const metadata = { name, labels: { pool: name, [OWN_NODES]: story.namespace } };
  await story.apply({ apiVersion: "v1", kind: "Node", metadata, spec });
}

/** A Function whose pod asks for one node by its name: of all others nothing is said. */
async function onOwnNode(
  { story }: CauseStage,
  name: string,
  spec: Record<string, unknown>,
): Promise<void> {
  const node = `${name}-${story.namespace}`;
  await ownNode(story, node, spec);
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  await story.apply(userFunction(name, { pod: { affinity } }));
}
