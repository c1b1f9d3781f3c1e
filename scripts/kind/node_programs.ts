import { runProgram } from "../compile/program.ts";
import { type Binaries, findBinaries, findKindBinaries } from "../control_plane/binaries.ts";
import { findNodeBinaries } from "../control_plane/binaries.ts";
import { requiredProgram } from "../e2e/required_program.ts";
import type { Making } from "../e2e/stored.ts";
import { goProgram } from "../go_program.ts";

/** The one version of kind; `module/go.mod` names the same. */
const KIND_MODULE = "sigs.k8s.io/kind";

/** kind, and the files that its node images have. */
export interface KindProgram {
  readonly kind: string;
  /** With `etc`, `kind` and `usr`, from the module that kind was built of. */
  readonly baseFiles: string;
}

/** Programs that an image for nodes of kind holds. */
export interface KindNodePrograms {
  readonly controlPlane: Binaries;
  readonly kubelet: string;
  readonly kubeProxy: string;
  readonly kubeadm: string;
  readonly coredns: string;
}

/** Finds or builds kind. @throws {Error} with the last words of the compiler, or that Go is missing */
export async function kindProgram(making: Making): Promise<KindProgram> {
  const module = new URL("./module/", import.meta.url);
  const purpose = "builds kind";
  const kind = await goProgram({
    name: "kind",
    title: "kind",
    module,
    package: KIND_MODULE,
    output: "kind",
    purpose,
  }, making);
  const go = await requiredProgram("go", { ...making, debianPackage: "golang-go", purpose });
  // Of a module that is gone from Go's cache it has no folder, until it is downloaded again.
  const words = ["-C", module.pathname, "mod", "download", "-json", KIND_MODULE];
  const { Dir }: { Dir: string } = JSON.parse(await runProgram(go, words));
  return { kind, baseFiles: `${Dir}/images/base/files` };
}

/** Finds or builds what a node runs; each once a machine. */
export async function kindNodePrograms(making: Making): Promise<KindNodePrograms> {
  const controlPlane = await findBinaries(making);
  const { kubelet, "kube-proxy": kubeProxy } = await findNodeBinaries(making);
  const { kubeadm } = await findKindBinaries(making);
  const coredns = await goProgram({
    name: "coredns",
    title: "CoreDNS",
    module: new URL("./coredns/", import.meta.url),
    files: ["main.go"],
    package: ".",
    output: "coredns",
    purpose: "builds the DNS server of clusters of kind",
  }, making);
  return { controlPlane, kubelet, kubeProxy, kubeadm, coredns };
}
