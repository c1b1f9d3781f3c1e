/** kind and Docker, as the end-to-end tests use them. */
import { KUBERNETES_VERSION } from "../control_plane/versions.ts";
import { type Progress, reported } from "../control_plane/progress.ts";
import { programPath } from "./required_program.ts";

/** The node image of Kubernetes that everything else is tested with; kind has another default in each version. */
export const NODE_IMAGE = `kindest/node:v${KUBERNETES_VERSION}`;

/** A cluster to make. */
export interface NewCluster {
  readonly name: string;
  readonly nodeImage: string;
  /** Where its kubeconfig goes. */
  readonly kubeconfigPath: string;
  /** Which nodes it has. */
  readonly configurationPath: string;
}

/** How to look for an engine. */
export interface EngineOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Where each program is, in place of the `PATH`. */
  readonly find?: (name: string) => Promise<string | undefined>;
}

/**
 * kind with a Docker engine that answers and has the node image, which is pulled where it is not there; else why these
 * cannot be used on this machine.
 */
export async function usableEngine(
  nodeImage: string,
  { progress, signal, find = programPath }: EngineOptions,
): Promise<KindEngine | string> {
  const [docker, kind] = await Promise.all([find("docker"), find("kind")]);
  if (docker === undefined) return "docker is not installed";
  if (kind === undefined) return "kind is not installed";
  const info = await said(docker, ["info", "--format", "{{.ServerVersion}}"], signal);
  if (info.code !== 0) return `docker does not answer: ${info.stderr}`;
  const known = await said(docker, ["image", "inspect", "--format", "{{.Id}}", nodeImage], signal);
  if (known.code !== 0) {
    const pull = () => said(docker, ["pull", "--quiet", nodeImage], signal);
    const pulled = await reported(`looking for the image ${nodeImage}`, pull, progress);
    signal?.throwIfAborted();
    if (pulled.code !== 0) {
      return `docker has no image ${nodeImage} and cannot pull it: ${pulled.stderr} (--node-image names another one)`;
    }
  }
  return new KindEngine(kind);
}

/** Clusters of kind on this machine. */
export class KindEngine {
  readonly #kind: string;
  readonly #env: Readonly<Record<string, string>>;

  /**
   * @param kind path of the program
   * @param env added to this process's own, where the engine is not the machine's
   */
  constructor(kind: string, env: Readonly<Record<string, string>> = {}) {
    this.#kind = kind;
    this.#env = env;
  }

  /** Names of the clusters that are there. */
  async clusters(): Promise<string[]> {
    return lines(await this.#run(["get", "clusters"]));
  }

  /**
   * Makes a cluster and waits until its nodes are ready.
   *
   * It is made to its end where this is interrupted meanwhile: what kind and its `docker run` leave when they are killed
   * may come to be after it was deleted.
   */
  async create(cluster: NewCluster, signal: AbortSignal): Promise<void> {
    const { name, nodeImage, kubeconfigPath, configurationPath } = cluster;
    const where = ["--name", name, "--kubeconfig", kubeconfigPath];
    const what = ["--image", nodeImage, "--config", configurationPath, "--wait", "180s"];
    signal.throwIfAborted();
    await this.#run(["create", "cluster", ...where, ...what]);
    signal.throwIfAborted();
  }

  /** Names of a cluster's nodes that run pods, sorted. */
  async workers(name: string): Promise<string[]> {
    const nodes = lines(await this.#run(["get", "nodes", "--name", name]));
    return nodes.filter((node) => !node.startsWith(`${name}-control-plane`)).sort();
  }

  /** Puts the image of an archive on some nodes. */
  async load(
    path: string,
    { name, nodes, signal }: {
      readonly name: string;
      readonly nodes: readonly string[];
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const where = ["--name", name, "--nodes", nodes.join(",")];
    await this.#run(["load", "image-archive", path, ...where], signal);
  }

  /** Deletes a cluster, or what is there of it. */
  async delete({ name, kubeconfigPath }: Pick<NewCluster, "name" | "kubeconfigPath">) {
    await this.#run(["delete", "cluster", "--name", name, "--kubeconfig", kubeconfigPath]);
  }

  async #run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const { code, stdout, stderr } = await said(this.#kind, args, signal, this.#env);
    signal?.throwIfAborted();
    if (code !== 0) throw new Error(`Cannot run kind ${args.join(" ")}: ${stderr}`);
    return stdout;
  }
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

async function said(
  program: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // A Ctrl-C in the terminal reaches this process only, which ends what has a signal.
    detached: true,
    ...(signal === undefined ? {} : { signal }),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr).trim() };
}
