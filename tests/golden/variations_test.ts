import { problems, RESOURCES, warnings, withDefaults } from "#api";
import { reviewAnswer, webhookAt } from "#admission";
import { isPlainObject, type KubeObject } from "#base";
import { cleanupJob, DEFAULT_SETTINGS, renderResource } from "#desired";
import { readManifests } from "#manifests";
import { isComponent } from "#api";
import { stripVTControlCharacters as stripAnsiCode } from "node:util";
import { assertEquals } from "@std/assert";
import { at } from "../unit/desired/fixtures.ts";
import { shuffled, variations } from "../support/variations.ts";

const COUNT = 400;
const BROKEN = variations(COUNT, "broken");
const SWAPPED = variations(COUNT, "swapped");
const OPTIONS = { facts: {}, settings: DEFAULT_SETTINGS };
const INIT = { ...OPTIONS, settings: { ...DEFAULT_SETTINGS, enableInitContainers: true } };

/** What fails, with the input that does it, or nothing. */
function failures(inputs: readonly KubeObject[], check: (input: KubeObject) => void): string[] {
  return inputs.flatMap((input, index) => {
    try {
      check(input);
      return [];
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const plain = stripAnsiCode(text).split("\n").filter((line) => /^\s*[-+] /.test(line));
      return [`${index} ${input.metadata.name}: ${(plain.join(" ") || text).slice(0, 300)}`];
    }
  });
}

Deno.test("no variation of a golden input throws, and none is changed (W-1, W-2, W-3)", () => {
  const found = failures([...BROKEN, ...SWAPPED], (input) => {
    const before = JSON.stringify(input);
    problems(input);
    warnings(input);
    if (isComponent(input)) withDefaults(input);
    renderResource(input, OPTIONS);
    renderResource(input, INIT);
    assertEquals(JSON.stringify(input), before);
  });
  assertEquals(found, []);
});

Deno.test("variations mean the same whatever the order of their members (W-8)", () => {
  const found = failures([...BROKEN, ...SWAPPED], (input) => {
    const other = shuffled(input);
    assertEquals(problems(other), problems(input));
    assertEquals(warnings(other), warnings(input));
    for (const options of [OPTIONS, INIT]) {
      assertEquals(
        JSON.stringify(renderResource(other, options)),
        JSON.stringify(renderResource(input, options)),
      );
    }
  });
  assertEquals(found, []);
});

Deno.test("validate, the webhook and render agree on every variation", () => {
  let sound = 0;
  const found = failures([...BROKEN, ...SWAPPED], (input) => {
    const own = problems(input).map(({ path, message }) => `${path}: ${message}`);
    if (own.length === 0) sound++;
    const file = { path: "a.json", text: JSON.stringify(input) };
    const validated = readManifests([file]).problems.map(({ path, message }) =>
      `${path}: ${message}`
    );
    assertEquals(validated, own);
    assertEquals(webhookWords(input), own);
    assertEquals(
      renderResource(input, OPTIONS).problems.map(({ path, message }) => `${path}: ${message}`),
      own,
    );
  });
  assertEquals(found, []);
  // Else nothing was tried.
  assertEquals(sound > COUNT / 4, true, `${sound} of ${2 * COUNT} are sound`);
  assertEquals(sound < 2 * COUNT * 0.9, true, `${sound} of ${2 * COUNT} are sound`);
});

/** What the webhook says about a creation. */
function webhookWords(object: KubeObject): string[] {
  const type = RESOURCES.find(({ kind }) => kind === object.kind);
  const [group, version] = object.apiVersion.split("/");
  const path = `/validate-${group?.replaceAll(".", "-")}-${version}-${type?.singular}`;
  const webhook = webhookAt(path);
  if (webhook === undefined) throw new Error(`no webhook at ${path}`);
  const { response } = reviewAnswer({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "1",
      kind: { group, version, kind: object.kind },
      operation: "CREATE",
      name: object.metadata.name,
      object,
    },
  }, webhook);
  const causes = response.status?.details?.causes ?? [];
  assertEquals(response.allowed, causes.length === 0);
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

Deno.test("no variation breaks its pod: names are unique, selectors match, mounts have volumes (W-23)", () => {
  let seen = 0;
  const found = failures([...BROKEN, ...SWAPPED], (input) => {
    for (const options of [OPTIONS, INIT]) {
      for (const object of renderResource(input, options).objects) {
        if (object.kind !== "StatefulSet") continue;
        seen++;
        checkPod(object, input);
      }
    }
  });
  assertEquals(found, []);
  assertEquals(seen > COUNT / 2, true, `only ${seen} StatefulSets`);
});

function checkPod(statefulSet: KubeObject, input: KubeObject): void {
  const spec = statefulSet.spec as Record<string, unknown>;
  const labels = record(at(spec, "template", "metadata", "labels"));
  for (const [name, value] of Object.entries(record(at(spec, "selector", "matchLabels")))) {
    assertEquals(labels[name], value, `label ${name}`);
  }
  const pod = at(spec, "template", "spec");
  const claimed = list(at(spec, "volumeClaimTemplates")).map((claim) =>
    at(claim, "metadata", "name")
  );
  const own = list(at(pod, "volumes")).map((volume) => at(volume, "name"));
  assertUnique(own, "volumes");
  assertUnique(claimed, "claims");
  // A claim goes before the volume of its name, by Kubernetes' own rule: only a volume of the author's may have one.
  const theirs = list(at(input.spec, "pod", "volumes")).map((volume) => at(volume, "name"));
  const lost = claimed.filter((name) => own.includes(name) && !theirs.includes(name));
  assertEquals(lost, []);
  const volumes = [...own, ...claimed];
  const containers = [...list(at(pod, "containers")), ...list(at(pod, "initContainers"))];
  assertUnique(containers.map((container) => at(container, "name")), "containers");
  const warned = warnings(input).map(({ message }) => message);
  for (const container of containers) {
    const mounts = list(at(container, "volumeMounts"));
    assertUnique(mounts.map((mount) => at(mount, "mountPath")), "mount paths");
    assertUnique(list(at(container, "env")).map((one) => at(one, "name")), "variables");
    for (const mount of mounts) {
      const name = String(at(mount, "name"));
      const words = `${JSON.stringify(name)} is no volume`;
      const isKnown = volumes.includes(name) || warned.some((message) => message.includes(words));
      assertEquals([name, isKnown], [name, true]);
    }
  }
}

function assertUnique(names: readonly unknown[], what: string): void {
  const repeated = names.filter((name, index) => names.indexOf(name) < index);
  assertEquals([what, repeated], [what, []]);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function record(value: unknown): Record<string, unknown> {
  return isPlainObject(value) ? value : {};
}

Deno.test("cleanupJob() bears every sound variation", () => {
  const found = failures([...BROKEN, ...SWAPPED], (input) => {
    if (!isComponent(input) || problems(input).length > 0) return;
    const job = cleanupJob(withDefaults(input), {}, DEFAULT_SETTINGS);
    assertEquals(JSON.stringify(cleanupJob(withDefaults(shuffled(input)), {}, DEFAULT_SETTINGS)), JSON.stringify(job));
  });
  assertEquals(found, []);
});
