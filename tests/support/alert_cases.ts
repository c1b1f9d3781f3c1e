/** Series under which each alert of `gitops/monitoring/` fires, and some that look alike and are nothing to wake anybody for. */

/** What Prometheus has scraped, once a minute. */
export type Series = Readonly<Record<string, string>>;

/** When one alert fires, and when not. */
export interface AlertCase {
  readonly alert: string;
  readonly fires: Series;
  /** When it is looked at, of both. */
  readonly at: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As a person reads it. */
  readonly summary: string;
  readonly quiet: Series;
}

const ORDERS = 'kind="Function",namespace="shop",name="orders"';
const ORDERS_LABELS = { kind: "Function", namespace: "shop", name: "orders" };
const SYNC_LABELS = { namespace: "shop", name: "meshes" };

const sync = (reason: string) =>
  `mesh_resource_ready{kind="MeshSync",namespace="shop",name="meshes",reason="${reason}"}`;
const ready = (reason: string) => `mesh_resource_ready{${ORDERS},reason="${reason}"}`;
const passes = (result: string) => `mesh_reconcile_total{kind="Function",result="${result}"}`;
const asked = (code: string) => `mesh_api_requests_total{verb="list",kind="Secret",code="${code}"}`;
const bucket = (metric: string, le: string, labels = "") => `${metric}_bucket{${labels}le="${le}"}`;
const WAIT = "mesh_queue_wait_seconds";
const PASS = "mesh_reconcile_duration_seconds";
const COMMIT = "mesh_commit_to_ready_seconds";
const FUNCTION = 'kind="Function",';

const PROGRAM: readonly AlertCase[] = [
  {
    alert: "MeshwrightGone",
    fires: { "up": "0x30" },
    at: "15m",
    labels: {},
    summary: "Nothing is heard of Meshwright",
    quiet: { 'mesh_build_info{version="1"}': "1x30" },
  },
  {
    alert: "MeshwrightNoLeader",
    // Another installation has its own.
    fires: {
      'mesh_leader{namespace="mesh",pod="a"}': "0x20",
      'mesh_leader{namespace="mesh",pod="b"}': "0x20",
      'mesh_leader{namespace="other",pod="a"}': "1x20",
    },
    at: "10m",
    labels: { namespace: "mesh" },
    summary: "No replica of Meshwright leads: nothing is reconciled",
    quiet: {
      'mesh_leader{pod="a"}': "0x20",
      'mesh_leader{pod="b"}': "1x20",
      // Replicas that share the work.
      'mesh_leader{namespace="shared",pod="a",shard="0"}': "1x20",
      'mesh_leader{namespace="shared",pod="a",shard="1"}': "0x20",
      'mesh_leader{namespace="shared",pod="b",shard="0"}': "0x20",
      'mesh_leader{namespace="shared",pod="b",shard="1"}': "1x20",
    },
  },
  {
    alert: "MeshwrightRestarting",
    fires: { 'process_start_time_seconds{pod="a"}': "1 1 2 2 3 3 4 4 5x60" },
    at: "20m",
    labels: { pod: "a" },
    summary: "Meshwright was started again 4 times within an hour",
    quiet: { 'process_start_time_seconds{pod="a"}': "1x10 2x50" },
  },
  {
    alert: "MeshwrightReconcileErrors",
    fires: { [passes("error")]: "0+5x60", [passes("success")]: "0+20x60" },
    at: "40m",
    labels: { kind: "Function" },
    summary: "More than a tenth of the passes over Functions fail",
    quiet: { [passes("error")]: "0+1x60", [passes("success")]: "0+20x60" },
  },
  {
    alert: "MeshwrightSlow",
    fires: {
      [bucket(WAIT, "10", FUNCTION)]: "0x60",
      [bucket(WAIT, "60", FUNCTION)]: "0+10x60",
      [bucket(WAIT, "+Inf", FUNCTION)]: "0+10x60",
    },
    at: "40m",
    labels: { kind: "Function" },
    summary: "Functions wait more than 30 s for their pass",
    quiet: {
      [bucket(WAIT, "10", FUNCTION)]: "0+10x60",
      [bucket(WAIT, "60", FUNCTION)]: "0+10x60",
      [bucket(WAIT, "+Inf", FUNCTION)]: "0+10x60",
    },
  },
  {
    alert: "MeshwrightPassesSlow",
    fires: {
      [bucket(PASS, "10", FUNCTION)]: "0x60",
      [bucket(PASS, "30", FUNCTION)]: "0+10x60",
      [bucket(PASS, "+Inf", FUNCTION)]: "0+10x60",
    },
    at: "40m",
    labels: { kind: "Function" },
    summary: "Passes over Functions take more than 10 s",
    quiet: {
      // A MeshSync waits for Git: that is no slowness of ours.
      [bucket(PASS, "10", 'kind="MeshSync",')]: "0x60",
      [bucket(PASS, "30", 'kind="MeshSync",')]: "0+10x60",
      [bucket(PASS, "+Inf", 'kind="MeshSync",')]: "0+10x60",
    },
  },
  {
    alert: "MeshwrightApiRefused",
    fires: { [asked("403")]: "0+1x60", [asked("200")]: "0+9x60" },
    at: "40m",
    labels: { verb: "list", kind: "Secret", code: "403" },
    summary: "The API server refuses to list Secrets (403)",
    quiet: { [asked("403")]: "0x20 1x40", [asked("200")]: "0+9x60" },
  },
  {
    alert: "MeshwrightApiFailing",
    fires: { [asked("503")]: "0+5x60", [asked("200")]: "0+5x60" },
    at: "40m",
    labels: {},
    summary: "More than a fifth of the requests to the API server fail",
    quiet: { [asked("503")]: "0+1x60", [asked("409")]: "0+20x60", [asked("200")]: "0+50x60" },
  },
  {
    alert: "MeshwrightWatchBehind",
    fires: { 'mesh_watch_behind_seconds{kind="Pod"}': "0+60x20" },
    at: "15m",
    labels: { kind: "Pod" },
    summary: "For 15m 0s nothing is heard of Pods",
    quiet: { 'mesh_watch_behind_seconds{kind="Pod"}': "0x8 60 120 180 240 0x20" },
  },
  {
    alert: "MeshwrightCertificateEnds",
    fires: { 'mesh_certificate_end_timestamp_seconds{use="webhook"}': "864000x120" },
    at: "90m",
    labels: { use: "webhook" },
    summary: "The certificate of the webhook ends in 9d 22h 30m 0s",
    quiet: { 'mesh_certificate_end_timestamp_seconds{use="webhook"}': "2592000x120" },
  },
];

const SYNCS: readonly AlertCase[] = [
  {
    alert: "MeshSyncFailing",
    // Another reason meanwhile is the same failure.
    fires: {
      [sync("AccessDenied")]: "0x8 stale",
      [sync("RepositoryUnreachable")]: "_x8 0x40",
    },
    at: "20m",
    labels: SYNC_LABELS,
    summary: "MeshSync shop/meshes fails",
    quiet: {
      [sync("Suspended")]: "0x5 stale",
      [sync("WaitingForWindow")]: "_x5 0x5 stale",
      [sync("Progressing")]: "_x11 0x40",
    },
  },
  {
    alert: "MeshSyncUndecided",
    fires: { [sync("PruneLimit")]: "0x40" },
    at: "15m",
    labels: { ...SYNC_LABELS, reason: "PruneLimit" },
    summary: "MeshSync shop/meshes waits for somebody's word (PruneLimit)",
    quiet: { [sync("Suspended")]: "0x40" },
  },
  {
    alert: "MeshSyncHeldTooLong",
    fires: { [sync("WaitingForWindow")]: "0x1500" },
    at: "24h10m",
    labels: SYNC_LABELS,
    summary: "MeshSync shop/meshes has waited for a day",
    quiet: { [sync("WaitingForWindow")]: "0x600 stale _x600 0x400" },
  },
  {
    alert: "MeshSyncNotSettling",
    fires: { [sync("Progressing")]: "0x90" },
    at: "70m",
    labels: SYNC_LABELS,
    summary: "MeshSync shop/meshes has been at work for an hour",
    quiet: { [sync("Progressing")]: "0x20 stale _x20 0x60" },
  },
  {
    alert: "MeshwrightCommitsSlow",
    fires: {
      [bucket(COMMIT, "120")]: "0x240",
      [bucket(COMMIT, "300")]: "0+1x240",
      [bucket(COMMIT, "+Inf")]: "0+1x240",
    },
    at: "3h30m",
    labels: {},
    summary: "Commits take more than four and a half minutes until all is ready",
    quiet: {
      [bucket(COMMIT, "120")]: "0+1x240",
      [bucket(COMMIT, "300")]: "0+1x240",
      [bucket(COMMIT, "+Inf")]: "0+1x240",
    },
  },
  {
    alert: "MeshwrightFight",
    fires: { 'mesh_drift_fights_total{kind="ConfigMap"}': "0+1x120" },
    at: "60m",
    labels: { kind: "ConfigMap" },
    summary: "Somebody changes ConfigMaps again and again that Git says otherwise",
    quiet: { 'mesh_drift_fights_total{kind="ConfigMap"}': "0x30 1x90" },
  },
  {
    alert: "MeshwrightNotificationsFail",
    fires: { 'mesh_notification_total{type="slack",result="failed"}': "0+1x120" },
    at: "60m",
    labels: { type: "slack" },
    summary: "slack is not told what happens",
    quiet: { 'mesh_notification_total{type="slack",result="told"}': "0+1x120" },
  },
];

const backlog = `mesh_component_backlog_messages{${ORDERS}}`;
const processed = `mesh_component_processed_total{${ORDERS}}`;
const exceptions = `mesh_component_exceptions_total{${ORDERS}}`;

const COMPONENTS: readonly AlertCase[] = [
  {
    alert: "MeshComponentNotReady",
    fires: { [ready("ContainerNotReady")]: "0x8 stale", [ready("CrashLoopBackOff")]: "_x8 0x40" },
    at: "20m",
    labels: ORDERS_LABELS,
    summary: "Function shop/orders is not ready",
    quiet: { [ready("Progressing")]: "0x10 stale", [ready("Ready")]: "_x10 1x40" },
  },
  {
    alert: "MeshNotReady",
    fires: {
      'mesh_resource_ready{kind="FunctionMesh",namespace="shop",name="shop",reason="InvalidSpec"}':
        "0x60",
    },
    at: "20m",
    labels: { namespace: "shop", name: "shop" },
    summary: "FunctionMesh shop/shop cannot be made",
    // Its Function says so itself.
    quiet: {
      'mesh_resource_ready{kind="FunctionMesh",namespace="shop",name="shop",reason="CrashLoopBackOff"}':
        "0x60",
    },
  },
  {
    alert: "MeshBacklogGrows",
    fires: { [backlog]: "2000+100x120" },
    at: "70m",
    labels: ORDERS_LABELS,
    summary: "9000 messages wait for Function shop/orders, and they become more",
    // A burst that is worked off.
    quiet: { [backlog]: "0x30 50000-500x90" },
  },
  {
    alert: "MeshBacklogNotWorkedOff",
    fires: { [backlog]: "10x120", [processed]: "500x120" },
    at: "60m",
    labels: ORDERS_LABELS,
    summary: "Messages wait for Function shop/orders, and none is processed",
    // Slow, and at work; and one whose instances nobody can ask tells nothing.
    quiet: { [backlog]: "10x120", [processed]: "500+1x120" },
  },
  {
    alert: "MeshComponentExceptions",
    fires: { [exceptions]: "0+2x60", [processed]: "0+10x60" },
    at: "40m",
    labels: ORDERS_LABELS,
    summary: "Function shop/orders throws exceptions",
    quiet: { [exceptions]: "0+1x60", [processed]: "0+1000x60" },
  },
];

/** All of them. */
export const ALERT_CASES: readonly AlertCase[] = [...PROGRAM, ...SYNCS, ...COMPONENTS];
