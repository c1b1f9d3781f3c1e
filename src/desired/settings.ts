import type { BackendConfig } from "#api";

/** The image of each runner, for resources that name none. */
export interface RunnerImages {
  readonly java: string;
  readonly python: string;
  readonly go: string;
  /** By language of the generic runtime. */
  readonly genericRuntime: Readonly<Record<string, string>>;
}

/** How the program was told to make objects: the same for all resources. */
export interface Settings {
  /** Download packages in an init container rather than in the runner's own command. */
  readonly enableInitContainers: boolean;
  /** Spread the pods of a resource over nodes where possible. */
  readonly addDefaultAffinity: boolean;
  /** `runAsNonRoot` of the pod security context that is used where nobody sets one. */
  readonly runAsNonRoot: boolean;
  readonly runnerImages: RunnerImages;
  readonly runnerImagePullSecrets: readonly string[];
  /** Pull policy of runners whose resource names none. */
  readonly runnerImagePullPolicy?: string;
  /** Labels of all pods; those of a resource win. */
  readonly resourceLabels: Readonly<Record<string, string>>;
  /** Annotations of all pods; those of a resource win. */
  readonly resourceAnnotations: Readonly<Record<string, string>>;
  /** ServiceAccounts as which pods may run, as `NAME` or `NAMESPACE/NAME`; any of the namespace when left out. */
  readonly podServiceAccounts?: readonly string[];
  /** Whether the API server serves `autoscaling.k8s.io/v1`. */
  readonly verticalPodAutoscaler: boolean;
}

/** What is read from the cluster besides the resource itself. */
export interface Facts {
  readonly globalBackendConfig?: BackendConfig;
  readonly namespacedBackendConfig?: BackendConfig;
}

/** The settings of the reference operator when it is told nothing. */
export const DEFAULT_SETTINGS: Settings = {
  enableInitContainers: false,
  addDefaultAffinity: true,
  runAsNonRoot: false,
  runnerImages: {
    java: "streamnative/pulsar-functions-java-runner:2.10.0.0-rc10",
    python: "streamnative/pulsar-functions-python-runner:2.10.0.0-rc10",
    go: "streamnative/pulsar-functions-go-runner:2.10.0.0-rc10",
    genericRuntime: {
      executable: "streamnative/pulsar-functions-generic-base-runner:0.1.0",
      nodejs: "streamnative/pulsar-functions-generic-nodejs-runner:0.1.0",
      python: "streamnative/pulsar-functions-generic-python-runner:0.1.0",
      wasm: "streamnative/pulsar-functions-generic-base-runner:0.1.0",
    },
  },
  runnerImagePullSecrets: [],
  resourceLabels: {},
  resourceAnnotations: {},
  verticalPodAutoscaler: true,
};
