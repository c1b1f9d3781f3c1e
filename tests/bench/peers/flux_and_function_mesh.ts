/**
 * Flux with the operator Function Mesh, as the bench measures them: three programs outside of the cluster, which follow
 * the same repository, make the same objects, and count as one.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { customResourceDefinitions } from "#api";
import { idOf, type KubeObject, systemClock } from "#base";
import { type ClusterClient, installDefinitions } from "#kube";
import { freePorts } from "../../../scripts/control_plane/ports.ts";
import { ownCertificates } from "../../support/certificates.ts";
import { gitServer } from "../../support/git_server.ts";
import type { Subject, SubjectPlace } from "../whole/subject.ts";
import type { Speed } from "./controllers.ts";
import { defaultsWebhook, gitRepository, kustomization } from "./flux_objects.ts";
import type { PeerPrograms } from "./programs.ts";
import { guardedFolder, runningControllers, type Setting } from "./running_controllers.ts";

const BY = { fieldManager: "bench" };

/** Both, with programs that are built already. */
export function fluxAndFunctionMesh(programs: PeerPrograms, speed: Speed): Subject {
  return async (place) => {
    await using stack = new AsyncDisposableStack();
    const setting = await settled(programs, place, stack);
    const running = stack.move();
    return {
      start: () => runningControllers(programs, { ...setting, speed }),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  };
}

/** Puts into the cluster what they need, and has it taken back with the stack: the next subject finds what was there. */
async function settled(
  { fluxDefinitions, functionDefinition }: PeerPrograms,
  { cluster, namespace, plane, url }: SubjectPlace,
  stack: AsyncDisposableStack,
): Promise<Omit<Setting, "speed">> {
  const { path: certificateFolder } = stack.use(await guardedFolder());
  const { path: storageFolder } = stack.use(await guardedFolder());
  const [webhookPort = 0, storagePort = 0] = freePorts(2);
  const { authorities, certificate, privateKey } = await ownCertificates(["127.0.0.1"]);
  await Deno.writeTextFile(`${certificateFolder}/tls.crt`, certificate);
  await Deno.writeTextFile(`${certificateFolder}/tls.key`, privateKey);
  // Its status is another one: maps where ours has lists.
  await define(cluster, [...fluxDefinitions, functionDefinition]);
  stack.defer(async () => {
    await define(cluster, customResourceDefinitions());
    for (const definition of fluxDefinitions) await cluster.remove(idOf(definition));
  });
  const directory = fileURLToPath(url);
  const server = stack.use(gitServer({ folder: dirname(directory) }));
  const path = directory.slice(dirname(directory).length);
  const source = gitRepository(namespace, `${server.url}${path}/.git`);
  const objects = [
    defaultsWebhook(namespace, { caPem: authorities.join("\n"), port: webhookPort }),
    source,
    kustomization(namespace),
  ];
  for (const object of objects) {
    await cluster.create(object, BY);
    stack.defer(() => removed(cluster, object));
  }
  const kept = { certificateFolder, storageFolder, storagePort, webhookPort };
  return { cluster, plane, namespace, source, ...kept };
}

async function define(cluster: ClusterClient, definitions: readonly KubeObject[]): Promise<void> {
  await installDefinitions(cluster, definitions, { ...BY, clock: systemClock });
}

/** Nobody is there anymore who would do what its finalizers wait for. */
async function removed(cluster: ClusterClient, object: KubeObject): Promise<void> {
  await cluster.patch(idOf(object), { metadata: { finalizers: null } }, BY);
  await cluster.remove(idOf(object));
}
