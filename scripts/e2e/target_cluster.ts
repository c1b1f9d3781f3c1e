import type { KubeObject } from "#base";
import { type CommandResult, type KubectlOptions, runKubectl } from "../control_plane/kubectl.ts";
import type { ClusterChoice } from "./setting.ts";

/** Where a cluster is, and what it was made of. */
export interface TargetAccess {
  readonly choice: ClusterChoice;
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  /** Names of the nodes that run pods, sorted. */
  readonly nodes: readonly string[];
}

/** A cluster to test on, seen through kubectl: the same on all three. */
export class TargetCluster {
  readonly access: TargetAccess;

  constructor(access: TargetAccess) {
    this.access = access;
  }

  /** Runs kubectl and answers what it said, whatever its exit code. */
  tryKubectl(args: readonly string[], options: KubectlOptions = {}): Promise<CommandResult> {
    const { kubectlPath: path, kubeconfigPath } = this.access;
    return runKubectl({ path, kubeconfigPath }, args, options);
  }

  /** Runs kubectl and answers its standard output. @throws {Error} with its standard error */
  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(args, options);
    if (code === 0) return stdout;
    throw new Error(`Cannot run kubectl ${args.join(" ")}: code ${code}: ${stderr.trim()}`);
  }

  /** An object or a list, of the type that the caller says. */
  async get<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl(["get", ...args, "-o", "json"]));
  }

  /** Applies objects, server-side. */
  async apply(objects: readonly KubeObject[]): Promise<void> {
    await this.applyText(objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  }

  /** Applies manifests, server-side. */
  async applyText(manifests: string): Promise<void> {
    await this.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], {
      stdin: manifests,
    });
  }

  /** The address of a Service inside of the cluster. */
  async serviceAddress(namespace: string, name: string): Promise<string> {
    const path = "jsonpath={.spec.clusterIP}";
    return await this.kubectl(["get", "service", name, "-n", namespace, "-o", path]);
  }

  /** What clients in pods call a Service by: its name where the cluster has a DNS server for sure, else its address. */
  async serviceHost(namespace: string, name: string): Promise<string> {
    if (this.access.choice === "kind") return `${name}.${namespace}.svc`;
    return await this.serviceAddress(namespace, name);
  }
}
