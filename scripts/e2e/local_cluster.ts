import { runProgram } from "../compile/program.ts";
import {
  type CommandResult,
  type ControlPlane,
  durationText,
  GuardedProcess,
  type KubectlOptions,
  type Progress,
  startControlPlane,
  type User,
} from "../control_plane.ts";
import { reported } from "../control_plane/progress.ts";
import { waitFor } from "../control_plane/waiting.ts";
import { makeCgroup } from "./cgroups.ts";
import type { ImageArchive } from "./image_archive.ts";
import { copyStore, imageStore, largeImages } from "./image_store.ts";
import { LocalNode } from "./local_node.ts";
import { BRIDGE, kubeProxyJson, type NodeSite, nodeSite } from "./node_files.ts";
import type { NodePrograms } from "./node_programs.ts";
import { type SandboxFacts, sandboxFacts } from "./sandbox.ts";

/** What to make a cluster of. */
export interface LocalClusterOptions {
  readonly programs: NodePrograms;
  /** Default 2. */
  readonly nodeCount?: number;
  /** Known to every node from the start. */
  readonly images: readonly ImageArchive[];
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** A running cluster with real nodes. Dispose it to stop it; its files go with the sandbox. */
export interface LocalCluster extends AsyncDisposable {
  /** The administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  readonly caPem: string;
  readonly adminToken: string;
  readonly serverUrl: string;
  /** What the programs of control plane and nodes said, one file each. */
  readonly logsFolder: string;
  /** Names of the nodes, sorted. */
  readonly nodes: readonly string[];
  /** Runs kubectl as the administrator. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<CommandResult>;
  /** Makes images known to all nodes. */
  importImages(archives: readonly ImageArchive[]): Promise<void>;
}

const NODES_TIMEOUT_MS = 60_000;
/** The node that only unpacks images; no kubelet ever has this number. */
const STORE_INDEX = 100;
const PROXY_USER = "system:kube-proxy";

/**
 * Starts a control plane and nodes that run containers, all in the sandbox that this process is in, and resolves when
 * the nodes are Ready. Services have addresses that work, on nodes and in pods; there is no DNS.
 *
 * @throws {Error} outside of a sandbox, and when a program does not start, with the last lines of its log
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { programs, progress, signal, nodeCount = 2 } = options;
  const facts = sandboxFacts();
  if (facts === undefined) throw new Error("Cannot start a local cluster: not in a sandbox");
  const startMs = performance.now();
  const logsFolder = `${facts.folder}/logs`;
  await Deno.mkdir(logsFolder);
  const sites = Array.from({ length: nodeCount }, (_, index) => nodeSite(index + 1, facts));
  for (const { address, cgroup } of sites) {
    await addAddress(address);
    await makeCgroup(cgroup);
  }
  await using stack = new AsyncDisposableStack();
  const nodes: LocalNode[] = [];
  const unpacked = await unpackLarge(sites, { ...options, logsFolder, facts });
  for (const site of sites) {
    nodes.push(stack.use(await LocalNode.start(site, { programs, logsFolder, signal })));
  }
  const plane = stack.use(
    await startControlPlane({
      nodeCount: 0,
      listenAddress: BRIDGE.address,
      users: [{ name: PROXY_USER, groups: [] }, ...sites.map(({ name }) => nodeUser(name))],
      parentDirectory: facts.folder,
      progress,
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  await linkLogs(plane.directory, logsFolder);
  for (const node of nodes) {
    node.startKubelet(await plane.userKubeconfig(nodeUser(node.site.name).name));
  }
  const proxy = stack.use(await startProxy(plane, { programs, logsFolder, sites }));
  await Promise.all([
    importEverywhere(nodes, { archives: without(options.images, unpacked), progress }),
    waitFor(() => nodesReady(plane, nodeCount), {
      what: "the nodes are not Ready",
      processes: [proxy, ...nodes.flatMap(({ processes }) => processes)],
      timeoutMs: NODES_TIMEOUT_MS,
      signal,
    }),
  ]);
  progress(`${nodeCount} nodes ready (${durationText(performance.now() - startMs)})`);
  return clusterOf(stack.move(), { plane, nodes, logsFolder, progress });
}

function clusterOf(
  running: AsyncDisposableStack,
  facts: {
    readonly plane: ControlPlane;
    readonly nodes: readonly LocalNode[];
    readonly logsFolder: string;
    readonly progress: Progress;
  },
): LocalCluster {
  const { plane, nodes, logsFolder, progress } = facts;
  const { kubeconfigPath, caPem, adminToken, serverUrl } = plane;
  return {
    kubeconfigPath,
    kubectlPath: plane.binaries.kubectl,
    caPem,
    adminToken,
    serverUrl,
    logsFolder,
    nodes: nodes.map(({ site }) => site.name).sort(),
    kubectl: (args, options) => plane.kubectl(args, options),
    importImages: (archives) => importEverywhere(nodes, { archives, progress }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Gives all nodes the large ones of the images, unpacked, and answers which these are. */
async function unpackLarge(
  sites: readonly NodeSite[],
  options: LocalClusterOptions & { readonly logsFolder: string; readonly facts: SandboxFacts },
): Promise<readonly ImageArchive[]> {
  const { programs, logsFolder, facts, progress, signal } = options;
  const images = await largeImages(options.images);
  if (images.length === 0) return images;
  const { address } = BRIDGE;
  const site = { ...nodeSite(STORE_INDEX, facts), address, folder: `${facts.folder}/store` };
  const making = { progress, signal };
  const store = await imageStore(images, { programs, logsFolder, signal, making, site });
  for (const { name } of sites) {
    const folder = `${facts.outsideFolder}/${name}`;
    await Deno.mkdir(folder);
    await copyStore(store, `${folder}/containerd`);
  }
  return images;
}

function without(
  images: readonly ImageArchive[],
  done: readonly ImageArchive[],
): readonly ImageArchive[] {
  return images.filter((image) => !done.includes(image));
}

/** RBAC has rights for exactly this user: those of a kubelet of this node, and no others. */
function nodeUser(nodeName: string): User {
  return { name: `system:node:${nodeName}`, groups: ["system:nodes"] };
}

async function addAddress(address: string): Promise<void> {
  const cidr = `${address}/${BRIDGE.prefixLength}`;
  await runProgram("ip", ["address", "add", cidr, "dev", BRIDGE.name]);
}

async function startProxy(
  plane: ControlPlane,
  options: {
    readonly programs: NodePrograms;
    readonly logsFolder: string;
    readonly sites: readonly NodeSite[];
  },
): Promise<GuardedProcess> {
  const { programs, logsFolder, sites } = options;
  const kubeconfigPath = await plane.userKubeconfig(PROXY_USER);
  const path = `${plane.directory}/kube-proxy.json`;
  const nodeName = sites[0]?.name ?? "";
  await Deno.writeTextFile(path, kubeProxyJson({ kubeconfigPath, nodeName }));
  return new GuardedProcess("kube-proxy", {
    program: programs.kubeProxy,
    args: [`--config=${path}`],
    logPath: `${logsFolder}/kube-proxy.log`,
  });
}

/** The logs of the control plane, next to those of the nodes. */
async function linkLogs(directory: string, logsFolder: string): Promise<void> {
  for await (const { name } of Deno.readDir(directory)) {
    if (name.endsWith(".log")) await Deno.symlink(`${directory}/${name}`, `${logsFolder}/${name}`);
  }
}

async function importEverywhere(
  nodes: readonly LocalNode[],
  options: { readonly archives: readonly ImageArchive[]; readonly progress: Progress },
): Promise<void> {
  for (const archive of options.archives) {
    await reported(
      `importing ${archive.reference}`,
      () => Promise.all(nodes.map((node) => node.importImage(archive))),
      options.progress,
    );
  }
}

interface Node {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { type: string; status: string }[] };
}

async function nodesReady(plane: ControlPlane, nodeCount: number): Promise<true | undefined> {
  const { code, stdout, stderr } = await plane.kubectl(["get", "nodes", "-o", "json"]);
  if (code !== 0) throw new Error(`Cannot list nodes: ${stderr.trim()}`);
  const { items }: { items: readonly Node[] } = JSON.parse(stdout);
  const ready = items.filter(({ spec, status }) =>
    spec.taints === undefined &&
    status.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
  );
  return ready.length >= nodeCount ? true : undefined;
}
