/** The rules of `gitops/monitoring/` as Prometheus itself has them: series go in, alerts come out. */
import { assertEquals, assertMatch } from "@std/assert";
import { createMetrics } from "#telemetry";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { ALERT_GROUPS } from "../../scripts/monitoring/alerts.ts";
import { monitoringRules } from "../../scripts/monitoring/documents.ts";
import { promtoolProgram } from "../../scripts/monitoring/promtool_program.ts";
import { ALERT_CASES, type AlertCase } from "../support/alert_cases.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { ran } from "../support/programs.ts";

const promtool = await promtoolProgram({ progress: progressOnStderr });
const RULES = await Deno.realPath("gitops/monitoring/rules.yaml");

Deno.test("Prometheus takes the rules", async () => {
  await ran(promtool, ["check", "rules", "--lint=all", "--lint-fatal", RULES]);
});

Deno.test("each alert fires when it is to, says what a person reads, and stays quiet otherwise", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/tests.yaml`;
  const tests = ALERT_CASES.flatMap((one) => [firing(one), quiet(one)]);
  const file = { rule_files: [RULES], evaluation_interval: "1m", tests };
  await Deno.writeTextFile(path, JSON.stringify(file));
  await ran(promtool, ["test", "rules", path]);
  // What would pass whatever the rules say is no test.
  const [first] = ALERT_CASES;
  if (first === undefined) throw new Error("There is no case");
  const wrong = { ...file, tests: [quiet({ ...first, quiet: first.fires })] };
  await Deno.writeTextFile(path, JSON.stringify(wrong));
  const said = await ran(promtool, ["test", "rules", path]).then(() => "passed", String);
  assertEquals(/FAILED/.test(said), true, said);
});

Deno.test("each alert has its case, and each case its alert", () => {
  const alerts = ALERT_GROUPS.flatMap(({ alerts }) => alerts.map(({ name }) => name));
  assertEquals(ALERT_CASES.map(({ alert }) => alert).sort(), [...alerts].sort());
});

Deno.test("Prometheus takes what the program exposes", async () => {
  const metrics = createMetrics();
  metrics.setLeader(true);
  using _followed = metrics.follow({
    resources: () => [{
      kind: "Function",
      key: { namespace: "shop", name: "orders" },
      uid: "1",
      isReady: false,
      reason: "CrashLoopBackOff",
      backlog: 3,
      exceptions: 1,
      processed: 4,
    }],
    watches: () => [{ kind: "Pod", behindSeconds: 0 }],
  });
  const { text } = await metrics.exposition();
  const child = new Deno.Command(promtool, {
    // Two names are those of the reference operator, which no lint would pass.
    args: ["check", "metrics", "--extended", "--lint=none"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stderr, stdout } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  assertMatch(new TextDecoder().decode(stdout), /^mesh_resource_ready +1 /m);
});

/** The rule of an alert, with what it always has. */
function ruleOf(alert: string) {
  const rule = monitoringRules().groups.flatMap(({ rules }) => rules)
    .find((one) => one.alert === alert);
  if (rule === undefined) throw new Error(`There is no alert ${alert}`);
  return rule;
}

function firing({ alert, at, fires, labels, summary }: AlertCase): unknown {
  const rule = ruleOf(alert);
  const expected = {
    exp_labels: { ...labels, ...rule.labels },
    exp_annotations: { ...rule.annotations, summary },
  };
  return {
    name: `${alert} fires`,
    interval: "1m",
    input_series: inputOf(fires),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: [expected] }],
  };
}

function quiet({ alert, at, quiet }: AlertCase): unknown {
  return {
    name: `${alert} is quiet`,
    interval: "1m",
    input_series: inputOf(quiet),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: [] }],
  };
}

function inputOf(series: AlertCase["fires"]): unknown[] {
  return Object.entries(series).map(([name, values]) => ({ series: name, values }));
}
