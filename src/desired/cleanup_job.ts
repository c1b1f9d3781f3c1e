import { ANNOTATIONS, type Component, type DefaultedComponent, durationMs, LABELS } from "#api";
import type { KubeObject } from "#base";
import { cleanupScript, leftoversOf, leftoverText } from "./command/cleanup.ts";
import { holdsTools, pulsarService } from "./command/download.ts";
import { cleanupJobName, namespaceOf, suffixOf } from "./names.ts";
import { type Backend, backendOf, withBackendEnv } from "./pod/backend.ts";
import { CONTAINER_SECURITY, pullPolicy, runnerImage } from "./pod/container.ts";
import { serviceEnvFrom } from "./pod/env.ts";
import { podSettings } from "./pod/template.ts";
import { cleanupVolumes, mountsOf, podVolumes } from "./pod/volumes.ts";
import type { Facts, Settings } from "./settings.ts";
import { type Part, someIn, someOf, tidyObject } from "./tidy.ts";

/** What a Java program needs to make a few calls; not what the runner needs (W-29). */
const RESOURCES: Part = {
  requests: { cpu: "100m", memory: "128Mi" },
  limits: { cpu: "1", memory: "512Mi" },
};
/**
 * A Job tries once: its pod fails for good, and whoever made the Job tells why and makes the next one, from the resource
 * as it is then (W-31, W-33, W-34).
 */
const BACKOFF_LIMIT = 0;
/** Seconds that a finished Job stays when nobody removes it: whatever becomes of its resource, it does not leak. */
const KEPT_SECONDS = 3600;
/** How long a deletion is held up for the clean-up, where the resource does not say. */
const DEADLINE_MS = 10 * 60_000;

/** Value of the component label of clean-up Jobs: not that of any component, so that nothing selects their pods (W-35). */
export const CLEANUP_COMPONENT = "cleanup";

/**
 * How long the deletion of a component may wait for its clean-up, in milliseconds: the annotation
 * `compute.functionmesh.io/cleanup-deadline` (`30m`), or 10 minutes; also where the annotation is no duration, as a
 * deletion never waits for ever.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cleanupDeadlineMs } from "#desired";
 * const metadata = { name: "a", annotations: { "compute.functionmesh.io/cleanup-deadline": "30m" } };
 * assertEquals(cleanupDeadlineMs({ metadata }), 1_800_000);
 * assertEquals(cleanupDeadlineMs({ metadata: { name: "a" } }), 600_000);
 * ```
 */
export function cleanupDeadlineMs(component: Pick<KubeObject, "metadata">): number {
  const text = component.metadata.annotations?.[ANNOTATIONS.cleanupDeadline];
  return (text === undefined ? undefined : durationMs(text)) ?? DEADLINE_MS;
}

/** What has to be removed from Pulsar when a component is deleted, in words; empty where nothing has to be (W-37). */
export function cleanupTargets(component: DefaultedComponent): readonly string[] {
  return wantsCleanup(component) ? leftoversOf(component).map(leftoverText) : [];
}

/**
 * Whether something has to be removed from Pulsar when this component is deleted. Not where a label says that the
 * component belongs to a Pulsar cluster's own worker service, or an annotation says no.
 */
export function wantsCleanup(component: Component): boolean {
  const { labels, annotations } = component.metadata;
  if (
    labels?.[LABELS.pulsarCluster] !== undefined || labels?.[LABELS.oldPulsarCluster] !== undefined
  ) {
    return false;
  }
  if (annotations?.[ANNOTATIONS.needCleanup] === "false") return false;
  return component.kind === "Source"
    ? Boolean(component.spec.batchSourceConfig)
    : component.spec.cleanupSubscription === true;
}

/**
 * The Job that removes a deleted component's subscriptions, made when it is deleted; undefined where there is nothing to
 * remove. It starts at once and is made from the resource as it is then (W-32, W-34).
 *
 * # Guarantees
 * Its pods have no label set that the component's Service, StatefulSet or autoscaler selects by (W-35), and no sidecar
 * that would keep them from ending. It has no owner: the owner is going, and a foreground deletion would remove the Job
 * before it has run. It is found by its name, and belongs to the component whose uid is its `owner` label. A pod that
 * fails says why in its termination message.
 */
export function cleanupJob(
  component: DefaultedComponent,
  facts: Facts,
  settings: Settings,
): KubeObject | undefined {
  if (!wantsCleanup(component)) return undefined;
  const { cleanupImage, image, imageHasPulsarctl, pulsar } = component.spec;
  // The volumes and the command authenticate alike, for Sources too (W-30).
  const auth = pulsar?.cleanupAuthConfig ?? pulsar?.authConfig;
  const pulsarctl = holdsTools(cleanupImage || image) || imageHasPulsarctl === true;
  const script = cleanupScript(component, { auth, tools: { pulsarctl } });
  if (script === undefined) return undefined;
  const backend = backendOf(facts);
  const labels = jobLabels(component);
  return tidyObject({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: cleanupJobName(component), namespace: namespaceOf(component), labels },
    spec: {
      activeDeadlineSeconds: Math.max(1, Math.ceil(cleanupDeadlineMs(component) / 1000)),
      backoffLimit: BACKOFF_LIMIT,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: {
          labels: { ...settings.resourceLabels, ...component.spec.pod?.labels, ...labels },
          annotations: someIn({
            ...settings.resourceAnnotations,
            ...component.spec.pod?.annotations,
          }),
        },
        spec: jobPod(component, { settings, backend, script }),
      },
    },
  });
}

function jobLabels(component: DefaultedComponent): Part {
  return {
    [LABELS.appInstance]: cleanupJobName(component),
    [LABELS.appName]: cleanupJobName(component),
    [LABELS.cleanupOf]: suffixOf(component),
    [LABELS.component]: CLEANUP_COMPONENT,
    [LABELS.name]: component.metadata.name,
    [LABELS.namespace]: namespaceOf(component),
    [LABELS.owner]: component.metadata.uid ?? "",
  };
}

interface JobPodInput {
  readonly settings: Settings;
  readonly backend: Backend;
  readonly script: string;
}

function jobPod(component: DefaultedComponent, { settings, backend, script }: JobPodInput): Part {
  const { spec } = component;
  const own = cleanupVolumes(component, spec.pulsar?.cleanupAuthConfig ?? spec.pulsar?.authConfig);
  const volumes = podVolumes(component, own);
  const names = new Set(volumes.map((volume) => volume["name"]));
  const container = {
    name: "cleanup",
    image: spec.cleanupImage || runnerImage(component, settings),
    imagePullPolicy: pullPolicy(component, settings),
    command: ["sh", "-c", script],
    env: someOf(spec.pod?.env),
    envFrom: someOf(serviceEnvFrom(pulsarService(component))),
    resources: RESOURCES,
    securityContext: CONTAINER_SECURITY,
    // The end of the output is what the event of a failure says.
    terminationMessagePolicy: "FallbackToLogsOnError",
    // A volume claimed by the StatefulSet belongs to its pods.
    volumeMounts: someOf(
      mountsOf("cleanup", component, own).filter((mount) => names.has(mount["name"])),
    ),
  };
  return {
    ...podSettings(component, { settings: { ...settings, addDefaultAffinity: false }, backend }),
    restartPolicy: "Never",
    containers: [withBackendEnv(container, backend)],
    volumes: someOf(volumes),
  };
}
