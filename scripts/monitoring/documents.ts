/** The files of `gitops/monitoring/` and the runbook, from the alerts. Pure. */
import { stringify } from "@std/yaml";
import { type Alert, ALERT_GROUPS, type AlertGroup } from "./alerts.ts";
import { dashboard } from "./dashboard.ts";

/** Where the runbook is in this repository: at which address people read it, each installation knows. */
export const RUNBOOK = "docs/alerts.md";

const HEAD = "# Written by `deno task monitoring` from scripts/monitoring/: change it there.\n";

/**
 * The files by path, each as it is on the disk.
 *
 * @param runbook where `runbook_url` leads: the address of the runbook's page, without the name of an alert
 */
export function monitoringFiles(runbook = RUNBOOK): Readonly<Record<string, string>> {
  const rules = monitoringRules(runbook);
  return {
    [RUNBOOK]: runbookPage(),
    "gitops/monitoring/dashboard.json": `${JSON.stringify(dashboard(), null, 2)}\n`,
    "gitops/monitoring/prometheus-rule.yaml": yaml({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: { name: "meshwright", labels: { "app.kubernetes.io/name": "meshwright" } },
      spec: rules,
    }),
    "gitops/monitoring/rules.yaml": yaml(rules),
  };
}

/** What Prometheus reads. */
export function monitoringRules(runbook = RUNBOOK) {
  return { groups: ALERT_GROUPS.map((group) => ruleGroup(group, runbook)) };
}

function yaml(content: unknown): string {
  return HEAD + stringify(content, { lineWidth: -1 });
}

function ruleGroup({ alerts, name }: AlertGroup, runbook: string) {
  return { name, rules: alerts.map((alert) => rule(alert, runbook)) };
}

function rule(alert: Alert, runbook: string) {
  const { expr, means, name, severity, steps, summary } = alert;
  return {
    alert: name,
    expr,
    for: alert.for,
    labels: { severity },
    annotations: {
      summary,
      description: `${means} ${plain(steps[0] ?? "")}`,
      runbook_url: `${runbook}#${name.toLowerCase()}`,
    },
  };
}

/** Without the marks of Markdown. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

function runbookPage(): string {
  const groups = ALERT_GROUPS.map(({ alerts, name }) =>
    `## Group ${name}\n\n${alerts.map(page).join("\n")}`
  );
  return `# Alerts, and what to do

Written by \`deno task monitoring\` from \`scripts/monitoring/alerts.ts\`: the page to which \`runbook_url\`
of the rules in \`gitops/monitoring/\` leads. [operations.md](operations.md#dashboard-and-alerts) says how
to load them.

${groups.join("\n")}`;
}

function page({ expr, means, name, severity, steps, summary, ...rest }: Alert): string {
  const shown = summary.replaceAll(/\{\{ \$(?:labels\.)?(\w+)[^}]*\}\}/g, "<$1>");
  return `### ${name}

${severity}, after ${rest.for}: ${shown.replaceAll("<", "\\<")}.

${means}

${steps.map((step) => `- ${step}`).join("\n")}

\`\`\`promql
${expr}
\`\`\`
`;
}
