import { assertEquals } from "@std/assert";
import {
  type CaseInput,
  caseInputs,
  type CaseName,
  CASES,
  reportedExpectations,
} from "../support/cases.ts";
import { type CommandResult, folderWith, meshwright } from "../support/cli.ts";

/** Runs a test on each input of a case. */
async function caseTest(
  name: CaseName,
  expectation: string,
  test: (input: CaseInput) => Promise<void>,
): Promise<void> {
  for (const input of await caseInputs(name)) {
    Deno.test(`case ${name} (${input.origin}): ${expectation}`, () => test(input));
  }
}

/** The problems of `validate`, without the path of the folder. */
async function found(input: CaseInput, file: string): Promise<string[]> {
  const { code, out } = await meshwright(["validate", `${input.folder}/${file}`]);
  assertEquals(code, out.length === 0 ? 0 : 1, file);
  return out.map((line) => line.replace(`${input.folder}/`, ""));
}

function lastLine({ notes }: CommandResult): string {
  return notes.at(-1) ?? "";
}

Deno.test("every reported case has a test", async () => {
  const known = new Set<string>([...CASES.io, ...CASES.cluster]);
  const missing = [...(await reportedExpectations()).keys()].filter((name) => !known.has(name));
  assertEquals(missing, []);
});

await caseTest(
  "01-cli-paths",
  "the problems are found by any spelling of the path",
  async (input) => {
    const [[name = "", text = ""] = []] = Object.entries(input.files);
    await using folder = await folderWith({
      [`.ci/.k8s/${name}`]: text,
      [`.ci/k8s/${name}`]: text,
    });
    const { path } = folder;
    const base = path.slice(path.lastIndexOf("/") + 1);
    const spellings = [
      ".ci",
      ".ci/",
      ".ci/k8s",
      ".ci/.k8s",
      `.ci/.k8s/${name}`,
      `../${base}/.ci/k8s`,
    ]
      .map((part) => `${path}/${part}`);
    for (const spelling of spellings) {
      const result = await meshwright(["validate", spelling]);
      assertEquals(result.code, 1, spelling);
      // What lies in a folder that is hidden below the one that is named is not read.
      assertEquals(lastLine(result), "1 file, 1 object, 5 problems", spelling);
    }
  },
);

await caseTest(
  "08-duplicate-env",
  "validate names each wrong type with its line",
  async (input) => {
    const lines: Record<string, readonly string[]> = {
      "function.yaml": [
        "19:spec.pod.env[4].value",
        "23:spec.pod.volumes[1].name",
        "26:spec.volumeMounts[1].mountPath",
      ],
      "source.yaml": [
        "13:spec.pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution",
        "12:spec.pod.sidecars[0].tty",
        "11:spec.pod.startupProbe.periodSeconds",
      ],
      "wrong-types.yaml": [
        "12:spec.pod.labels.true",
        "12:spec.pod.labels.version",
        '13:spec.pod.annotations["prometheus.io/port"]',
        "14:spec.pod.nodeSelector.ssd",
        "15:spec.pod.terminationGracePeriodSeconds",
        "16:spec.pod.tolerations[0].tolerationSeconds",
        "17:spec.pod.securityContext.runAsUser",
        "18:spec.pod.volumes[0].configMap.defaultMode",
        "19:spec.pod.env[0].value",
        "19:spec.pod.env[1].value",
        "19:spec.pod.env[2].valueFrom.secretKeyRef.name",
        "20:spec.pod.imagePullSecrets[0]",
        "21:spec.pod.initContainers[0].command",
        "22:spec.pod.sidecars[0].args[0]",
        "22:spec.pod.sidecars[0].args[1]",
        "22:spec.pod.sidecars[0].ports[0].containerPort",
        "23:spec.volumeMounts[0].readOnly",
        "24:spec.resources.limits.memory",
      ],
    };
    for (const file of Object.keys(input.files).filter((name) => name !== "deployment.yaml")) {
      const places = (await found(input, file)).map((line) =>
        line.replace(/^[^:]+:(\d+): \S+ (.*?): .*$/, "$1:$2")
      );
      assertEquals(new Set(places), new Set(lines[file]), file);
    }
  },
);

await caseTest(
  "03-secret-number",
  "validate names the line and the member, and never the value",
  async (input) => {
    const places: Record<string, string> = {
      "data_number.yaml": '5: Secret/number data["pin"]: must be text, but is a number',
      "data_text.yaml": '5: Secret/text data["token"]: must be base64',
      "fraction.yaml": '5: Secret/fraction stringData["rate"]: must be text, but is a number',
      "list.yaml": '5: Secret/list stringData["hosts"]: must be text, but is a list',
      "bool.yaml": '5: Secret/flag stringData["enabled"]: must be text, but is true or false',
      "map.yaml": '5: Secret/map stringData["config"]: must be text, but is a map',
      "not-base64.yaml": '5: Secret/plain data["password"]: must be base64',
      "number.yaml": '5: Secret/pin stringData["pin"]: must be text, but is a number',
    };
    for (const file of Object.keys(input.files)) {
      const lines = await found(input, file);
      assertEquals(lines.map((line) => line.startsWith(`${file}:${places[file]}; `)), [true], file);
      assertEquals(
        /81726354|s3cretvalue99|hunter2|2718|92837465|n0t|l1st/.test(lines.join()),
        false,
        file,
      );
    }
  },
);

await caseTest(
  "09-exported",
  "validate takes what was exported, and names an owner that is not there",
  async (input) => {
    for (const file of Object.keys(input.files)) {
      const fields = (await found(input, file)).map((line) =>
        line.replace(/^\S+ \S+ (\S+): .*$/, "$1")
      );
      const wanted = file === "owned.yaml" ? ["metadata.ownerReferences[0]"] : [];
      assertEquals(fields, wanted, file);
    }
  },
);

await caseTest(
  "23-names",
  "validate names the number that is no name, as it is written",
  async (input) => {
    const lines = await found(input, "num.yaml");
    const names = input.origin === "ours" ? ["0o17", "No"] : ["20240601", "1e3", "on"];
    for (const name of names) {
      const said = `metadata.name: must be text, but is ${name}; put it in quotes`;
      assertEquals(lines.filter((line) => line.endsWith(said)).length, 1, name);
    }
    assertEquals(lines.filter((line) => line.includes("given twice")), []);
  },
);
