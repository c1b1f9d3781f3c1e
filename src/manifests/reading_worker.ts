/**
 * What runs in a thread of its own: it turns files into objects, may do nothing else, and gets all that it needs by message.
 * See `reader.ts` for the other side.
 *
 * @module
 */
import { errorText } from "#base";
import type { ManifestFile, ManifestProblem } from "./manifest.ts";
import { manifestsWith, type ReadInputs } from "./read.ts";
import { type PlainManifest, portions, STATE } from "./wire.ts";

/** What is to be read: files in portions, and then what they are read with. */
export type ReadingRequest =
  | { readonly tag: "files"; readonly files: readonly ManifestFile[] }
  | {
    readonly tag: "read";
    readonly inputs: ReadInputs;
    /** {@linkcode STATE} */
    readonly state: SharedArrayBuffer;
  };

/** A whole request. */
interface Reading {
  readonly files: readonly ManifestFile[];
  readonly inputs: ReadInputs;
  readonly state: SharedArrayBuffer;
}

/** What comes back: secrets before the manifests that hold them, `done`, `ended` or `failed` at the end. */
export type ReadingAnswer =
  | { readonly tag: "secrets"; readonly values: readonly string[] }
  | { readonly tag: "manifests"; readonly manifests: readonly PlainManifest[] }
  | {
    readonly tag: "done";
    readonly problems: readonly ManifestProblem[];
    readonly warnings: readonly ManifestProblem[];
    readonly nodes: number;
  }
  | { readonly tag: "ended" }
  | { readonly tag: "failed"; readonly message: string };

interface Scope {
  onmessage: ((event: MessageEvent<ReadingRequest>) => void) | null;
  postMessage(answer: ReadingAnswer): void;
}

class Ended extends Error {}

async function answer(request: Reading, scope: Scope): Promise<void> {
  const { files, inputs } = request;
  const state = new Int32Array(request.state);
  const indexes = new Map(files.map(({ path }, index) => [path, index]));
  const onStep = (file: string) => {
    if (Atomics.load(state, STATE.stop) !== 0) throw new Ended();
    Atomics.store(state, STATE.file, indexes.get(file) ?? 0);
  };
  const read = await manifestsWith(inputs, files, { onStep });
  const known = new Map<readonly string[], number>();
  const secretsOf = (values: readonly string[]) => {
    const before = known.get(values);
    if (before !== undefined) return before;
    scope.postMessage({ tag: "secrets", values });
    known.set(values, known.size);
    return known.size - 1;
  };
  for (const manifests of portions(read.documents, secretsOf)) {
    onStep(manifests[0]?.file ?? "");
    scope.postMessage({ tag: "manifests", manifests });
  }
  const { nodes = 0, problems, warnings } = read;
  scope.postMessage({ tag: "done", problems, warnings, nodes });
}

/** Answers one request after another. */
function serve(scope: Scope): void {
  let files: ManifestFile[] = [];
  scope.onmessage = ({ data }) => {
    if (data.tag === "files") return void files.push(...data.files);
    const request = { ...data, files };
    files = [];
    answer(request, scope).catch((error) =>
      scope.postMessage(
        error instanceof Ended ? { tag: "ended" } : { tag: "failed", message: errorText(error) },
      )
    );
  };
}

serve(globalThis as unknown as Scope);
