import { assertEquals } from "@std/assert";
import { fileText, type KubeObject } from "#base";
import { authoredObject, readManifests } from "#manifests";
import { testCluster } from "../support/control_plane.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { type Spelling, yamlSpellings } from "../support/yaml_spellings.ts";

const cluster = testCluster();

/** Problems that are ours on purpose, where `kubectl` reads something: each has its reason. */
const REFUSED: readonly RegExp[] = [
  // It takes the last one, and nobody sees that the first one is gone.
  /the key is given twice/,
  // The JSON that is sent would hold another number.
  /that JSON cannot keep/,
  // It passes over what follows.
  /here another document begins|not valid YAML: Unexpected flow-map-start at node end/,
  // Its reader takes them in some places only.
  /begins with a directive/,
  // A key without a value, where everybody means a text.
  /begins with \?, which kubectl takes for a key/,
  // No API server takes an object without a name or a kind.
  /metadata: is missing|an item of the list is no object/,
];

/** Where two read the same file in two ways, on purpose. */
const DIFFERENT: readonly string[] = [
  // A byte order mark behind the first separator becomes part of a name for kubectl.
  `file: before ${JSON.stringify("---\n\uFEFF")}`,
  // It fails over a list in a list.
  "file: list in list",
];

/** What `kubectl` has of one spelling. */
interface Reading {
  readonly objects: readonly KubeObject[];
  readonly isRefused: boolean;
}

/** Reads all files with one call; between any two of them an object marks the end of the first. */
async function readingsOf(spellings: readonly Spelling[]): Promise<Reading[]> {
  await using folder = await temporaryFolder();
  const name = (index: number) => `s${String(index).padStart(5, "0")}`;
  for (const [index, { bytes }] of spellings.entries()) {
    await Deno.writeFile(`${folder.path}/${name(index)}.yaml`, bytes);
    const end = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: end-${index}}\n`;
    await Deno.writeTextFile(`${folder.path}/${name(index)}z.yaml`, end);
  }
  const create = [
    "create",
    "--dry-run=client",
    "--validate=false",
    "-o",
    "json",
    "-f",
    folder.path,
  ];
  const { stderr, stdout } = await cluster.tryKubectl(create);
  const refused = new Set(
    [...stderr.matchAll(/s(\d{5})\.yaml/g)].map(([, index]) => Number(index)),
  );
  const readings: Reading[] = [];
  let objects: KubeObject[] = [];
  for (const text of stdout.split(/\n(?=\{)/).filter((text) => text.trim() !== "")) {
    const object = JSON.parse(text) as KubeObject;
    if (object.metadata?.name !== `end-${readings.length}`) objects.push(object);
    else {
      readings.push({ objects, isRefused: refused.has(readings.length) });
      objects = [];
    }
  }
  return readings;
}

/** Objects with members that have no value, everywhere where one can be. */
const NULLS = [
  "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {x: , y: z}}\ndata: {a: eA==, b: }\n",
  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: }\ndata: {a: , b: x}\nbinaryData: ~\n",
  "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  nodeSelector: {a: , b: c}\n  volumes:\n" +
  "  containers:\n  - {name: c, image: c, command: , env: [{name: A, value: }], resources: {limits: }}\n",
  "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, creationTimestamp: }\nspec:\n  replicas:\n" +
  "  selector: {matchLabels: {a: b}}\n  template: {metadata: {labels: {a: b}, annotations: {a: }}}\n",
];

Deno.test("members without a value are left out as kubectl apply leaves them out", async () => {
  for (const text of NULLS) {
    const dry = ["apply", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-"];
    const theirs = JSON.parse(await cluster.kubectl(dry, { stdin: text })) as KubeObject;
    const [manifest] = readManifests([{ path: "a.yaml", text }]).documents;
    if (manifest === undefined) throw new Error(`it is not read: ${text}`);
    const { annotations: _last, ...metadata } = theirs.metadata;
    assertEquals(asWritten(authoredObject(manifest.object)), asWritten({ ...theirs, metadata }));
  }
});

/** Without what the dry run fills in. */
function asWritten(object: KubeObject): unknown {
  const { namespace: _namespace, ...metadata } = object.metadata ?? {};
  // A member of the metadata without a value is none.
  const given = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
  return { ...object, metadata: given };
}

Deno.test("readManifests() reads what kubectl reads, in every spelling, with the same meaning", async () => {
  const spellings = await yamlSpellings();
  const readings = await readingsOf(spellings);
  assertEquals(readings.length, spellings.length);
  assertEquals(readings.filter(({ isRefused }) => !isRefused).length > 500, true);
  const differing = spellings.flatMap(({ bytes, name }, index) => {
    const theirs = readings[index];
    const { documents, problems } = readManifests([{ path: "a.yaml", text: fileText(bytes) }]);
    const messages = problems.map((problem) => `${problem.path ?? ""}: ${problem.message}`);
    if (theirs === undefined || theirs.isRefused || DIFFERENT.includes(name)) return [];
    if (problems.length > 0) {
      return messages.every((text) => REFUSED.some((pattern) => pattern.test(text)))
        ? []
        : [{ name, messages }];
    }
    const [ours, wanted] = [documents.map(({ object }) => object), theirs.objects].map((objects) =>
      JSON.stringify(objects.map(asWritten), ordered)
    );
    return ours === wanted ? [] : [{ name, messages: [String(ours), String(wanted)] }];
  });
  assertEquals(differing, []);
});

/** Members in order. */
function ordered(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
