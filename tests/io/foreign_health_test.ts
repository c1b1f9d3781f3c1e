// Argo CD and Flux say of our kinds what our own loop says of them: one table of objects, judged by their interpreters.
import { ANNOTATIONS, RESOURCES } from "#api";
import { groupOf, type KubeObject } from "#base";
import { objectHealth } from "#plan";
import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { findBinaries } from "../../scripts/control_plane.ts";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { healthProgram } from "../../scripts/operator/health_program.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { ran } from "../support/programs.ts";
import { meshHealth } from "../../src/gitops/health_rules.ts";

const condition = (type: string, status: unknown, more = {}) => ({ type, status, ...more });
const conditions = (ready: string, reconciling: string, stalled: string, more = {}) => ({
  observedGeneration: 2,
  conditions: [
    condition("Ready", ready, { observedGeneration: 2, message: "words", ...more }),
    condition("Reconciling", reconciling, { observedGeneration: 2, message: "works on it" }),
    condition("Stalled", stalled, { observedGeneration: 2, message: "is invalid" }),
  ],
});
const healthy = conditions("True", "False", "False");

interface Case {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: unknown;
  /** What Argo CD says of a MeshSync, where it has a word of its own. */
  readonly argo?: string;
  /** What Flux says of Functions, Sources, Sinks and FunctionMeshes, where that differs. */
  readonly flux?: string;
  /** Kinds of which Flux cannot tell: it goes on waiting, as our own loop does, or to be on the safe side. */
  readonly untold?: readonly string[];
}

const MESH_KINDS = ["Function", "FunctionMesh", "Sink", "Source"];
/** Kinds that have a status; nobody writes one for a BackendConfig. */
const CONDITIONED = [...MESH_KINDS, "MeshSync"];
const UNMANAGED = { annotations: { [ANNOTATIONS.managed]: "false" } };

const CASES: Readonly<Record<string, Case>> = {
  "healthy": { status: healthy },
  "a generation behind": { status: { ...healthy, observedGeneration: 1 } },
  "a condition behind": { status: conditions("True", "False", "False", { observedGeneration: 1 }) },
  "at work": { status: conditions("False", "True", "False") },
  "ready and at work": { status: conditions("True", "True", "False") },
  "replicas not ready": { status: { ...conditions("False", "False", "False"), readyReplicas: 1 } },
  "unknown": { status: conditions("Unknown", "False", "False") },
  "stalled": { status: conditions("False", "False", "True") },
  "stalled and at work": { status: conditions("False", "True", "True") },
  "suspended": {
    spec: { suspend: true },
    status: conditions("False", "False", "False", { reason: "Suspended" }),
    argo: "Suspended",
  },
  "a paused rollout": {
    metadata: { annotations: { "compute.functionmesh.io/pause-rollout": "true" } },
    status: { ...healthy, pendingChange: "StatefulSet spec.template" },
  },
  "being deleted": { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, status: healthy },
  "not managed, and nobody looked": { metadata: UNMANAGED, untold: ["MeshSync"] },
  "not managed, and not ready before": {
    metadata: UNMANAGED,
    status: conditions("False", "True", "False"),
    flux: "current",
  },
  "managed, as somebody says": {
    metadata: { annotations: { [ANNOTATIONS.managed]: "true" } },
    status: conditions("False", "True", "False"),
  },
  "no status": { untold: CONDITIONED },
  "an empty status": { status: {}, untold: CONDITIONED },
  "a status that is text": { status: "Ready", untold: CONDITIONED },
  "a status that is null": { status: null, untold: CONDITIONED },
  "conditions that are text": { status: { conditions: "True" }, untold: CONDITIONED },
  "conditions that are null": { status: { conditions: null }, untold: CONDITIONED },
  "conditions that are a map": { status: { conditions: { Ready: "True" } }, untold: CONDITIONED },
  "conditions among strange ones": {
    status: { conditions: ["True", { status: "True" }, condition("Ready", "True")] },
    untold: CONDITIONED,
  },
  "a status of true": { status: { conditions: [condition("Ready", true)] } },
  "a status of null": { status: { conditions: [condition("Ready", null)] } },
  "a number as text": { status: { ...healthy, observedGeneration: "1" }, untold: CONDITIONED },
  "strange words": {
    status: { conditions: [condition("Ready", "False", { message: null, reason: "" })] },
  },
};

const WORDS: Readonly<Record<string, string>> = {
  current: "Healthy",
  failed: "Degraded",
  progressing: "Progressing",
};

interface Answer {
  readonly lua: { readonly status?: string; readonly message?: string; readonly error?: string };
  readonly cel: string;
}

interface Rules {
  readonly kind: string;
  readonly current: string;
  readonly failed?: string;
  readonly inProgress?: string;
}

async function luaScript(): Promise<string> {
  const map = parse(await Deno.readTextFile("gitops/argocd/argocd-cm.yaml")) as {
    data: { "resource.customizations": string };
  };
  const rules = parse(map.data["resource.customizations"]) as Record<
    string,
    Record<string, string>
  >;
  // A star stands for anything there, slashes too.
  assertEquals(Object.keys(rules), ["*.functionmesh.io/*"]);
  assertEquals(
    RESOURCES.filter(({ apiVersion }) => !groupOf(apiVersion).endsWith(".functionmesh.io")),
    [],
  );
  return Object.values(rules)[0]?.["health.lua"] ?? "";
}

async function fluxRules(): Promise<readonly (Rules & { readonly apiVersion: string })[]> {
  const text = await Deno.readTextFile("gitops/flux/health-checks.yaml");
  const { spec } = parse(text) as {
    spec: { healthCheckExprs: (Rules & { apiVersion: string })[] };
  };
  return spec.healthCheckExprs;
}

function objectOf(type: { readonly apiVersion: string; readonly kind: string }, one: Case) {
  const { metadata, spec = {} } = one;
  const hasStatus = "status" in one && CONDITIONED.includes(type.kind);
  return {
    ...type,
    metadata: { name: "a", namespace: "shop", generation: 2, ...metadata },
    spec,
    ...(hasStatus ? { status: one.status } : {}),
  } as KubeObject;
}

/** What our loop says: an object of a mesh of which nobody said that it is ready is waited for. */
function ownState(object: KubeObject): string {
  const { state } = objectHealth(object);
  if (state !== "current" || object.kind === "BackendConfig") return state;
  if (object.kind === "MeshSync") return state;
  return meshHealth(object).words === undefined ? state : "progressing";
}

async function judged(input: unknown): Promise<readonly (readonly Answer[])[]> {
  const program = await healthProgram({ progress: progressOnStderr });
  const child = new Deno.Command(program, { stdin: "piped", stdout: "piped", stderr: "inherit" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  await writer.close();
  const { stdout, success } = await child.output();
  assert(success);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("Argo CD and Flux say of every kind what our own loop says", async () => {
  const [lua, rules] = [await luaScript(), await fluxRules()];
  const types = rules.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`);
  assertEquals(
    types.sort(),
    RESOURCES.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`).sort(),
  );
  const cases = Object.entries(CASES);
  const answers = await judged(rules.map(({ apiVersion, kind, ...cel }) => ({
    lua,
    cel,
    objects: cases.map(([, one]) => objectOf({ apiVersion, kind }, one)),
  })));
  for (const [row, { apiVersion, kind }] of rules.entries()) {
    for (const [column, [name, one]] of cases.entries()) {
      const { cel, lua } = answers[row]?.[column] ?? { cel: "", lua: {} };
      const own = ownState(objectOf({ apiVersion, kind }, one));
      const argo = kind === "MeshSync" ? one.argo : undefined;
      const where = `${kind}: ${name}`;
      assertEquals([where, lua.status, lua.error], [where, argo ?? WORDS[own], undefined]);
      const flux = MESH_KINDS.includes(kind) ? one.flux : undefined;
      const isUntold = one.untold?.includes(kind) === true;
      assertEquals([where, cel], [where, isUntold ? "unknown" : flux ?? own]);
    }
  }
});

Deno.test("docs/health-in-flux.md puts the expressions into a Kustomization", async () => {
  const page = await Deno.readTextFile("docs/health-in-flux.md");
  const [mesh = "", kustomization = ""] = [...page.matchAll(/^```yaml$([^`]*)^```$/gm)].map(
    ([, text = ""]) => text,
  );
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/mesh.yaml`, mesh);
  await Deno.writeTextFile(`${folder.path}/kustomization.yaml`, kustomization);
  await Deno.copyFile("gitops/flux/health-checks.yaml", `${folder.path}/health-checks.yaml`);
  const { kubectl } = await findBinaries();
  const { spec } = parse(await ran(kubectl, ["kustomize", folder.path])) as { spec: object };
  const own = parse(mesh) as { spec: object };
  assertEquals(spec, { ...own.spec, healthCheckExprs: await fluxRules() });
});
