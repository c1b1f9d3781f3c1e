import { assert, assertEquals, assertMatch } from "@std/assert";
import { manifestProblemText, readManifests } from "#manifests";
import { ageIdentities, isSopsText, sopsKey } from "../../../src/manifests/sops.ts";

const FIXTURES = new URL("../../fixtures/sops/", import.meta.url);

function fixture(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, FIXTURES));
}

async function read(path: string, text: string, key = "test_key.agekey") {
  const found = await sopsKey(text, ageIdentities([await fixture(key)]));
  return readManifests([{ path, text }], {
    sopsKeys: new Map(found === undefined ? [] : [[path, found]]),
  });
}

Deno.test("a Secret encrypted with SOPS is decrypted, and nothing of SOPS stays in it", async () => {
  const { documents, problems } = await read("a.yaml", await fixture("secret.yaml.enc"));
  assertEquals(problems, []);
  assertEquals(documents.map(({ object }) => object), [{
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "shop", labels: { tier: "1", rank: "backend" } },
    type: "Opaque",
    stringData: {
      user: "ada",
      password: "p4ss ${NOT_A_VARIABLE} w0rd",
      empty: "",
      text: "one\ntwo\n",
    },
  }]);
});

Deno.test("every document of a file, JSON, and files whose MAC covers encrypted values only are decrypted", async () => {
  const two = await fixture("two_documents.yaml.enc");
  for (const key of ["test_key.agekey", "other_key.agekey"]) {
    const { documents, problems } = await read("two.yaml", two, key);
    assertEquals(problems, []);
    assertEquals(documents.map(({ object }) => object["stringData"] ?? object["data"]), [
      { password: "first-password" },
      { value: "plain", list: "[1]" },
    ]);
  }
  const json = await read("s.json", await fixture("secret.json.enc"));
  assertEquals(json.problems, []);
  assertEquals(json.documents[0]?.object["stringData"], { password: "json-password" });
  const only = await read("a.yaml", await fixture("mac_only_encrypted.yaml.enc"));
  assertEquals(only.problems, []);
  assertEquals((only.documents[0]?.object["stringData"] as { user: string }).user, "ada");
});

Deno.test("numbers and truth values keep their types through SOPS", async () => {
  const { documents, problems } = await read("f.yaml", await fixture("whole_file.yaml.enc"));
  assertEquals(problems, []);
  const spec = documents[0]?.object["spec"] as Record<string, unknown>;
  assertEquals([spec["replicas"], spec["retainOrdering"]], [2, true]);
  assertEquals(spec["funcConfig"], { ratio: 0.25, small: 2.5e-7, nothing: null });
  assertEquals((spec["input"] as { topics: unknown }).topics, ["persistent://public/default/in"]);
});

Deno.test("the MAC of SOPS is checked over readable values as SOPS spells them", async () => {
  const text = await fixture("readable_values.yaml.enc");
  assertEquals(
    (await read("f.yaml", text)).problems.map(manifestProblemText).filter(isAboutMac),
    [],
  );
  const changed = text.replace("replicas: 3", "replicas: 4");
  assertMatch(
    (await read("f.yaml", changed)).problems.map(manifestProblemText).join(),
    /^f\.yaml:1: was changed after SOPS encrypted it: its MAC does not fit/,
  );
});

const isAboutMac = (text: string) => /SOPS|decrypted/.test(text);

Deno.test("values of SOPS that were moved, cut or made readable are found", async () => {
  const text = await fixture("secret.yaml.enc");
  const user = /user: (ENC\S+)/.exec(text)?.[1] ?? "";
  const password = /password: (ENC\S+)/.exec(text)?.[1] ?? "";
  const told = async (changed: string) => {
    assert(changed !== text);
    return (await read("a.yaml", changed)).problems.map(manifestProblemText).join("; ");
  };
  assertMatch(
    await told(text.replace(user, password)),
    /^a\.yaml:\d+: cannot be decrypted: stringData\.user was changed or moved$/,
  );
  assertMatch(await told(text.replace(user, "mallory")), /its MAC does not fit/);
  assertMatch(await told(text.replace(/ +user: .*\n/, "")), /its MAC does not fit/);
  assertMatch(await told(text.replace(/lastmodified: "\d{4}/, 'lastmodified: "1999')), /its MAC/);
});

Deno.test("a file for other age keys names them, and one without any key says what to set", async () => {
  const text = await fixture("secret.yaml.enc");
  const other = await read("a.yaml", text, "other_key.agekey");
  assertMatch(
    other.problems.map(manifestProblemText).join(),
    /^a\.yaml:1: is encrypted for age1\w+; the Secret of spec\.decryption holds none of their keys$/,
  );
  assertMatch(
    readManifests([{ path: "a.yaml", text }]).problems.map(manifestProblemText).join(),
    /is encrypted with SOPS; name the Secret with its age key in spec\.decryption\.secretRef/,
  );
  const broken = await sopsKey(text, ["AGE-SECRET-KEY-1AAAA"]);
  assertEquals(broken, {
    message: "cannot be decrypted: an age identity in the Secret is not valid",
  });
});

Deno.test("what SOPS decrypted is repeated by no message", async () => {
  const text = await fixture("whole_file.yaml.enc");
  const { documents } = await read("f.yaml", text);
  assert(documents[0]?.secrets?.includes("org.example.Exclaim"));
});

Deno.test("isSopsText() knows encrypted files, ageIdentities() the keys in a text", async () => {
  assert(isSopsText(await fixture("secret.yaml.enc")));
  assert(isSopsText(await fixture("secret.json.enc")));
  assert(isSopsText('{"a":1,"sops":{}}'));
  assert(!isSopsText("a: mesops: no"));
  assertEquals(
    ageIdentities(["# public key: age1x\nAGE-SECRET-KEY-1ABC\n", "AGE-SECRET-KEY-1ABC"]),
    [
      "AGE-SECRET-KEY-1ABC",
    ],
  );
});

Deno.test("sopsKey() takes whatever somebody wrote in place of what SOPS writes", async () => {
  const written = [
    "{age: 5}",
    "{age: [5, a]}",
    "{age: [{enc: 5}]}",
    "{mac: 5}",
    "{age: {a: b}}",
    "[]",
    "5",
    "",
    "{? [a] : b}",
  ];
  const read = written.map((sops) => sopsKey(`a: b\nsops: ${sops}\n`, []));
  const kinds = (await Promise.all(read)).map((key) =>
    key === undefined ? "none" : "message" in key
  );
  assertEquals(kinds, [true, true, true, true, true, "none", "none", "none", "none"]);
});
