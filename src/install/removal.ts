import { groupOf, type KubeObject, shardLeaseName } from "#base";
import { type Installation, RUNTIME_NAMES } from "./installation.ts";
import { installParts } from "./objects.ts";

/**
 * How to take the program out of a cluster: commands and what each of them does to people's meshes. What deletes meshes
 * is commented out.
 */
export function removalText(installation: Installation): string {
  const { namespace } = installation;
  const { definitions } = installParts(installation);
  return [
    "# Nothing is removed by this program itself: read, then run what you want.",
    "#",
    "# What stays after step 1: every Function, Source, Sink, FunctionMesh and MeshSync, with its StatefulSets, Services",
    "# and pods, which go on running. Nobody corrects, scales by Git or checks them until the program is back.",
    "#",
    "# Resources with a finalizer (cleanupSubscription, MeshSync) can be deleted only while the program runs: delete",
    "# those that you want gone before step 1.",
    "",
    "# 1. The program, what it made for itself, and its rights:",
    ...programCommands(installation),
    "",
    `# 2. Its namespace, with everything in it that others put there, such as the Secrets of MeshSyncs. Look first:`,
    `kubectl get all,secrets,configmaps,meshsyncs -n ${namespace}`,
    `# kubectl delete namespace ${namespace}`,
    "",
    "# 3. The definitions. This deletes EVERY mesh in the cluster and the pods of all of them, whoever made them:",
    ...definitions.map(({ metadata }) => `# kubectl delete crd ${metadata.name}`),
  ].join("\n");
}

function programCommands(installation: Installation): string[] {
  const { namespace } = installation;
  const { program } = installParts({ ...installation, console: true, receiver: true });
  return [
    ...program.toReversed().map(removalOf),
    removal("validatingwebhookconfiguration", `${RUNTIME_NAMES.webhookService}.${namespace}`),
    removal("secret", RUNTIME_NAMES.webhookSecret, namespace),
    removal("secret", RUNTIME_NAMES.webhookAuthority, namespace),
    removal("secret", RUNTIME_NAMES.metricsSecret, namespace),
    removal("secret", RUNTIME_NAMES.metricsAuthority, namespace),
    removal("secret", RUNTIME_NAMES.consoleSecret, namespace),
    removal("secret", RUNTIME_NAMES.consoleAuthority, namespace),
    ...Array.from(
      { length: installation.shards },
      (_, index) => removal("lease", shardLeaseName(RUNTIME_NAMES.lease, index), namespace),
    ),
    ...accessCommands(installation),
  ];
}

/** Rights, whichever the loop was given, and those of metrics over TLS and of the console. */
function accessCommands(installation: Installation): string[] {
  const commands = (["none", "mesh-only", "cluster-admin"] as const).flatMap((gitOpsRights) =>
    installParts({ ...installation, console: true, gitOpsRights, metricsSecure: true })
      .access.map(removalOf)
  );
  return [...new Set(commands)].toReversed();
}

function removalOf({ apiVersion, kind, metadata }: KubeObject): string {
  const group = groupOf(apiVersion);
  const type = group === "" ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
  return removal(type, metadata.name, metadata.namespace);
}

function removal(type: string, name: string, namespace?: string): string {
  const place = namespace === undefined ? "" : ` -n ${namespace}`;
  return `kubectl delete ${type} ${name}${place} --ignore-not-found`;
}
