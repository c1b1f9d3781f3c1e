import { GuardedProcess } from "../control_plane/guarded_process.ts";
import { reported } from "../control_plane/progress.ts";
import { waitFor } from "../control_plane/waiting.ts";
import type { Layer } from "../e2e/image_archive.ts";
import { programPath } from "../e2e/required_program.ts";
import { type SandboxFacts, sandboxFacts } from "../e2e/sandbox.ts";
import type { Making } from "../e2e/stored.ts";
import { engineAddress, engineJson, type EngineSite, lacksSysResource } from "./engine_files.ts";
import { runtimePath, runtimeScript } from "./engine_files.ts";
import type { EnginePackages } from "./engine_packages.ts";

/** Time to come up on a machine that is busy. */
const READY_TIMEOUT_MS = 120_000;

/** An image of one layer. */
export interface LayerImage {
  readonly reference: string;
  readonly layer: Layer;
  /** In the words of `docker import --change`. */
  readonly changes: readonly string[];
}

/** Where an engine runs in the sandbox that this process is in, and that sandbox. @throws {Error} outside of one */
export function siteInSandbox(
  { hasNetworks }: Pick<EngineSite, "hasNetworks">,
): { readonly facts: SandboxFacts; readonly site: EngineSite } {
  const facts = sandboxFacts();
  if (facts === undefined) throw new Error("Cannot start a Docker engine: not in a sandbox");
  const { cgroup, folder } = facts;
  const site = { folder: `${folder}/engine`, dataFolder: `${folder}/docker`, cgroup, hasNetworks };
  return { facts, site };
}

/** A Docker engine that this process started. Dispose it to kill it. */
export class OwnEngine implements AsyncDisposable {
  readonly #packages: EnginePackages;
  readonly #process: GuardedProcess;
  readonly #site: EngineSite;

  private constructor(
    site: EngineSite,
    options: { readonly packages: EnginePackages; readonly process: GuardedProcess },
  ) {
    this.#site = site;
    this.#packages = options.packages;
    this.#process = options.process;
  }

  /**
   * Starts an engine in the sandbox that this process is in, which ends what it leaves, and waits until it answers.
   *
   * @throws {Error} when it does not, with the last lines of its log
   */
  static async start(
    site: EngineSite,
    options: { readonly packages: EnginePackages; readonly signal?: AbortSignal | undefined },
  ): Promise<OwnEngine> {
    const { packages, signal } = options;
    await Deno.mkdir(site.folder, { recursive: true });
    const wrapped = lacksSysResource(await Deno.readTextFile("/proc/self/status"));
    if (wrapped) {
      const runc = await programPath("runc");
      if (runc === undefined) throw new Error("Cannot start a Docker engine: there is no runc");
      await Deno.writeTextFile(runtimePath(site), runtimeScript(runc), { mode: 0o755 });
    }
    const configuration = `${site.folder}/daemon.json`;
    await Deno.writeTextFile(
      configuration,
      engineJson(site, { wrapped, version: packages.version }),
    );
    const process = new GuardedProcess("dockerd", {
      program: packages.dockerd,
      args: ["--config-file", configuration],
      logPath: `${site.folder}/dockerd.log`,
      pidPath: `${site.folder}/dockerd-own.pid`,
      env: {
        PATH: searchPath(packages),
        // In a container it loads no profile of AppArmor, which would stay with the machine.
        container: "meshwright",
      },
    });
    const engine = new OwnEngine(site, { packages, process });
    try {
      await waitFor(() => engine.#answers(), {
        what: "dockerd does not answer",
        processes: [process],
        timeoutMs: READY_TIMEOUT_MS,
        signal,
      });
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
    return engine;
  }

  /** What programs need to find it. */
  get env(): Readonly<Record<string, string>> {
    return {
      PATH: searchPath(this.#packages),
      DOCKER_HOST: engineAddress(this.#site),
      DOCKER_CONFIG: `${this.#site.folder}/client`,
    };
  }

  /** Runs `docker`. @throws {Error} with what it said */
  async docker(args: readonly string[], signal?: AbortSignal): Promise<string> {
    const { success, stdout, stderr } = await this.#run(args, signal);
    const decoder = new TextDecoder();
    if (success) return decoder.decode(stdout).trim();
    throw new Error(`Cannot run docker ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  }

  /** Has it know an image of one layer. */
  async take(
    { changes, layer, reference }: LayerImage,
    { progress, signal }: Making,
  ): Promise<void> {
    const words = changes.flatMap((change) => ["--change", change]);
    const load = () => this.docker(["import", ...words, layer.path, reference], signal);
    await reported(`giving Docker the image ${reference}`, load, progress);
  }

  /** Lets it end by itself, with all written that it keeps. */
  async stop(): Promise<void> {
    await this.#process.signal("SIGTERM");
    await this.#process.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }

  async #answers(): Promise<true | undefined> {
    const { success } = await this.#run(["version"]);
    return success ? true : undefined;
  }

  #run(args: readonly string[], signal?: AbortSignal): Promise<Deno.CommandOutput> {
    return new Deno.Command("docker", {
      args: [...args],
      env: this.env,
      stdin: "null",
      ...(signal === undefined ? {} : { signal }),
    }).output();
  }
}

function searchPath({ programFolder }: EnginePackages): string {
  const system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const own = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return [...new Set([programFolder, ...own, ...system])].join(":");
}
