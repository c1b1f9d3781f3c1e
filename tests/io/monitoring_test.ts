/** `gitops/monitoring/`: it is what the scripts make, and names nothing that the program does not tell. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createMetrics } from "#telemetry";
import { SYNC_REASONS } from "../../src/gitops/reasons.ts";
import { ALERT_GROUPS } from "../../scripts/monitoring/alerts.ts";
import { ROWS } from "../../scripts/monitoring/dashboard.ts";
import { monitoringFiles } from "../../scripts/monitoring/documents.ts";
import { unknownNames } from "../../scripts/monitoring/named.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { ran } from "../support/programs.ts";

const KNOWN = createMetrics().definitions();
const ALERTS = ALERT_GROUPS.flatMap(({ alerts }) => alerts);

Deno.test("gitops/monitoring and docs/alerts.md are what scripts/monitoring makes (run deno task monitoring)", async () => {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(monitoringFiles())) {
    if (await Deno.readTextFile(path) !== text) stale.push(path);
  }
  assertEquals(stale, []);
});

Deno.test("each alert leads to its chapter of the runbook, at the address that an installation names", async () => {
  await using folder = await temporaryFolder();
  const address = "https://git.example/meshwright/docs/alerts.md";
  const generator = (...words: readonly string[]) =>
    ran(Deno.execPath(), ["run", "-A", "scripts/monitoring.ts", ...words]);
  await generator("--runbook", address, "--output", folder.path);
  const chapters = [...(await Deno.readTextFile(`${folder.path}/docs/alerts.md`))
    .matchAll(/^### (\w+)$/gm)].map(([, name = ""]) => `${address}#${name.toLowerCase()}`);
  assertEquals(chapters.length, ALERTS.length);
  for (const file of ["rules.yaml", "prometheus-rule.yaml"]) {
    const text = await Deno.readTextFile(`${folder.path}/gitops/monitoring/${file}`);
    const led = [...text.matchAll(/runbook_url: '([^']+)'/g)].map(([, url]) => url);
    assertEquals(led, chapters);
  }
  // What stands in the repository knows no address, and is not written over.
  const refused = await generator("--runbook", address).then(() => "written", String);
  assertStringIncludes(refused, "--runbook needs --output");
});

Deno.test("alerts and dashboard name metrics and labels that there are", () => {
  const ofAlerts = ALERTS.map(({ expr, name, summary }) => [
    name,
    unknownNames(expr, KNOWN, [summary]),
  ]);
  const ofPanels = ROWS.flatMap(({ panels }) =>
    panels.flatMap(({ queries, title }) =>
      queries.map(([expr, legend]) => [title, unknownNames(expr, KNOWN, [legend])])
    )
  );
  const unknown = [...ofAlerts, ...ofPanels].filter(([, names]) => names?.length !== 0);
  assertEquals(unknown, []);
});

Deno.test("unknownNames() finds a metric, a label of a selector, of a grouping and of a text that there is not", () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["rate(mesh_reconcile_totals[5m])", "", ["mesh_reconcile_totals"]],
    ["mesh_queue_wait_seconds > 1", "", ["mesh_queue_wait_seconds"]],
    ['mesh_queue_depth{kinds="a"}', "", ["mesh_queue_depth{kinds}"]],
    ["sum by (name) (mesh_queue_depth)", "", ["name"]],
    ["mesh_queue_depth", "{{ $labels.name }} {{kind}} {{ $value }}", ["name"]],
    ["sum by (le, kind) (rate(mesh_queue_wait_seconds_bucket[5m]))", "{{ $labels.kind }}", []],
  ];
  for (const [expr, text, unknown] of cases) {
    assertEquals(unknownNames(expr, KNOWN, [text]), unknown, expr);
  }
});

Deno.test("every metric is on the dashboard", () => {
  const shown = ROWS.flatMap(({ panels }) =>
    panels.flatMap(({ queries }) => queries.map(([expr]) => expr))
  ).join("\n");
  const missing = KNOWN.map(({ name }) => name)
    .filter((name) => !new RegExp(`\\b${name}(?:_bucket)?\\b`).test(shown))
    // As in the reference operator, for its dashboards: `mesh_reconcile_*` tell the same.
    .filter((name) => !name.startsWith("function_mesh_"));
  assertEquals(missing, []);
});

Deno.test("the reasons that alerts name are ones that a MeshSync may have", () => {
  const named = ALERTS.flatMap(({ expr }) =>
    [...expr.matchAll(/kind="MeshSync",reason[!=]~"([^"]+)"/g)]
      .flatMap(([, list = ""]) => list.split("|"))
  );
  const known: readonly string[] = SYNC_REASONS;
  assertEquals(named.filter((reason) => !known.includes(reason)), []);
  assertEquals(named.length > 0, true);
});
