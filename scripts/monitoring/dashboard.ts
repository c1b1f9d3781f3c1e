/** The dashboard of Grafana: from what a person asks first to what only the curious look at. Pure. */

interface Panel {
  readonly title: string;
  /** Expressions, each with its legend. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  readonly unit?: string;
  readonly kind?: "stat" | "table" | "timeseries";
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const IN = 'namespace=~"$namespace"';
const HALF = 12;
const HEIGHT = 8;

const quantiles = (metric: string, by = ""): Panel["queries"] =>
  [0.5, 0.99].map((quantile) => [
    `histogram_quantile(${quantile}, sum by (${by}le) (rate(${metric}_bucket[$__rate_interval])))`,
    `${by === "" ? "" : `{{${by.slice(0, -2)}}} `}p${quantile * 100}`,
  ]);

const rate = (metric: string, by: string, legend = `{{${by}}}`): Panel["queries"] => [[
  `sum by (${by}) (rate(${metric}[$__rate_interval]))`,
  legend,
]];

/** All rows, the most asked first. */
export const ROWS: readonly Row[] = [
  {
    title: "At a glance",
    panels: [
      {
        title: "Not ready",
        kind: "stat",
        queries: [[`count by (kind) (mesh_resource_ready{${IN}} == 0) or vector(0)`, "{{kind}}"]],
      },
      {
        title: "What is not ready, and why",
        kind: "table",
        queries: [[`mesh_resource_ready{${IN}} == 0`, ""]],
      },
    ],
  },
  {
    title: "Messages",
    panels: [
      {
        title: "Processed",
        unit: "ops",
        queries: [[
          `sum by (namespace, name) (rate(mesh_component_processed_total{${IN}}[$__rate_interval]))`,
          "{{namespace}}/{{name}}",
        ]],
      },
      {
        title: "Exceptions",
        unit: "ops",
        queries: [[
          `sum by (namespace, name) (rate(mesh_component_exceptions_total{${IN}}[$__rate_interval]))`,
          "{{namespace}}/{{name}}",
        ]],
      },
      {
        title: "Backlog",
        unit: "short",
        queries: [[
          `max by (namespace, name) (mesh_component_backlog_messages{${IN}})`,
          "{{namespace}}/{{name}}",
        ]],
      },
      {
        title: "Replicas wanted for the backlog",
        queries: [[`mesh_scaling_wanted_replicas{${IN}}`, "{{namespace}}/{{name}}"], [
          `mesh_backlog_messages{${IN}}`,
          "waiting for {{namespace}}/{{name}}",
        ]],
      },
      { title: "Changes of replicas", queries: rate("mesh_scaling_changes_total", "direction") },
    ],
  },
  {
    title: "From Git",
    panels: [
      { title: "Runs by result", queries: rate("mesh_sync_total", "result") },
      {
        title: "From commit to ready",
        unit: "s",
        queries: quantiles("mesh_commit_to_ready_seconds"),
      },
      {
        title: "Phases of a run",
        unit: "s",
        queries: quantiles("mesh_sync_duration_seconds", "phase, "),
      },
      {
        title: "Looks at remotes",
        unit: "s",
        queries: quantiles("mesh_git_fetch_duration_seconds", "result, "),
      },
      {
        title: "Gone back, and held",
        queries: [["increase(mesh_quarantine_total[$__range])", "went back"], [
          `mesh_quarantined_objects{${IN}}`,
          "held of {{namespace}}/{{name}}",
        ]],
      },
      {
        title: "Put right, fought over, pruned",
        queries: [
          ...rate("mesh_drift_corrected_total", "kind", "put right {{kind}}"),
          ...rate("mesh_drift_fights_total", "kind", "fights {{kind}}"),
          ["sum(rate(mesh_pruned_total[$__rate_interval]))", "pruned"],
        ],
      },
      {
        title: "Notifications",
        queries: [[
          "sum by (type, result) (rate(mesh_notification_total[$__rate_interval]))",
          "{{type}} {{result}}",
        ]],
      },
    ],
  },
  {
    title: "The program",
    panels: [
      { title: "Passes", unit: "ops", queries: rate("mesh_reconcile_total", "result") },
      {
        title: "How long passes take",
        unit: "s",
        queries: quantiles("mesh_reconcile_duration_seconds", "kind, "),
      },
      { title: "Waiting for a pass", queries: [["max by (kind) (mesh_queue_depth)", "{{kind}}"]] },
      {
        title: "How long they wait",
        unit: "s",
        queries: quantiles("mesh_queue_wait_seconds", "kind, "),
      },
      { title: "Requests to the API server", queries: rate("mesh_api_requests_total", "code") },
      {
        title: "Watches",
        queries: [
          ...rate("mesh_watch_restarts_total", "cause", "restarted: {{cause}}"),
          ["max by (kind) (mesh_watch_behind_seconds) > 0", "behind: {{kind}}, s"],
        ],
      },
      {
        title: "Memory",
        unit: "bytes",
        queries: [["process_resident_memory_bytes", "{{pod}} resident"], [
          "process_heap_bytes",
          "{{pod}} heap",
        ]],
      },
      {
        title: "Processors",
        queries: [["rate(process_cpu_seconds_total[$__rate_interval])", "{{pod}}"]],
      },
      {
        title: "Leader, and since when it runs",
        kind: "table",
        queries: [["mesh_leader", ""], ["time() - process_start_time_seconds", ""], [
          "mesh_build_info",
          "",
        ]],
      },
      {
        title: "Certificates end in",
        kind: "stat",
        unit: "s",
        queries: [["min by (use) (mesh_certificate_end_timestamp_seconds) - time()", "{{use}}"]],
      },
    ],
  },
];

/** The dashboard as Grafana imports it; the data source and the namespaces are chosen there. */
export function dashboard(): unknown {
  return {
    title: "Meshwright",
    uid: "meshwright",
    tags: ["meshwright", "pulsar"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: { list: VARIABLES },
    annotations: { list: [] },
    panels: placedPanels(),
  };
}

const SOURCE = { type: "prometheus", uid: "${datasource}" };

const VARIABLES = [
  { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
  {
    name: "namespace",
    label: "Namespace",
    type: "query",
    datasource: SOURCE,
    query: "label_values(mesh_resource_ready, namespace)",
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: ".*",
  },
];

function placedPanels(): unknown[] {
  let id = 0;
  let y = 0;
  return ROWS.flatMap(({ panels, title }) => {
    const row = { id: ++id, type: "row", title, collapsed: false };
    const placed = panels.map((panel, index) => ({
      ...panelOf(panel, ++id),
      gridPos: {
        h: HEIGHT,
        w: HALF,
        x: (index % 2) * HALF,
        y: y + 1 + Math.floor(index / 2) * HEIGHT,
      },
    }));
    const gridPos = { h: 1, w: 2 * HALF, x: 0, y };
    y += 1 + Math.ceil(panels.length / 2) * HEIGHT;
    return [{ ...row, gridPos, panels: [] }, ...placed];
  });
}

function panelOf({ kind = "timeseries", queries, title, unit = "short" }: Panel, id: number) {
  const isTable = kind === "table";
  return {
    id,
    type: kind,
    title,
    datasource: SOURCE,
    fieldConfig: { defaults: { unit }, overrides: [] },
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      ...(isTable ? { format: "table", instant: true } : { legendFormat }),
    })),
  };
}
