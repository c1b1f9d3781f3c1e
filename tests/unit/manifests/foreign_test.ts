import { assertEquals } from "@std/assert";
import { manifestProblemText, readManifests } from "#manifests";

function problems(text: string, path = "a.yaml"): string[] {
  return readManifests([{ path, text }]).problems.map(manifestProblemText);
}

const OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

Deno.test("files that other programs encrypted are told by the name of the program", () => {
  const cases: [string, RegExp][] = [
    ["\0GITCRYPT\0\u0001\u0002rest", /^a\.yaml:1: is encrypted by git-crypt/],
    ["age-encryption.org/v1\n-> X25519 …\n", /^a\.yaml:1: is encrypted by age/],
    ["-----BEGIN AGE ENCRYPTED FILE-----\n", /^a\.yaml:1: is encrypted by age/],
    ["-----BEGIN PGP MESSAGE-----\n", /^a\.yaml:1: is encrypted by PGP/],
    ["$ANSIBLE_VAULT;1.1;AES256\n6162", /^a\.yaml:1: is encrypted by Ansible Vault/],
    ["\u001f\ufffd\u0008rest", /^a\.yaml:1: is compressed by gzip; /],
    ["\ufeff\n<!DOCTYPE HTML>\n<title>Sign in</title>", /^a\.yaml:1: is a page of HTML/],
    ["<html><body>Sign in</body></html>\n", /^a\.yaml:1: is a page of HTML/],
    [[...OBJECT].join("\0"), /^a\.yaml:1: is in UTF-32, or in UTF-16 without its mark; /],
    [`\0\0${[...OBJECT].join("\0\0\0")}`, /^a\.yaml:1: is in UTF-32, or in UTF-16 without /],
    ["\u0001\u0002binary", /^a\.yaml:1: holds the control character U\+0001/],
    [`${OBJECT}data: {a: "x\0"}\n`, /^a\.yaml:5: holds the control character U\+0000/],
  ];
  for (const [text, said] of cases) {
    const found = problems(text);
    assertEquals([found.length, said.test(found[0] ?? "")], [1, true], found.join());
  }
});

Deno.test("a merge conflict is told as one, at its line, and text that only looks like it is not", () => {
  const conflict = `${OBJECT}data:\n<<<<<<< HEAD\n  a: "1"\n=======\n  a: "2"\n>>>>>>> other\n`;
  assertEquals(problems(conflict), [
    "a.yaml:6: holds a merge conflict; resolve it and commit the result",
  ]);
  const windows = conflict.replaceAll("\n", "\r\n");
  assertEquals(problems(windows).length, 1);
  assertEquals(problems(`<<<<<<< a\n${OBJECT}=======\n>>>>>>> b\n`)[0]?.slice(0, 9), "a.yaml:1:");
  const text = `${OBJECT}data:\n  a: |\n    <<<<<<< HEAD\n    >>>>>>> b\n`;
  assertEquals(problems(text), []);
});

Deno.test("a template is told as one, at its first line, and templates within texts are not", () => {
  const said = (line: number) => [
    `a.yaml:${line}: is a template ({{ … }}), as those of Helm, and no YAML; commit what \`helm template\` makes of it`,
  ];
  assertEquals(problems(OBJECT.replace("name: a", "name: {{ .Release.Name }}-a")), said(4));
  assertEquals(problems(OBJECT.replace("name: a", "name: {{ .Release.Name }}")), said(4));
  assertEquals(problems(`{{- if .Values.on }}\n${OBJECT}{{- end }}\n`), said(1));
  assertEquals(
    problems(`# {{ a }}\n${OBJECT}data:\n  {{- range .x }}\n  a: "1"\n  {{- end }}\n`),
    said(7),
  );
  assertEquals(problems(`${OBJECT}data:\n  a: "{{ .Values.a }}"\n  b: |\n    {{ if }}\n`), []);
});

Deno.test("a template of Jinja, and one in the quotes of a name, are told as what they are", () => {
  assertEquals(problems(`${OBJECT}{% if a %}\ndata: {a: "{{ a }}"}\n{% endif %}\n`), [
    "a.yaml:5: is a template ({% … %}), as those of Jinja, and no YAML; commit what is made of it",
  ]);
  const quoted = OBJECT.replace(
    "name: a",
    'name: "{{ .Release.Name }}-a"\n  namespace: "{{ .ns }}"',
  );
  assertEquals(problems(quoted).map((line) => line.slice(0, 52)), [
    "a.yaml:4: ConfigMap/{{ .Release.Name }}-a metadata.n",
    "a.yaml:5: ConfigMap/{{ .Release.Name }}-a metadata.n",
  ]);
  assertEquals(problems(`${OBJECT}  annotations: {a: "{{ b }}", c: "{% d %}"}\n`), []);
});

Deno.test("apiVersion and kind without quotes that are no text are told as they are written", () => {
  const said = (text: string) => problems(text).map((line) => line.replace(/^a\.yaml:/, ""));
  assertEquals(said(OBJECT.replace("v1", "1")), [
    "1: apiVersion must be text, but is 1; put it in quotes",
  ]);
  assertEquals(said(OBJECT.replace("v1", "1.10")), [
    "1: apiVersion must be text, but is 1.10; put it in quotes",
  ]);
  assertEquals(said(OBJECT.replace("ConfigMap", "On")), [
    "2: kind must be text, but is On; put it in quotes",
  ]);
  assertEquals(said(OBJECT.replace("apiVersion: v1", "apiVersion:")), [
    "1: is no Kubernetes object: apiVersion missing",
  ]);
});

Deno.test("a value of SOPS without what says how it was encrypted is told as one, and not shown", () => {
  const text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n" +
    "  key: ENC[AES256_GCM,data:c2VjcmV0,iv:aaaa,tag:bbbb,type:str]\n";
  assertEquals(problems(text), [
    'a.yaml:5: Secret/a data["key"]: is encrypted by SOPS, but the member sops that says how is gone; ' +
    "encrypt the file again",
  ]);
});

Deno.test("overlays and charts are told as what they are, with and without a kind", () => {
  const overlay = /overlays of kustomize are not built here/;
  const cases: [string, string, RegExp][] = [
    ["kustomization.yaml", "resources: [a.yaml]\n", overlay],
    ["deep/kustomization.yml", "resources: [a.yaml]\n", overlay],
    ["base.yaml", "resources: [a.yaml]\nnamePrefix: b-\n", overlay],
    ["base.yaml", "configMapGenerator: [{name: a}]\n", overlay],
    [
      "a.yaml",
      "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: a}\n",
      overlay,
    ],
    ["a.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", overlay],
    [
      "Chart.yaml",
      "apiVersion: v2\nname: a\nversion: 1.0.0\n",
      /is the description of a Helm chart/,
    ],
    ["values.yaml", "replicas: 1\n", /is no Kubernetes object: apiVersion and kind missing/],
  ];
  for (const [path, text, said] of cases) {
    const found = problems(text, path);
    assertEquals([found.length, said.test(found[0] ?? "")], [1, true], found.join());
  }
});
