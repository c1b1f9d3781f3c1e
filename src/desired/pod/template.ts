import type { DefaultedComponent } from "#api";
import { isPlainObject, sameJson } from "#base";
import { selectorLabels } from "../names.ts";
import { METRICS_PORT } from "../ports.ts";
import { quantitiesSpelled } from "../quantities.ts";
import type { Settings } from "../settings.ts";
import { type Part, someIn, someOf } from "../tidy.ts";
import { type Backend, withBackendEnv } from "./backend.ts";
import { runnerContainer } from "./container.ts";
import { downloader } from "./downloader.ts";
import { logAgent } from "./log_agent.ts";
import { ownVolumes, podVolumes } from "./volumes.ts";

/** User and groups of the runner images. */
const RUNNER_IDS: Part = { runAsUser: 10000, runAsGroup: 10001, fsGroup: 10001 };

/** What a pod is made from besides its component. */
export interface PodInput {
  readonly settings: Settings;
  readonly backend: Backend;
}

/** The pods of a component, as its StatefulSet makes them. */
export function podTemplate(component: DefaultedComponent, { settings, backend }: PodInput): Part {
  const own = ownVolumes(component, settings);
  const pod = component.spec.pod ?? {};
  const containers = [
    ...(pod.sidecars ?? []).map(spelledContainer),
    runnerContainer(component, { own, settings, backend }),
    ...logAgent(component, own),
  ];
  return {
    metadata: podMeta(component, { settings, backend }),
    spec: {
      ...podSettings(component, { settings, backend }),
      initContainers: someOf([
        ...(pod.initContainers ?? []).map(spelledContainer),
        ...downloader(component, { own, settings }),
      ]),
      containers: containers.map((container) => withBackendEnv(container, backend)),
      volumes: someOf(podVolumes(component, own)),
    },
  };
}

/** Labels and annotations of a pod. The labels that the StatefulSet selects by win over everybody's (W-23). */
export function podMeta(component: DefaultedComponent, { settings, backend }: PodInput): Part {
  const { labels, annotations } = component.spec.pod ?? {};
  return {
    labels: {
      ...backend.pod.labels,
      ...settings.resourceLabels,
      ...labels,
      ...selectorLabels(component),
    },
    annotations: {
      ...backend.pod.annotations,
      "prometheus.io/scrape": "true",
      "prometheus.io/port": String(METRICS_PORT.port),
      ...settings.resourceAnnotations,
      ...annotations,
    },
  };
}

/** Where and how a pod runs: everything in its spec but containers and volumes. */
export function podSettings(component: DefaultedComponent, { settings, backend }: PodInput): Part {
  const pod = component.spec.pod ?? {};
  return {
    affinity: affinityOf(component, { settings, backend }),
    imagePullSecrets: pullSecrets([
      ...backend.pod.imagePullSecrets ?? [],
      ...pod.imagePullSecrets ?? [],
      ...settings.runnerImagePullSecrets.map((name) => ({ name })),
    ]),
    nodeSelector: someIn({ ...backend.pod.nodeSelector, ...pod.nodeSelector }),
    securityContext: pod.securityContext ?? backend.pod.securityContext ?? {
      ...RUNNER_IDS,
      runAsNonRoot: settings.runAsNonRoot,
      seccompProfile: { type: "RuntimeDefault" },
    },
    serviceAccountName: pod.serviceAccountName || backend.pod.serviceAccountName || undefined,
    terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds ??
      backend.pod.terminationGracePeriodSeconds,
    tolerations: someOf([...backend.pod.tolerations ?? [], ...pod.tolerations ?? []]),
  };
}

/** Each Secret once: the API keys the list by name. */
function pullSecrets(secrets: readonly Part[]): readonly Part[] | undefined {
  const names = secrets.map((secret) => secret["name"]);
  return someOf(secrets.filter((secret, index) => names.indexOf(secret["name"]) === index));
}

/**
 * The affinity that is asked for, with the wish that pods of one component run on different nodes. It looks for the
 * labels of the resource and the settings only: those of a BackendConfig may change while pods run.
 */
function affinityOf(component: DefaultedComponent, { settings, backend }: PodInput): unknown {
  const pod = component.spec.pod ?? {};
  const asked = pod.affinity ?? backend.pod.affinity;
  if (!settings.addDefaultAffinity || pod.disableDefaultAffinity === true) return asked;
  const anti = isPlainObject(asked?.["podAntiAffinity"]) ? asked["podAntiAffinity"] : {};
  const preferred = anti["preferredDuringSchedulingIgnoredDuringExecution"];
  const matchLabels = { ...settings.resourceLabels, ...pod.labels, ...selectorLabels(component) };
  const own = {
    weight: 100,
    podAffinityTerm: { labelSelector: { matchLabels }, topologyKey: "kubernetes.io/hostname" },
  };
  // The reference operator stored this term in resources, some of them twice (W-4).
  const others = (Array.isArray(preferred) ? preferred : []).filter((term) => !sameJson(term, own));
  return {
    ...asked,
    podAntiAffinity: {
      ...anti,
      preferredDuringSchedulingIgnoredDuringExecution: [...others, own],
    },
  };
}

function spelledContainer(container: Part): Part {
  return quantitiesSpelled(container) as Part;
}
