/** Flux's two controllers and the operator Function Mesh: built once a machine from pinned modules, with their definitions. */
import { parseAll } from "@std/yaml";
import type { KubeObject } from "#base";
import { runProgram } from "../../../scripts/compile/program.ts";
import { requiredProgram } from "../../../scripts/e2e/required_program.ts";
import type { Making } from "../../../scripts/e2e/stored.ts";
import { goProgram } from "../../../scripts/go_program.ts";

const PURPOSE = "builds the programs that the bench compares with";

/** Paths of programs, and what they ask the cluster to know. */
export interface PeerPrograms {
  readonly sourceController: string;
  readonly kustomizeController: string;
  readonly functionMesh: string;
  /** Custom resource definitions of Flux. */
  readonly fluxDefinitions: readonly KubeObject[];
  /** That of Functions, as the operator writes their status. */
  readonly functionDefinition: KubeObject;
}

/** One of them: its wrapper's folder here, and the Go module that it is. */
interface Peer {
  readonly folder: string;
  readonly title: string;
  readonly goModule: string;
  /** The wrapper has a `main.go` of its own. */
  readonly hasMain?: boolean;
}

const SOURCE_CONTROLLER: Peer = {
  folder: "source_controller",
  title: "Flux's source-controller",
  goModule: "github.com/fluxcd/source-controller",
};
const KUSTOMIZE_CONTROLLER: Peer = {
  folder: "kustomize_controller",
  title: "Flux's kustomize-controller",
  goModule: "github.com/fluxcd/kustomize-controller",
};
const FUNCTION_MESH: Peer = {
  folder: "function_mesh",
  title: "the operator Function Mesh",
  goModule: "github.com/streamnative/function-mesh",
  hasMain: true,
};

/** Finds or builds all three. @throws {Error} with the last words of the compiler, or that Go is missing */
export async function peerPrograms(making: Making): Promise<PeerPrograms> {
  // One after the other: each build takes all processors.
  const sourceController = await built(SOURCE_CONTROLLER, making);
  const kustomizeController = await built(KUSTOMIZE_CONTROLLER, making);
  const functionMesh = await built(FUNCTION_MESH, making);
  const functions = await definitionsOf(FUNCTION_MESH, making);
  const functionDefinition = functions.find(({ metadata }) =>
    metadata.name === "functions.compute.functionmesh.io"
  );
  if (functionDefinition === undefined) {
    throw new Error(`Cannot find the definition of Functions in ${FUNCTION_MESH.goModule}`);
  }
  return {
    sourceController,
    kustomizeController,
    functionMesh,
    fluxDefinitions: [
      ...await definitionsOf(SOURCE_CONTROLLER, making),
      ...await definitionsOf(KUSTOMIZE_CONTROLLER, making),
    ],
    functionDefinition,
  };
}

function built({ folder, goModule, hasMain, title }: Peer, making: Making): Promise<string> {
  return goProgram({
    name: `bench-${folder}`,
    title,
    module: moduleOf(folder),
    ...(hasMain ? { files: ["main.go"], package: "." } : { package: goModule }),
    output: folder,
    purpose: PURPOSE,
  }, making);
}

/** From the module that the program was built of: they fit it. */
async function definitionsOf({ folder, goModule }: Peer, making: Making): Promise<KubeObject[]> {
  const go = await requiredProgram("go", {
    ...making,
    debianPackage: "golang-go",
    purpose: PURPOSE,
  });
  // Of a module that is gone from Go's cache it has no folder, until it is downloaded again.
  const words = ["-C", moduleOf(folder).pathname, "mod", "download", "-json", goModule];
  const { Dir }: { Dir: string } = JSON.parse(await runProgram(go, words));
  const bases = `${Dir}/config/crd/bases`;
  const found: KubeObject[] = [];
  for await (const { name } of Deno.readDir(bases)) {
    const documents = parseAll(await Deno.readTextFile(`${bases}/${name}`)) as KubeObject[];
    found.push(...documents.map(withoutStatus));
  }
  return found;
}

/** Some generators write an empty status, and no time of creation as null. */
function withoutStatus({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject {
  const { name, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, ...(annotations === undefined ? {} : { annotations }) },
    spec,
  } as KubeObject;
}

function moduleOf(folder: string): URL {
  return new URL(`./${folder}/`, import.meta.url);
}
