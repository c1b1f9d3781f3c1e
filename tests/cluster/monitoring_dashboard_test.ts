/** The dashboard of `gitops/monitoring/` as Grafana's own model has it (its foundation SDK): what a Grafana imports. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { dashboardReader } from "../../scripts/monitoring/dashboard_reader.ts";

const reader = await dashboardReader({ progress: progressOnStderr });
const DASHBOARD = JSON.parse(await Deno.readTextFile("gitops/monitoring/dashboard.json"));

Deno.test("Grafana's model takes the dashboard, and loses nothing of it", async () => {
  const { code, stderr, stdout } = await read(DASHBOARD);
  assertEquals([code, stderr], [0, ""]);
  // What it adds are its own defaults.
  assertEquals(lost(DASHBOARD, JSON.parse(stdout), "dashboard"), []);
});

Deno.test("Grafana's model takes no member that it does not know, and no value of another kind", async () => {
  const [row, panel, ...others] = DASHBOARD.panels;
  const wrong = [
    [{ ...DASHBOARD, refreshed: "30s" }, "unexpected field 'refreshed'"],
    [{ ...DASHBOARD, panels: [row, { ...panel, gridPosition: {} }, ...others] }, "gridPosition"],
    [{ ...DASHBOARD, time: "now" }, "cannot unmarshal"],
  ] as const;
  for (const [dashboard, says] of wrong) {
    const { code, stderr } = await read(dashboard);
    assertEquals(code, 1, says);
    assertStringIncludes(stderr, says);
  }
});

async function read(dashboard: unknown) {
  const child = new Deno.Command(reader, { stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(dashboard)));
  await writer.close();
  const { code, stderr, stdout } = await child.output();
  const [errors, text] = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stderr: errors ?? "", stdout: text ?? "" };
}

/** Places of what is not in `after` as it was; what is empty may be left out. */
function lost(before: unknown, after: unknown, place: string): string[] {
  if (typeof before !== "object" || before === null) return before === after ? [] : [place];
  if (Object.keys(before).length === 0) return [];
  if (typeof after !== "object" || after === null) return [place];
  return Object.entries(before).flatMap(([name, value]) =>
    lost(value, (after as Readonly<Record<string, unknown>>)[name], `${place}.${name}`)
  );
}
