/**
 * What the simulated nodes write into a pod's status: texts in the Go template language of kwok.
 *
 * A failing pod looks as a kubelet would show it: which container, what it waits for, how it ended last.
 */

/** On a pod (annotation or label): why it does not work, e.g. `ImagePullBackOff`. */
export const FAIL = "meshwright.test/fail";
/** On a pod (annotation): the message of the failing container. */
export const FAIL_MESSAGE = "meshwright.test/fail-message";
/** On a pod (annotation): which container fails, an init container too; by default the first container. */
export const FAIL_CONTAINER = "meshwright.test/fail-container";
/** On a pod (annotation): the exit code of a container that crashes; by default 1, or 137 for `OOMKilled`. */
export const FAIL_EXIT_CODE = "meshwright.test/fail-exit-code";
/** The pod condition that says which failure is shown, so that it is written once. */
export const FAILING = "meshwright.test/Failing";

const START = `
{{ $now := Now }}
{{ $status := .status }}
{{ $annotations := or .metadata.annotations dict }}
{{ $labels := or .metadata.labels dict }}
{{ $fail := or (index $annotations "${FAIL}") (index $labels "${FAIL}") "" }}
{{ $failContainer := or (index $annotations "${FAIL_CONTAINER}") (index .spec.containers 0).name }}
{{ $initFails := false }}
{{ range .spec.initContainers }}{{ if eq .name $failContainer }}{{ $initFails = true }}{{ end }}{{ end }}
`;

// A pod keeps its address: the lists are merged, and two of a family are refused.
const ADDRESSES = `
{{ if not $status.podIP }}
{{ $hostIPs := NodeIPsWith .spec.nodeName }}
{{ with $hostIPs }}
hostIP: {{ index . 0 | Quote }}
hostIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
{{ $podIPs := PodIPsWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "") }}
{{ with $podIPs }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
{{ end }}
startTime: {{ or $status.startTime $now | Quote }}
`;

/** All containers run and are ready. */
export const READY_STATUS = `${START}
phase: Running
conditions:
${condition("Initialized", "True")}
${condition("ContainersReady", "True")}
${condition("Ready", "True")}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
{{ range $status.conditions }}{{ if eq .type "${FAILING}" }}
${condition(FAILING, "False")}
{{ end }}{{ end }}
${doneInitContainers()}
containerStatuses:
{{ range .spec.containers }}
{{ $name := .name }}{{ $restarts := 0 }}
{{ range $status.containerStatuses }}{{ if eq .name $name }}{{ $restarts = .restartCount }}{{ end }}{{ end }}
${container({ ready: "true", started: "true", restarts: "{{ $restarts }}", state: runningState() })}
{{ end }}
${ADDRESSES}`;

/** The failing container waits: its image or its configuration cannot be had. */
export const WAITING_STATUS = failing({
  phase: "Pending",
  state: `{waiting: {reason: {{ $fail | Quote }}, message: {{ $message | Quote }}}}`,
});

/** The failing container ended, again, and waits for its next start. */
export const CRASH_STATUS = failing({
  phase: `{{ if $initFails }}Pending{{ else }}Running{{ end }}`,
  state:
    `{waiting: {reason: CrashLoopBackOff, message: {{ printf "back-off 5m0s restarting failed container=%s pod=%s" .name $podName | Quote }}}}`,
  lastState: terminatedState(),
  restarts: "3",
});

/** The failing container ended, and the pod with it (`restartPolicy: Never`, as in a Job). */
export const FAILED_STATUS = failing({ phase: "Failed", state: terminatedState() });

/** The failing container runs and does not become ready. */
export const NOT_READY_STATUS = failing({
  phase: "Running",
  state: runningState(),
  started: "true",
});

/** All containers have done their work. */
export const SUCCEEDED_STATUS = `${START}
phase: Succeeded
conditions:
${condition("ContainersReady", "False", "PodCompleted")}
${condition("Ready", "False", "PodCompleted")}
containerStatuses:
{{ range .spec.containers }}
${
  container({
    ready: "false",
    started: "false",
    restarts: "0",
    state:
      `{terminated: {exitCode: 0, reason: Completed, startedAt: {{ or $status.startTime $now | Quote }}, finishedAt: {{ $now | Quote }}}}`,
  })
}
{{ end }}
`;

interface Failure {
  readonly phase: string;
  readonly state: string;
  readonly lastState?: string;
  readonly restarts?: string;
  readonly started?: string;
}

function failing(failure: Failure): string {
  return `${START}
{{ $podName := printf "%s_%s(%s)" .metadata.name .metadata.namespace .metadata.uid }}
phase: ${failure.phase}
conditions:
{{ if $initFails }}
${condition("Initialized", "False", "ContainersNotInitialized")}
{{ else }}
${condition("Initialized", "True")}
{{ end }}
${condition("ContainersReady", "False", "ContainersNotReady")}
${condition("Ready", "False", "ContainersNotReady")}
- {type: "${FAILING}", status: "True", reason: {{ $fail | Quote }}, lastTransitionTime: {{ $now | Quote }}}
{{ if $initFails }}
initContainerStatuses:
{{ range .spec.initContainers }}
${failingOr(failure, waitingFor("PodInitializing"))}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
${
    container({
      ready: "false",
      started: "false",
      restarts: "0",
      state: waitingFor("PodInitializing"),
    })
  }
{{ end }}
{{ else }}
${doneInitContainers()}
containerStatuses:
{{ range .spec.containers }}
${failingOr(failure, runningState())}
{{ end }}
{{ end }}
${ADDRESSES}`;
}

// The named container fails; the others are as `otherState` says.
function failingOr(failure: Failure, otherState: string): string {
  const runs = otherState === runningState();
  return `
{{ if eq .name $failContainer }}
{{ $message := or (index $annotations "${FAIL_MESSAGE}") (printf "container %q does not start: %s" .name $fail) }}
{{ if or (eq $fail "ImagePullBackOff") (eq $fail "ErrImagePull") }}
{{ $message = or (index $annotations "${FAIL_MESSAGE}") (printf "Back-off pulling image %q" .image) }}
{{ end }}
${
    container({
      ready: "false",
      started: failure.started ?? "false",
      restarts: failure.restarts ?? "0",
      state: failure.state,
      ...(failure.lastState === undefined ? {} : { lastState: failure.lastState }),
    })
  }
{{ else }}
${container({ ready: String(runs), started: String(runs), restarts: "0", state: otherState })}
{{ end }}`;
}

function doneInitContainers(): string {
  return `
initContainerStatuses:
{{ range .spec.initContainers }}
{{ if eq (or .restartPolicy "") "Always" }}
${container({ ready: "true", started: "true", restarts: "0", state: runningState() })}
{{ else }}
${
    container({
      ready: "true",
      started: "false",
      restarts: "0",
      state:
        `{terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}`,
    })
  }
{{ end }}
{{ end }}`;
}

function container(
  fields: {
    readonly ready: string;
    readonly started: string;
    readonly restarts: string;
    readonly state: string;
    readonly lastState?: string;
  },
): string {
  return `- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: ${fields.ready}
  started: ${fields.started}
  restartCount: ${fields.restarts}
  state: ${fields.state}
  ${fields.lastState === undefined ? "" : `lastState: ${fields.lastState}`}`;
}

function condition(type: string, status: string, reason?: string): string {
  return `- {type: "${type}", status: "${status}", reason: "${reason ?? ""}", ` +
    `lastTransitionTime: {{ $now | Quote }}}`;
}

function waitingFor(reason: string): string {
  return `{waiting: {reason: ${reason}}}`;
}

function runningState(): string {
  return `{running: {startedAt: {{ $now | Quote }}}}`;
}

function terminatedState(): string {
  return `{terminated: {exitCode: {{ or (index $annotations "${FAIL_EXIT_CODE}") ` +
    `(ternary 137 1 (eq $fail "OOMKilled")) }}, reason: {{ ternary "OOMKilled" "Error" (eq $fail "OOMKilled") | Quote }}, ` +
    `message: {{ or (index $annotations "${FAIL_MESSAGE}") "" | Quote }}, ` +
    `startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}`;
}
