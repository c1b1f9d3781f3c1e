/** What wakes a person: as little as possible, each with what to do. `docs/alerts.md` is made from it. */

/** A rule of Prometheus, and its page of the runbook. */
export interface Alert {
  readonly name: string;
  /** `critical`: now; `warning`: within the day. */
  readonly severity: "critical" | "warning";
  readonly expr: string;
  /** How long it has to be so. */
  readonly for: string;
  /** One line; may hold `{{ $labels.x }}`. */
  readonly summary: string;
  /** What it means. */
  readonly means: string;
  /** What to do, step by step. */
  readonly steps: readonly string[];
}

/** Rules that are looked at together. */
export interface AlertGroup {
  readonly name: string;
  readonly alerts: readonly Alert[];
}

/** Reasons with which a MeshSync waits for somebody's word. */
const UNDECIDED = "PruneLimit|Quarantined|SignatureRefused";
/** Reasons with which it waits for what comes by itself. */
const WAITING = "DependencyNotReady|PruneWaits|WaitingForKind|WaitingForWindow";
/** Reasons that are no failure. */
const QUIET = `${UNDECIDED}|${WAITING}|Healthy|Progressing|Superseded|Suspended`;

const OBJECT = "{{ $labels.namespace }}/{{ $labels.name }}";

const PROGRAM: readonly Alert[] = [
  {
    name: "MeshwrightGone",
    severity: "critical",
    expr: "absent(mesh_build_info)",
    for: "10m",
    summary: "Nothing is heard of Meshwright",
    means: "Prometheus gets no metrics of the program: it does not run, or cannot be scraped.",
    steps: [
      "`kubectl get pods -n meshwright` and the log of the pod say whether it runs.",
      "Where it does, look at the target in Prometheus: the ServiceMonitor, the NetworkPolicy and, with `--metrics-secure`, the rights of the scraper (docs/install.md).",
      "What runs goes on running meanwhile; commits and edits wait.",
    ],
  },
  {
    name: "MeshwrightNoLeader",
    severity: "critical",
    expr: "max by (job, namespace, shard) (mesh_leader) == 0",
    for: "5m",
    summary: "No replica of Meshwright leads: nothing is reconciled",
    means: "All replicas wait for the lease, or one that has it is gone and the lease did not end.",
    steps: [
      "`kubectl get lease -n meshwright` names the holder: is its pod there?",
      "Where replicas share the work (`--shard`), the label `shard` says whose namespaces wait; shard N has the lease that ends with `-N`, shard 0 the one without a number.",
      "The log of the replicas says why they do not get it: rights for leases, or an API server that does not answer.",
    ],
  },
  {
    name: "MeshwrightRestarting",
    severity: "warning",
    expr: "changes(process_start_time_seconds[1h]) > 3",
    for: "5m",
    summary: "Meshwright was started again {{ $value }} times within an hour",
    means: "The program ends again and again.",
    steps: [
      "`kubectl logs --previous` of the pod says why; `kubectl describe pod` whether it was killed for its memory or its liveness probe.",
      "For memory, raise the limit: docs/benchmarks.md says what how many resources need.",
    ],
  },
  {
    name: "MeshwrightReconcileErrors",
    severity: "warning",
    expr:
      'sum by (kind) (rate(mesh_reconcile_total{result="error"}[10m])) / sum by (kind) (rate(mesh_reconcile_total[10m])) > 0.1 and sum by (kind) (increase(mesh_reconcile_total{result="error"}[10m])) > 5',
    for: "15m",
    summary: "More than a tenth of the passes over {{ $labels.kind }}s fail",
    means: "Passes end in errors that are tried again, later and later.",
    steps: [
      "The log has each with its object: look for lines of level error or warn.",
      "Where MeshwrightApiFailing or MeshwrightApiRefused fires too, begin there.",
    ],
  },
  {
    name: "MeshwrightSlow",
    severity: "warning",
    expr:
      "histogram_quantile(0.99, sum by (kind, le) (rate(mesh_queue_wait_seconds_bucket[10m]))) > 30",
    for: "15m",
    summary: "{{ $labels.kind }}s wait more than 30 s for their pass",
    means: "The program has more to do than it comes to: edits and commits take effect late.",
    steps: [
      "`mesh_queue_depth` and `mesh_reconcile_duration_seconds` tell whether passes are many or slow.",
      "Slow passes: is the API server slow, or does it throttle (`mesh_api_requests_total` with code 429)?",
      "Many passes: who changes so much? `mesh_drift_corrected_total` rises where somebody else writes. Else give the program more processors.",
    ],
  },
  {
    name: "MeshwrightPassesSlow",
    severity: "warning",
    expr:
      'histogram_quantile(0.99, sum by (kind, le) (rate(mesh_reconcile_duration_seconds_bucket{kind!="MeshSync"}[10m]))) > 10',
    for: "15m",
    summary: "Passes over {{ $labels.kind }}s take more than 10 s",
    means: "A pass is a few requests: something that it asks answers late.",
    steps: [
      "Look at how long the API server takes, and at the webhooks that it asks.",
      "`mesh_api_requests_total` with the code `timeout` names verb and kind.",
    ],
  },
  {
    name: "MeshwrightApiRefused",
    severity: "warning",
    expr: 'sum by (verb, kind, code) (increase(mesh_api_requests_total{code=~"401|403"}[15m])) > 5',
    for: "15m",
    summary:
      "The API server refuses to {{ $labels.verb }} {{ $labels.kind }}s ({{ $labels.code }})",
    means:
      "A right is missing, of the program or of the account as which a MeshSync acts, or a policy says no.",
    steps: [
      "The status of the resources in question has the API server's words: `meshwright explain KIND/NAME`.",
      "The program's own rights: apply what `meshwright install` of this version prints.",
      "A tenant's account: see docs/security.md; it is the tenant who gives it rights.",
    ],
  },
  {
    name: "MeshwrightApiFailing",
    severity: "critical",
    expr:
      'sum(rate(mesh_api_requests_total{code=~"5..|429|timeout|network"}[10m])) / sum(rate(mesh_api_requests_total[10m])) > 0.2 and sum(increase(mesh_api_requests_total{code=~"5..|429|timeout|network"}[10m])) > 10',
    for: "10m",
    summary: "More than a fifth of the requests to the API server fail",
    means: "The API server is away, overloaded, or throttles the program.",
    steps: [
      "`sum by (code) (rate(mesh_api_requests_total[10m]))`: 429 is throttling, `network` and `timeout` the way there, 5xx the server or a webhook that it asks.",
      "Nothing is lost: all is tried again, and compared as a whole afterwards.",
    ],
  },
  {
    name: "MeshwrightWatchBehind",
    severity: "warning",
    expr: "max by (kind) (mesh_watch_behind_seconds) > 120",
    for: "5m",
    summary: "For {{ $value | humanizeDuration }} nothing is heard of {{ $labels.kind }}s",
    means:
      "A watch cannot be kept: what changes is not seen, and resources that depend on it say CacheBehind.",
    steps: [
      "`mesh_watch_restarts_total` has the cause; `refused` is a missing right, `not_served` a definition that is gone.",
      "The log names the problem of the watch.",
    ],
  },
  {
    name: "MeshwrightCertificateEnds",
    severity: "critical",
    expr: "min by (use) (mesh_certificate_end_timestamp_seconds) - time() < 14 * 86400",
    for: "1h",
    summary: "The certificate of the {{ $labels.use }} ends in {{ $value | humanizeDuration }}",
    means:
      "It is renewed a month before its end, and was not; or whoever renews a mounted one did not.",
    steps: [
      "The log says why renewing fails: rights for the two Secrets, or Secrets of somebody else.",
      "With `--cert-dir` look at who writes that folder (cert-manager, say).",
      "A webhook whose certificate ended blocks nothing: what gets in unchecked is reported in its status.",
    ],
  },
];

const SYNCS: readonly Alert[] = [
  {
    name: "MeshSyncFailing",
    severity: "warning",
    expr: `max by (namespace, name) (mesh_resource_ready{kind="MeshSync",reason!~"${QUIET}"}) == 0`,
    for: "15m",
    summary: `MeshSync ${OBJECT} fails`,
    means: "What Git says is not what the cluster has, and trying again did not help.",
    steps: [
      "`meshwright explain MeshSync/NAME -n NAMESPACE` names the cause and what to do; docs/causes.md has them all.",
      "The last healthy revision goes on running.",
    ],
  },
  {
    name: "MeshSyncUndecided",
    severity: "warning",
    expr:
      `max by (namespace, name, reason) (mesh_resource_ready{kind="MeshSync",reason=~"${UNDECIDED}"}) == 0`,
    for: "10m",
    summary: `MeshSync ${OBJECT} waits for somebody's word ({{ $labels.reason }})`,
    means:
      "A revision was held back or went back: it deletes too much, is signed by nobody trusted, or was not healthy.",
    steps: [
      "`meshwright explain MeshSync/NAME -n NAMESPACE` has the revision, its author and why.",
      "Commit a correction, or allow it as the message says.",
    ],
  },
  {
    name: "MeshSyncHeldTooLong",
    severity: "warning",
    expr:
      `max by (namespace, name) (mesh_resource_ready{kind="MeshSync",reason=~"${WAITING}"}) == 0`,
    for: "24h",
    summary: `MeshSync ${OBJECT} has waited for a day`,
    means: "A revision waits for its window, for other MeshSyncs or for a kind that nobody serves.",
    steps: [
      "`meshwright explain MeshSync/NAME -n NAMESPACE` says what it waits for.",
      "Is a window meant to be that far apart? Is what it depends on failing?",
    ],
  },
  {
    name: "MeshSyncNotSettling",
    severity: "warning",
    expr:
      'max by (namespace, name) (mesh_resource_ready{kind="MeshSync",reason=~"Progressing|Superseded"}) == 0',
    for: "1h",
    summary: `MeshSync ${OBJECT} has been at work for an hour`,
    means: "A revision is applied and does not become ready, or newer ones come all the time.",
    steps: [
      "`meshwright explain MeshSync/NAME -n NAMESPACE` names the first object that is not ready.",
      "`spec.healthTimeout` says when that counts as unhealthy.",
    ],
  },
  {
    name: "MeshwrightCommitsSlow",
    severity: "warning",
    expr:
      "histogram_quantile(0.9, sum by (le) (rate(mesh_commit_to_ready_seconds_bucket[2h]))) > 270",
    for: "1h",
    summary: "Commits take more than four and a half minutes until all is ready",
    means:
      "From seeing a commit to all of it being ready takes long: images, schedulers, or the program itself.",
    steps: [
      "`mesh_sync_duration_seconds` has the phases of a run: fetch, read, apply, prune, health.",
      "Long in health: look at how long pods take to become ready. Long in fetch: look at the Git server.",
    ],
  },
  {
    name: "MeshwrightFight",
    severity: "warning",
    expr: "sum by (kind) (increase(mesh_drift_fights_total[1h])) > 2",
    for: "15m",
    summary: "Somebody changes {{ $labels.kind }}s again and again that Git says otherwise",
    means: "Two programs write the same fields: this one puts right what another one changes.",
    steps: [
      "Events with the reason Contested name object, fields and who writes them.",
      "Take the field out of Git, or stop the other one; `spec.drift` leaves fields alone.",
    ],
  },
  {
    name: "MeshwrightNotificationsFail",
    severity: "warning",
    expr: 'sum by (type) (increase(mesh_notification_total{result!="told"}[1h])) > 5',
    for: "15m",
    summary: "{{ $labels.type }} is not told what happens",
    means: "Services that `spec.notify` names do not answer, or refuse.",
    steps: ["Events with the reason NotificationFailed on the MeshSync have the answer."],
  },
];

const COMPONENTS: readonly Alert[] = [
  {
    name: "MeshComponentNotReady",
    severity: "warning",
    expr: 'max by (kind, namespace, name) (mesh_resource_ready{kind=~"Function|Source|Sink"}) == 0',
    for: "15m",
    summary: `{{ $labels.kind }} ${OBJECT} is not ready`,
    means: "Its pods do not run, or not all of them, or what it says cannot be applied.",
    steps: [
      "`meshwright explain KIND/NAME -n NAMESPACE` names the first cause and what to do; docs/causes.md has them all.",
    ],
  },
  {
    name: "MeshNotReady",
    severity: "warning",
    expr:
      'max by (namespace, name) (mesh_resource_ready{kind="FunctionMesh",reason=~"Forbidden|Invalid|InvalidSpec|NotOwned"}) == 0',
    for: "15m",
    summary: `FunctionMesh ${OBJECT} cannot be made`,
    means:
      "A component of the mesh cannot be made at all. One that is there and not ready has an alert of its own.",
    steps: [
      "`meshwright explain FunctionMesh/NAME -n NAMESPACE` names the component and the field.",
    ],
  },
  {
    name: "MeshBacklogGrows",
    severity: "warning",
    expr:
      "mesh_component_backlog_messages > 1000 and min_over_time(mesh_component_backlog_messages[30m]) > 1000 and deriv(mesh_component_backlog_messages[30m]) > 0",
    for: "30m",
    summary: `{{ $value }} messages wait for {{ $labels.kind }} ${OBJECT}, and they become more`,
    means: "More comes than is processed.",
    steps: [
      "More replicas help where the subscription is shared or the topic has partitions: docs/scaling.md.",
      "Does each message take longer than before? `status.runtime` has the latency, `meshwright explain` the exceptions.",
    ],
  },
  {
    name: "MeshBacklogNotWorkedOff",
    severity: "critical",
    expr:
      "min_over_time(mesh_component_backlog_messages[30m]) > 0 and increase(mesh_component_processed_total[30m]) == 0",
    for: "15m",
    summary: `Messages wait for {{ $labels.kind }} ${OBJECT}, and none is processed`,
    means: "It may be ready and does nothing: it hangs, or the broker gives it nothing.",
    steps: [
      "`kubectl logs` of its pods, and `pulsar-admin topics stats` of its topics: is a consumer there?",
      "A message that is never acknowledged blocks those behind it: see spec.deadLetterTopic.",
      "`kubectl rollout restart` of its StatefulSet lets the broker send again what was not acknowledged.",
    ],
  },
  {
    name: "MeshComponentExceptions",
    severity: "warning",
    expr:
      "increase(mesh_component_exceptions_total[15m]) > 10 and rate(mesh_component_exceptions_total[15m]) > 0.05 * rate(mesh_component_processed_total[15m])",
    for: "10m",
    summary: `{{ $labels.kind }} ${OBJECT} throws exceptions`,
    means: "More than one message in twenty ends in an exception.",
    steps: [
      "`status.runtime` has the last three of each instance: `kubectl describe`.",
      "Did the code change? `meshwright explain` names the commit; `git revert` goes back.",
      "Did the messages? Look at who writes the topic: `meshwright graph`.",
    ],
  },
];

/** All alerts, by what they are about. */
export const ALERT_GROUPS: readonly AlertGroup[] = [
  { name: "meshwright", alerts: PROGRAM },
  { name: "meshwright-gitops", alerts: SYNCS },
  { name: "meshwright-components", alerts: COMPONENTS },
];
