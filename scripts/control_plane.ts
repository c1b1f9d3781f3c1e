/**
 * A real Kubernetes control plane on the loopback interface of this machine: etcd, kube-apiserver, controller manager,
 * scheduler, and simulated nodes (kwok) on which pods become ready. Any number side by side; nothing of one survives
 * the process that started it, even when that is killed.
 *
 * `scripts/cluster.ts` is the command for people, `scripts/with_cluster.ts` runs a command against one, and
 * `tests/support/control_plane.ts` is for tests.
 *
 * @module
 */
import { ApiSession } from "./control_plane/api_session.ts";
import { type Binaries, findBinaries } from "./control_plane/binaries.ts";
import {
  newSigningKey,
  newToken,
  tokenFileText,
  type User,
  type UserToken,
} from "./control_plane/credentials.ts";
import {
  adminKubeconfigPath,
  apiServerFlags,
  controllerManagerFlags,
  etcdFlags,
  type ExtraFlags,
  kwokConfigPath,
  kwokFlags,
  LOOPBACK_ADDRESS,
  schedulerFlags,
  serverCertificatePath,
  type Site,
} from "./control_plane/flags.ts";
import { GuardedDirectory } from "./control_plane/guarded_process.ts";
import { kubeconfigText } from "./control_plane/kubeconfig.ts";
import { type CommandResult, type KubectlOptions, runKubectl } from "./control_plane/kubectl.ts";
import { PlanePrograms } from "./control_plane/plane_programs.ts";
import { freePorts } from "./control_plane/ports.ts";
import { durationText, type Progress } from "./control_plane/progress.ts";
import { simulatedNode, simulatedStorageClass } from "./control_plane/simulated_objects.ts";
import { stagesText } from "./control_plane/stages.ts";
import { PortTakenError, waitFor } from "./control_plane/waiting.ts";

export {
  type Binaries,
  type BinariesOptions,
  findBinaries,
  findNodeBinaries,
  type NodeBinaries,
} from "./control_plane/binaries.ts";
export { type User } from "./control_plane/credentials.ts";
export { type Access, kubeconfigText } from "./control_plane/kubeconfig.ts";
export { type CommandResult, type KubectlOptions, runKubectl } from "./control_plane/kubectl.ts";
export { durationText, type Progress } from "./control_plane/progress.ts";
export { GuardedDirectory, GuardedProcess } from "./control_plane/guarded_process.ts";
export {
  FAIL,
  FAIL_CONTAINER,
  FAIL_EXIT_CODE,
  FAIL_MESSAGE,
} from "./control_plane/pod_template.ts";

/** How to start a control plane; everything has a default. */
export interface ControlPlaneOptions extends ExtraFlags {
  /** Simulated nodes; default 2. With 0 there is no kwok either: nodes are up to the caller. */
  readonly nodeCount?: number;
  /** Where the API server listens; default 127.0.0.1. The address has to be there already. */
  readonly listenAddress?: string;
  /** Further users of the API server, without any rights until RBAC gives them some. */
  readonly users?: readonly User[];
  /** Where the directory of the control plane is made; default the system's place for temporary files. */
  readonly parentDirectory?: string;
  /** Told what is going on, a line at a time. */
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** A running control plane. Dispose it to stop it and to remove its files. */
export interface ControlPlane extends AsyncDisposable {
  /** The administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  readonly adminToken: string;
  readonly serverUrl: string;
  /** The certificates that the server's own is checked against, PEM. */
  readonly caPem: string;
  /** Data, logs (`NAME.log`) and kubeconfigs, removed at the end. */
  readonly directory: string;
  readonly binaries: Binaries;
  /** Its processes, for what kills, stops and restarts them. */
  readonly programs: PlanePrograms;
  /** Runs kubectl as the administrator. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<CommandResult>;
  /** The path of the kubeconfig of one of `users`. */
  userKubeconfig(name: string): Promise<string>;
}

const ATTEMPTS_MAX = 3;
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a control plane and resolves when it is ready for work: the API server says so, the nodes are Ready, and the
 * default ServiceAccount is there. Takes 3 to 5 seconds, and minutes on a machine that has to build the programs first.
 *
 * @throws {Error} when programs cannot be had or one of them does not start, with the last lines of its log
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const progress = options.progress ?? (() => {});
  const binaries = await findBinaries({ progress, signal: options.signal });
  for (let attempt = 1;; attempt++) {
    try {
      return await launch(binaries, options);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === ATTEMPTS_MAX) throw error;
      progress(
        `a port was taken by another process: starting again (${attempt + 1}/${ATTEMPTS_MAX})`,
      );
    }
  }
}

async function launch(binaries: Binaries, options: ControlPlaneOptions): Promise<ControlPlane> {
  const progress = options.progress ?? (() => {});
  const startMs = performance.now();
  const step = (number: number, what: string) =>
    progress(`start ${number}/4 ${what} (${durationText(performance.now() - startMs)})`);
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({
    prefix: "meshwright-cluster-",
    ...(options.parentDirectory === undefined ? {} : { dir: options.parentDirectory }),
  });
  stack.use(new GuardedDirectory(directory));
  const [etcdPort = 0, etcdPeerPort = 0, serverPort = 0] = freePorts(3);
  const serverAddress = options.listenAddress ?? LOOPBACK_ADDRESS;
  const site: Site = { directory, etcdPort, etcdPeerPort, serverPort, serverAddress };
  const programs = stack.use(new PlanePrograms({ binaries, directory }));
  const until = <T>(what: string, look: () => Promise<T | undefined>) =>
    waitFor(look, {
      what,
      processes: programs.running,
      timeoutMs: START_TIMEOUT_MS,
      signal: options.signal,
    });

  step(1, "etcd");
  programs.run("etcd", etcdFlags(site));
  const users = await writeFiles(directory, options.users ?? []);
  await until("etcd does not answer", () => connects(etcdPort));
  step(2, "kube-apiserver");
  programs.run("kube-apiserver", apiServerFlags(site, options));
  const certificate = serverCertificatePath(site);
  const caPem = await until("there is no certificate", () => certificatePem(certificate));
  const access = { serverUrl: `https://${serverAddress}:${serverPort}`, caPem };
  const { name: user, token } = users.admin;
  await writeSecret(adminKubeconfigPath(site), kubeconfigText({ ...access, user, token }));
  const session = stack.use(new ApiSession({ ...access, token }));
  await until(
    "the API server is not ready",
    async () => (await session.ask("/readyz", options.signal))?.status === 200 ? true : undefined,
  );
  const nodeCount = options.nodeCount ?? 2;
  step(3, `kube-controller-manager, kube-scheduler${nodeCount > 0 ? ", kwok" : ""}`);
  programs.run("kube-controller-manager", controllerManagerFlags(site, options));
  programs.run("kube-scheduler", schedulerFlags(site));
  if (nodeCount > 0) programs.run("kwok", kwokFlags(site));
  step(4, nodeCount > 0 ? `${nodeCount} simulated nodes` : "default ServiceAccount");
  await createObjects(session, nodeCount, options.signal);
  await until("the nodes are not ready", () => readiness(session, nodeCount, options.signal));
  programs.keepFollowers(progress);
  progress(`control plane ready (${durationText(performance.now() - startMs)})`);
  return controlPlaneOf(stack.move(), { directory, binaries, access, users, programs });
}

interface Users {
  readonly admin: UserToken;
  readonly others: readonly UserToken[];
}

function controlPlaneOf(
  running: AsyncDisposableStack,
  facts: {
    readonly directory: string;
    readonly binaries: Binaries;
    readonly access: { readonly serverUrl: string; readonly caPem: string };
    readonly users: Users;
    readonly programs: PlanePrograms;
  },
): ControlPlane {
  const { directory, binaries, access, users, programs } = facts;
  const kubeconfigPath = adminKubeconfigPath({ directory });
  return {
    kubeconfigPath,
    adminToken: users.admin.token,
    directory,
    binaries,
    programs,
    ...access,
    kubectl: (args, options) =>
      runKubectl({ path: binaries.kubectl, kubeconfigPath }, args, options),
    async userKubeconfig(name) {
      const user = users.others.find((user) => user.name === name);
      if (user === undefined) {
        throw new Error(`Cannot write a kubeconfig for ${name}: not in users`);
      }
      const path = `${directory}/kubeconfig-${encodeURIComponent(name)}`;
      await writeSecret(path, kubeconfigText({ ...access, user: name, token: user.token }));
      return path;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function writeFiles(directory: string, others: readonly User[]): Promise<Users> {
  const admin = { name: "admin", groups: ["system:masters"], token: newToken() };
  const tokens = others.map((user) => ({ ...user, token: newToken() }));
  const key = await newSigningKey();
  await Promise.all([
    writeSecret(`${directory}/tokens.csv`, tokenFileText([admin, ...tokens])),
    writeSecret(`${directory}/service-account.key`, key.privatePem),
    writeSecret(`${directory}/service-account.pub`, key.publicPem),
    writeSecret(kwokConfigPath({ directory }), stagesText()),
  ]);
  return { admin, others: tokens };
}

async function writeSecret(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o600 });
}

async function connects(port: number): Promise<true | undefined> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return undefined;
    throw error;
  }
}

// The server writes the file in one go, but not atomically: it is whole when its last line is.
async function certificatePem(path: string): Promise<string | undefined> {
  try {
    const pem = await Deno.readTextFile(path);
    return pem.split("-----END CERTIFICATE-----").length === 3 ? pem : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function createObjects(
  session: ApiSession,
  nodeCount: number,
  signal?: AbortSignal,
): Promise<void> {
  if (nodeCount === 0) return;
  await session.create("/apis/storage.k8s.io/v1/storageclasses", simulatedStorageClass(), signal);
  for (let index = 0; index < nodeCount; index++) {
    await session.create("/api/v1/nodes", simulatedNode(index), signal);
  }
}

interface Node {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { type: string; status: string }[] };
}

async function readiness(
  session: ApiSession,
  nodeCount: number,
  signal?: AbortSignal,
): Promise<true | undefined> {
  const account = await session.ask("/api/v1/namespaces/default/serviceaccounts/default", signal);
  if (account?.status !== 200) return undefined;
  const nodes = await session.items<Node>("/api/v1/nodes", signal);
  const ready = nodes.filter(({ spec, status }) =>
    spec.taints === undefined &&
    status.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
  );
  return ready.length >= nodeCount ? true : undefined;
}
