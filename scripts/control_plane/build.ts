import { publish } from "./cache.ts";
import { GuardedProcess } from "./guarded_process.ts";
import { type Progress, reported } from "./progress.ts";
import { type AnyProgramName, KUBERNETES_VERSION, KWOK_VERSION } from "./versions.ts";

const PACKAGES: Readonly<Record<AnyProgramName, string>> = {
  "etcd": "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
  "kubeadm": "k8s.io/kubernetes/cmd/kubeadm",
  "kubectl": "k8s.io/kubernetes/cmd/kubectl",
  "kubelet": "k8s.io/kubernetes/cmd/kubelet",
  "kwok": "sigs.k8s.io/kwok/cmd/kwok",
};

/** What a build needs to know. */
export interface BuildOptions {
  /** A directory on the same file system as `folder`, removed by the caller. */
  readonly temporary: string;
  readonly folder: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Whether the `go` program is there. */
export async function hasGo(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("go", {
      args: ["version"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Builds programs from Go modules. `module/go.sum` pins the content of every module, so that a build is as good as a
 * download with a checksum. Each program goes to the cache as soon as it is built: an interrupted build goes on where
 * it was.
 *
 * @throws {Error} with the last lines of the compiler's output
 */
export async function buildPrograms(
  names: readonly AnyProgramName[],
  options: BuildOptions,
): Promise<void> {
  for (const file of ["go.mod", "go.sum"]) {
    await Deno.copyFile(
      new URL(`./module/${file}`, import.meta.url),
      `${options.temporary}/${file}`,
    );
  }
  for (const [index, name] of names.entries()) {
    const what = `build ${index + 1}/${names.length} ${name}`;
    await reported(what, () => buildProgram(name, options), options.progress);
  }
}

async function buildProgram(name: AnyProgramName, options: BuildOptions): Promise<void> {
  options.signal?.throwIfAborted();
  await using build = new GuardedProcess(`go build ${name}`, {
    program: "go",
    args: [
      "build",
      "-mod=readonly",
      "-trimpath",
      "-ldflags",
      linkerFlags(),
      "-o",
      `${options.temporary}/${name}`,
      PACKAGES[name],
    ],
    cwd: options.temporary,
    env: { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" },
    logPath: `${options.temporary}/${name}.log`,
  });
  const code = await Promise.race([build.exited, aborted(options.signal)]);
  options.signal?.throwIfAborted();
  if (code !== 0) {
    throw new Error(
      `Cannot build ${name}: go exited with code ${code}:\n${await build.logTail(15)}`,
    );
  }
  await publish(options.temporary, { folder: options.folder, names: [name] });
}

// Without a version the API server reports one that clients cannot parse.
function linkerFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.split(".");
  const version = "k8s.io/component-base/version";
  return [
    "-s -w",
    `-X ${version}.gitVersion=v${KUBERNETES_VERSION}`,
    `-X ${version}.gitMajor=${major}`,
    `-X ${version}.gitMinor=${minor}`,
    `-X sigs.k8s.io/kwok/pkg/consts.Version=v${KWOK_VERSION}`,
  ].join(" ");
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
