/**
 * Markers in every place from which the command line can come to know a secret, every refusal that an API server can give,
 * quoting them in every spelling; then all that the commands print is looked through (H3).
 */
import { assert, assertEquals } from "@std/assert";
import { folderWith, meshwright } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { type FakeApiServer, fakeApiServer } from "../support/fake_api_server.ts";
import { REFUSALS } from "../support/quoting_refusals.ts";
import { numberSpellings, secretSpellings } from "../support/secret_spellings.ts";
import { SHOP, SyncWorld } from "../support/sync_world.ts";

const FIXTURES = new URL("../fixtures/sops/", import.meta.url);
const NUMBER = 81_726_354;
/** What must not come out, by where it is planted. */
const MARKERS = {
  variable: 'MARKVAR"in<side>&x',
  unused: "MARKUNUSEDvariable-77",
  inGit: "MARKSECRETinGit/9+8",
  stringData: "MARKSTRINGdata 77 words",
  // As the fixture has it.
  sops: "p4ss ${NOT_A_VARIABLE} w0rd",
};
/** Those that are in files as they are: a command knows them without a MeshSync. */
const IN_FILES = spellingsOf([MARKERS.inGit, MARKERS.stringData]);
const SPELLINGS = [...spellingsOf(Object.values(MARKERS)), ...numberSpellings(NUMBER).values()];
/** A part of each marker in each spelling. */
const PARTS: readonly string[] = [
  ...Object.values(MARKERS).flatMap((value) =>
    [...secretSpellings(value)].filter(([name]) => name !== "a nested struct")
      .map(([, spelling]) => spelling.slice(2, 10))
  ),
  ...[String(NUMBER), "8.1726354", "4df0b92", "AGE-SECRET-KEY", "MARK"],
];

function spellingsOf(values: readonly string[]): string[] {
  return values.flatMap((value) => [...secretSpellings(value).values()]);
}

function leaks(texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    PARTS.filter((part) => text.includes(part)).map((part) => `${part} in: ${text}`)
  );
}

async function secret(world: SyncWorld, name: string, data: Record<string, string>) {
  const encoded = Object.entries(data).map(([member, value]) => [
    member,
    new TextEncoder().encode(value).toBase64(),
  ]);
  const metadata = { namespace: SHOP, name };
  await world.user.apply({
    ...{ apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) },
  }, { fieldManager: "user" });
}

function mapText(name: string, data: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {${data}}\n`;
}

async function files(round: string): Promise<Record<string, string>> {
  const base64 = new TextEncoder().encode(MARKERS.inGit).toBase64();
  return {
    "a/b.yaml": mapText("b", `a: "\${KEY}", count: "\${NUMBER}", round: "${round}"`),
    "a/c.yaml": mapText("c", `round: "${round}"`),
    "a/s.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {x: ${base64}}\n` +
      `stringData: {y: ${MARKERS.stringData}, round: "${round}"}\n`,
    "a/sealed.yaml": await Deno.readTextFile(new URL("secret.yaml.enc", FIXTURES)),
  };
}

/** A cluster in which a MeshSync applied what holds secrets, and a folder with a later state of its files. */
async function planted() {
  const world = new SyncWorld();
  await secret(world, "vars", {
    KEY: MARKERS.variable,
    NUMBER: String(NUMBER),
    UNUSED: MARKERS.unused,
  });
  const key = await Deno.readTextFile(new URL("test_key.agekey", FIXTURES));
  await secret(world, "keys", { "a.agekey": key });
  world.repository.commit({
    ...await files("0"),
    "a/gone.yaml": mapText("gone", 'a: "${UNUSED}", b: "${KEY}"'),
    "a/plain.yaml": mapText("plain", 'a: "${KEY}", b: "is ${NUMBER}"'),
  });
  await world.sync("a", {
    interval: "1m",
    decryption: { secretRef: { name: "keys" } },
    variablesFrom: [{ kind: "Secret", name: "vars" }],
  });
  // Keys are opened by another thread, for which time in the world does not wait.
  await eventually(async () => {
    await world.advance(1_000);
    return world.condition("a").startsWith("True Healthy");
  });
  const stack = new AsyncDisposableStack();
  const server = stack.use(fakeApiServer(world.cluster));
  const folder = stack.use(
    await folderWith({
      ...await files("1"),
      "a/plain.yaml": mapText("plain", "a: open, b: open"),
      "kubeconfig.json": server.kubeconfig,
    }),
  );
  return {
    server,
    world,
    run: async (...words: readonly string[]) => {
      const args = words.map((word) => word.replace("FOLDER", `${folder.path}/a`));
      return await meshwright([...args, `--kubeconfig=${folder.path}/kubeconfig.json`]);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Has the server refuse what is applied, in the words that it is given. */
function refuseWrites(server: FakeApiServer, answer: ReturnType<typeof REFUSALS[string]>): void {
  server.refuse = ({ method, path }) =>
    method === "PATCH" && !path.includes("/meshsyncs/") ? answer : undefined;
}

const DIFFS: readonly (readonly string[])[] = [
  ["diff", "--sync=a", "FOLDER"],
  ["diff", "--sync=a", "--output=json", "FOLDER"],
];
const PLAIN_DIFFS: readonly (readonly string[])[] = [
  ["diff", "FOLDER/c.yaml", "FOLDER/s.yaml"],
  ["diff", "--output=json", "FOLDER/c.yaml", "FOLDER/s.yaml"],
];

Deno.test("no secret comes out of a command about a cluster, of what it compares, changes or deletes (H3)", async () => {
  await using place = await planted();
  const all = [
    ...DIFFS,
    ...PLAIN_DIFFS,
    ["get", "syncs"],
    ["get", "syncs", "a", "--output=json"],
    ["history", "a"],
    ["history", "a", "--output=json"],
    ["reconcile", "a", "--wait=0s"],
    ["suspend", "a"],
    ["resume", "a"],
  ];
  for (const words of all) {
    const { code, notes, out } = await place.run(...words);
    assertEquals(leaks([...out, ...notes]), [], words.join(" "));
    assert(code < 2 && out.length + notes.length > 0, `${words.join(" ")}: ${code} ${notes}`);
  }
  // And it says what changes, all the same.
  const { out } = await place.run("diff", "--sync=a", "FOLDER");
  for (const said of ["+  round: '1'", "--- live ConfigMap shop/gone", "+  a: '*** (after)'"]) {
    assert(out.includes(said), `${said} in:\n${out.join("\n")}`);
  }
});

Deno.test("no secret comes out of diff, whatever an API server quotes in whichever spelling (H3)", async () => {
  await using place = await planted();
  let refused = 0;
  for (const [name, refusal] of Object.entries(REFUSALS)) {
    for (const [commands, spellings] of [[DIFFS, SPELLINGS], [PLAIN_DIFFS, IN_FILES]] as const) {
      // All spellings of a refusal at once, and few at a time for the one that is shown the most of.
      const size = name === "invalid" ? 10 : spellings.length;
      for (let at = 0; at < spellings.length; at += size) {
        const quoted = spellings.slice(at, at + size).join(" ");
        refuseWrites(place.server, refusal(quoted));
        for (const words of commands) {
          const { code, notes, out } = await place.run(...words);
          assertEquals(leaks([...out, ...notes]), [], `${words.join(" ")}: ${name}: ${quoted}`);
          refused += code === 2 ? 1 : 0;
        }
      }
    }
  }
  assert(refused > 40, `refusals that diff told of: ${refused}`);
});

/** Secrets as people get them wrong, with a marker in each: in their words, their types and their syntax. */
const BROKEN: Readonly<Record<string, string>> = {
  "no base64": "data: {password: MARKpass-word1}",
  "a number in data": `data: {password: ${NUMBER}}`,
  "a list": "stringData: {password: [MARKpass-word1]}",
  "a map": "stringData: {password: {MARKpass-word1: MARKpass-word2}}",
  "a number": `stringData: {password: ${NUMBER}}`,
  "a text for all": "stringData: MARKpass-word1",
  "a list for all": "data: [MARKpass-word1]",
  "a type": 'stringData: {password: MARKpass-word1}\ntype: ["MARKpass-word1"]',
  "an unknown member": "password: MARKpass-word1",
  "an alias": "stringData:\n  password: *MARKpass-word1",
  "a tag": "stringData:\n  password: !MARKpass-word1 a",
  "an anchor twice": "stringData:\n  password: &MARKpass-word1 a\n  b: &MARKpass-word1 [",
  "an at sign": "stringData:\n  password: @MARKpass-word1",
  "a percent sign": "stringData:\n  password: %MARKpass-word1",
  "a backquote": "stringData:\n  password: `MARKpass-word1`",
  "a colon": "stringData:\n  password: MARKpass: word1: a",
  "a quote that stays open": 'stringData:\n  password: "MARKpass-word1',
  "a quote in quotes": 'stringData:\n  password: "MARKpass"word1"',
  "an escape": 'stringData:\n  password: "MARK\\pass-word1"',
  "a bracket": "stringData:\n  password: [MARKpass-word1",
  "a brace": "stringData:\n  password: {MARKpass-word1",
  "a block": "stringData:\n  password: |MARKpass-word1",
  "a fold": "stringData:\n  password: >MARKpass-word1",
  "a tab": "stringData:\n\tpassword: MARKpass-word1",
  "another indent": "stringData:\n    password: MARKpass-word1\n  MARKpass-word2",
  "twice": "stringData:\n  password: MARKpass-word1\n  password: MARKpass-word2",
  "a template": "stringData:\n  password: {{ MARKpass-word1 }}",
  "a large number": "stringData: {password: 8172635481726354817263548172635481726354.5e999}",
  "infinity": "data: {password: .inf, other: MARKpass-word1}",
  "a control character": 'stringData: {password: "MARKpass\u0007word1"}\u0007',
};

Deno.test("no secret comes out of validate, render and diff, whatever is wrong with its file (H3)", async () => {
  const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
  const sealed = await Deno.readTextFile(new URL("secret.yaml.enc", FIXTURES));
  const texts = Object.entries(BROKEN).map(([name, rest]) =>
    [`${name.replaceAll(" ", "-")}.yaml`, `${head}${rest}\n`] as const
  );
  await using folder = await folderWith({
    ...Object.fromEntries(texts),
    "list.yaml": `apiVersion: v1\nkind: List\nitems:\n- ${
      `${head}stringData: MARKpass-word1`.replaceAll("\n", "\n  ")
    }\n`,
    "json.json": `{"apiVersion":"v1","kind":"Secret","stringData":{"a":"MARKpass-word1",}}`,
    "cut.json": `{"apiVersion":"v1","kind":"Secret","stringData":{"a":"MARKpass-word1`,
    "damaged.yaml": sealed.replace("ENC[AES256_GCM,", "ENC[MARKpass-word1,"),
  });
  for (const verb of ["validate", "render"]) {
    for (const form of verb === "validate" ? ["text", "json"] : ["yaml", "json"]) {
      for (const path of [folder.path, ...texts.map(([name]) => `${folder.path}/${name}`)]) {
        const { notes, out } = await meshwright([verb, `--output=${form}`, path]);
        assertEquals(leaks([...out, ...notes]), [], `${verb} ${form} ${path}`);
      }
    }
  }
});
