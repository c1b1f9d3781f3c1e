import { GuardedProcess } from "../control_plane/guarded_process.ts";
import { waitFor } from "../control_plane/waiting.ts";
import type { ImageArchive } from "./image_archive.ts";
import {
  containerdSocket,
  containerdToml,
  kubeletFlags,
  kubeletJson,
  networkJson,
  networkPath,
  type NodeSite,
} from "./node_files.ts";
import type { NodePrograms } from "./node_programs.ts";

/** What a node is made of. */
export interface NodeOptions {
  readonly programs: NodePrograms;
  /** Output of its programs goes to files in here. */
  readonly logsFolder: string;
  readonly signal?: AbortSignal | undefined;
}

const CONTAINERD_TIMEOUT_MS = 30_000;
/** File systems that an overlay cannot keep its changes on. */
const NO_OVERLAY_ON: readonly string[] = ["ecryptfs", "nfs", "overlay", "overlayfs"];

/** A real node: containerd, and a kubelet once there is an API server. Dispose it to kill both and all containers. */
export class LocalNode implements AsyncDisposable {
  readonly site: NodeSite;
  readonly #options: NodeOptions;
  readonly #running: AsyncDisposableStack;
  readonly #processes: GuardedProcess[];

  private constructor(
    site: NodeSite,
    options: NodeOptions,
    running: { readonly stack: AsyncDisposableStack; readonly containerd: GuardedProcess },
  ) {
    this.site = site;
    this.#options = options;
    this.#running = running.stack;
    this.#processes = [running.containerd];
  }

  /**
   * Starts containerd and waits until it answers and has the image that keeps pods' networks.
   *
   * @throws {Error} when it does not start, with the last lines of its log
   */
  static async start(site: NodeSite, options: NodeOptions): Promise<LocalNode> {
    const { programs, logsFolder, signal } = options;
    const toml = containerdToml(site, {
      pauseImage: programs.nodeImage.reference,
      networkPluginFolder: programs.networkPluginFolder,
      snapshotter: await snapshotterIn(logsFolder),
    });
    for (const name of ["net.d", "volume-plugins"]) {
      await Deno.mkdir(`${site.folder}/${name}`, { recursive: true });
    }
    await Promise.all([
      Deno.writeTextFile(`${site.folder}/containerd.toml`, toml),
      Deno.writeTextFile(`${site.folder}/kubelet.json`, kubeletJson(site)),
      Deno.writeTextFile(networkPath(site), networkJson(site)),
    ]);
    await using stack = new AsyncDisposableStack();
    const containerd = stack.use(
      new GuardedProcess(`containerd of ${site.name}`, {
        program: programs.containerd,
        args: ["--config", `${site.folder}/containerd.toml`],
        logPath: `${logsFolder}/${site.name}-containerd.log`,
      }),
    );
    const node = new LocalNode(site, options, { stack, containerd });
    await waitFor(() => node.#answers(), {
      what: `containerd of ${site.name} does not answer`,
      processes: [containerd],
      timeoutMs: CONTAINERD_TIMEOUT_MS,
      signal,
    });
    await node.importImage(programs.nodeImage);
    return new LocalNode(site, options, { stack: stack.move(), containerd });
  }

  /** What runs here. */
  get processes(): readonly GuardedProcess[] {
    return this.#processes;
  }

  /** Starts the kubelet, which makes the Node object. */
  startKubelet(kubeconfigPath: string): void {
    const { programs, logsFolder } = this.#options;
    const kubelet = this.#running.use(
      new GuardedProcess(`kubelet of ${this.site.name}`, {
        program: programs.kubelet,
        args: kubeletFlags(this.site, { kubeconfigPath }),
        logPath: `${logsFolder}/${this.site.name}-kubelet.log`,
      }),
    );
    this.#processes.push(kubelet);
  }

  /**
   * Makes an image known to this node.
   *
   * @throws {Error} when the archive cannot be read
   */
  async importImage(archive: ImageArchive): Promise<void> {
    const { code, stderr } = await this.#ctr(["-n", "k8s.io", "images", "import", archive.path]);
    if (code === 0) return;
    throw new Error(
      `Cannot import image ${archive.reference} on ${this.site.name}: ${stderr.trim()}` +
        await this.#endedText(),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.disposeAsync();
  }

  /** The last words of what has ended. */
  async #endedText(): Promise<string> {
    const ended = this.#processes.filter(({ exitCode }) => exitCode !== undefined);
    const tails = ended.map(async (process) =>
      `\n${process.name} ended with code ${process.exitCode}:\n${await process.logTail(12)}`
    );
    return (await Promise.all(tails)).join("");
  }

  async #answers(): Promise<true | undefined> {
    return (await this.#ctr(["version"])).code === 0 ? true : undefined;
  }

  async #ctr(args: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
    const { signal, programs } = this.#options;
    const { code, stderr } = await new Deno.Command(programs.ctr, {
      args: ["--address", containerdSocket(this.site), ...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      ...(signal === undefined ? {} : { signal }),
    }).output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  }
}

/** Where overlays do not work, containers get copies: slower, and larger. */
async function snapshotterIn(folder: string): Promise<"overlayfs" | "native"> {
  const { stdout } = await new Deno.Command("stat", {
    args: ["--file-system", "--format=%T", folder],
    stdin: "null",
    stderr: "inherit",
  }).output();
  const type = new TextDecoder().decode(stdout).trim();
  return NO_OVERLAY_ON.includes(type) ? "native" : "overlayfs";
}
