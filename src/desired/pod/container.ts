import { type DefaultedComponent, isPullPolicy } from "#api";
import { runnerScript } from "../command/script.ts";
import { runnerOf } from "../command/runner.ts";
import { runnerContainerName } from "../names.ts";
import { GRPC_PORT, METRICS_PORT } from "../ports.ts";
import { quantitiesSpelled } from "../quantities.ts";
import type { Settings } from "../settings.ts";
import { entryOf, type Part, someOf } from "../tidy.ts";
import type { Backend } from "./backend.ts";
import { runnerEnv, runnerEnvFrom } from "./env.ts";
import { livenessProbe } from "./probes.ts";
import { mountsOf, type OwnVolume } from "./volumes.ts";

/** Image of runners that nothing tells more about. */
const PULSAR_IMAGE = "streamnative/pulsar-all:2.10.0.0-rc10";

/** What a container of ours may do: nothing beyond its own files. */
export const CONTAINER_SECURITY: Part = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

/** What a runner's container is made from. */
export interface RunnerInput {
  readonly own: readonly OwnVolume[];
  readonly settings: Settings;
  readonly backend: Backend;
}

/** The container that runs the user's code. */
export function runnerContainer(
  component: DefaultedComponent,
  { own, settings, backend }: RunnerInput,
): Part {
  const { pod, resources } = component.spec;
  return {
    name: runnerContainerName(component),
    image: runnerImage(component, settings),
    imagePullPolicy: pullPolicy(component, settings),
    command: runnerScript(component, settings),
    ports: [GRPC_PORT, METRICS_PORT].map(({ name, port }) => ({
      name,
      containerPort: port,
      protocol: "TCP",
    })),
    env: runnerEnv(component),
    envFrom: someOf(runnerEnvFrom(component)),
    resources: quantitiesSpelled(resources),
    volumeMounts: someOf(mountsOf("runner", component, own)),
    livenessProbe: livenessProbe(pod?.liveness) ?? livenessProbe(backend.pod.liveness),
    startupProbe: pod?.startupProbe ?? backend.pod.startupProbe,
    securityContext: CONTAINER_SECURITY,
  };
}

/** The resource's, else the configured one (W-5). One that Kubernetes does not know would cost the whole pod. */
export function pullPolicy({ spec }: DefaultedComponent, settings: Settings): string {
  const asked = [spec.imagePullPolicy ?? "", settings.runnerImagePullPolicy ?? ""];
  return asked.find(isPullPolicy) ?? "IfNotPresent";
}

/**
 * The image of the runner: the resource's, or the configured one of its runtime. Sources and Sinks without an image
 * need a package to download: the runner image holds no connectors. An unknown language has no image.
 */
export function runnerImage(component: DefaultedComponent, settings: Settings): string | undefined {
  if (component.spec.image) return component.spec.image;
  const { runnerImages } = settings;
  const runner = runnerOf(component);
  if (runner === undefined || runner.file === "") return PULSAR_IMAGE;
  if (component.kind !== "Function") {
    return /^(function|sink|source):\/\//.test(runner.location) ? runnerImages.java : PULSAR_IMAGE;
  }
  if (runner.runtime !== "generic") return runnerImages[runner.runtime];
  const { language } = runner.spec;
  return language ? entryOf(runnerImages.genericRuntime, language) : PULSAR_IMAGE;
}
