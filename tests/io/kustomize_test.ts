/** `gitops/operator/` as kustomize renders it is what `install` prints for the same wishes. */
import { assertEquals } from "@std/assert";
import { OPTIONS, type Overlay, OVERLAYS } from "../../scripts/operator/kustomize.ts";
import { findBinaries } from "../../scripts/control_plane.ts";
import { operatorFiles } from "../../scripts/operator.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import {
  type Comparable,
  comparableText,
  printedBy,
  withoutDefinitions,
} from "../support/installations.ts";
import { ran } from "../support/programs.ts";

const { kubectl } = await findBinaries();

/** What kubectl's own kustomize makes of a folder. */
async function rendered(folder: string): Promise<Comparable> {
  const text = await ran(kubectl, ["kustomize", folder]);
  return comparableText(text);
}

/** The flags of `install` that say the same as an overlay. */
function flagsOf({ image, namespace, options, replicas }: Overlay): string[] {
  const place = namespace ?? "meshwright";
  return [
    ...options.flatMap((name) => OPTIONS[name] ?? []).map((flag) =>
      flag.replace(/^--watched-namespace=.*/, `--watched-namespace=${place}`)
    ),
    `--namespace=${place}`,
    ...(image === undefined ? [] : [`--image=${image.newName}:${image.newTag}`]),
    ...(replicas === undefined ? [] : [`--replicas=${replicas}`]),
  ];
}

Deno.test("gitops/operator and each of its overlays are what install prints", async () => {
  assertEquals(await rendered("gitops/operator"), printedBy([]));
  for (const [name, overlay] of Object.entries(OVERLAYS)) {
    assertEquals(await rendered(`gitops/operator/overlays/${name}`), printedBy(flagsOf(overlay)));
  }
});

Deno.test("options of gitops/operator go together in any order, in another namespace", async () => {
  await using folder = await temporaryFolder();
  const files = operatorFiles();
  for (const [path, text] of files) {
    await Deno.mkdir(`${folder.path}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    // No option changes the definitions; without them a rendering takes a tenth of the time.
    const content = path.endsWith("definitions.yaml") ? "" : text;
    await Deno.writeTextFile(`${folder.path}/${path}`, content);
  }
  const tried = `${folder.path}/operator/overlays/tried`;
  await Deno.mkdir(tried);
  const wholes: string[][] = [
    ["replicated", "receiver", "single-tenant", "service-monitor-secure", "own-namespace"],
    ["own-namespace", "gitops-none", "receiver", "metrics-secure"],
    ["gitops-none", "own-namespace", "service-monitor"],
    ["gitops-cluster-admin", "own-namespace"],
    ["own-namespace", "gitops-cluster-admin", "replicated"],
    ["metrics-secure", "receiver", "gitops-cluster-admin", "single-tenant"],
  ];
  const combinations = [[], ...Object.keys(OPTIONS).map((name) => [name]), ...wholes];
  for (const options of combinations) {
    const namespace = "mesh-system";
    const names = options.filter((name) =>
      files.has(`operator/options/${name}/names/kustomization.yaml`)
    );
    const overlay = {
      resources: ["../../base"],
      components: options.map((name) => `../../options/${name}`),
      namespace,
      transformers: ["../../names", ...names.map((name) => `../../options/${name}/names`)],
    };
    await Deno.writeTextFile(`${tried}/kustomization.yaml`, JSON.stringify(overlay));
    const wanted = printedBy(flagsOf({ options, namespace }));
    assertEquals(
      await rendered(tried),
      withoutDefinitions(wanted),
      `${options.join(" ")} in ${namespace}`,
    );
  }
});
