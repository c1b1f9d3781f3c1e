import type { KubeObject } from "#base";
import { readyWhen, runnerContainer, type RunnerPlace, runnerPod } from "./runner_pod.ts";

/** Name of the toolbox: of its pod, its Service and the ConfigMap with its scripts. */
export const TOOLBOX = "toolbox";

const SCRIPTS = new URL("../../tests/e2e/toolbox/", import.meta.url);
const NAMES: readonly string[] = ["client.py", "server.py"];

/**
 * A pod that serves Git repositories and files over HTTP, and in which tests run a Pulsar client: what a test needs
 * inside of a cluster, whatever network the cluster has.
 */
export async function toolboxObjects(
  place: RunnerPlace & { readonly namespace: string; readonly caPem: string },
): Promise<KubeObject[]> {
  const metadata = { name: TOOLBOX, namespace: place.namespace };
  const scripts = await Promise.all(
    NAMES.map(async (name) => [name, await Deno.readTextFile(new URL(name, SCRIPTS))] as const),
  );
  const template = runnerPod(place, {
    name: TOOLBOX,
    containers: [{
      ...runnerContainer(place, {
        name: TOOLBOX,
        script: "exec python3 /scripts/server.py /data 8000",
        memory: "1Gi",
      }),
      ports: [{ name: "http", containerPort: 8000 }],
      readinessProbe: readyWhen({ path: "/healthz", port: 8000 }),
      volumeMounts: [
        { name: "data", mountPath: "/data" },
        { name: "scripts", mountPath: "/scripts" },
      ],
    }],
    volumes: [{ name: "data", emptyDir: {} }, { name: "scripts", configMap: { name: TOOLBOX } }],
  });
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      data: { ...Object.fromEntries(scripts), "ca.crt": place.caPem },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: TOOLBOX }, ports: [{ name: "http", port: 8000, targetPort: 8000 }] },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      ...template,
      metadata: { ...metadata, labels: { app: TOOLBOX } },
    },
  ];
}
