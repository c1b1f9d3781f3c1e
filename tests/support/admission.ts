/** The admission webhook inside the test's process, called by a real API server. */
import {
  Admission,
  type AdmissionOptions,
  certificateSecrets,
  configurationName,
} from "#admission";
import { customResourceDefinitions } from "#api";
import { type ObjectKey, systemClock } from "#base";
import { type ClusterClient, installDefinitions } from "#kube";
import { createLogger } from "#telemetry";
import { freePorts } from "../../scripts/control_plane/ports.ts";
import { eventually } from "./eventually.ts";

/** A webhook at work. Dispose it to stop it, as a stopped process would: its configuration stays. */
export interface RunningAdmission extends AsyncDisposable {
  readonly admission: Admission;
  readonly logLines: readonly string[];
  /** Name of its ValidatingWebhookConfiguration. */
  readonly configuration: string;
  /** What is served. */
  readonly secret: ObjectKey;
  /** What signs it. */
  readonly authoritySecret: ObjectKey;
  readonly address: string;
  readonly url: string;
}

/** Where an API server on this machine finds a webhook: a port that nobody uses yet. */
export function localTarget(): { readonly address: string; readonly url: string } {
  const [port] = freePorts(1);
  return { address: `127.0.0.1:${port}`, url: `https://127.0.0.1:${port}` };
}

/** Starts a webhook that looks at one namespace only, so that other tests on this server never meet it. */
export function startAdmission(
  cluster: ClusterClient,
  namespace: string,
  choices: Partial<AdmissionOptions> = {},
): RunningAdmission {
  const logLines: string[] = [];
  const target = localTarget();
  const options: AdmissionOptions = {
    cluster,
    clock: systemClock,
    log: createLogger({ sink: (line) => logLines.push(line) }),
    namespace,
    watchedNamespace: namespace,
    service: "meshwright-webhook",
    required: true,
    lookEveryMs: 200,
    ...target,
    ...choices,
  };
  const secrets = certificateSecrets(options);
  const admission = new Admission(options);
  const stop = new AbortController();
  const ended = admission.run(stop.signal);
  return {
    admission,
    logLines,
    configuration: configurationName(options),
    secret: secrets.serving,
    authoritySecret: secrets.authority,
    address: options.address,
    url: options.url ?? "",
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("the test is over", "AbortError"));
      await ended;
      await admission[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when the API server has been told of it. */
export async function whenInstalled({ admission, logLines }: RunningAdmission): Promise<void> {
  await eventually(() => {
    const problem = admission.problem();
    if (problem !== undefined) throw new Error(`${problem}\n${logLines.join("\n")}`);
    return true;
  });
}

/** The kinds that are checked. */
export async function installKinds(cluster: ClusterClient): Promise<void> {
  await installDefinitions(cluster, customResourceDefinitions(), {
    fieldManager: "admission-test",
    clock: systemClock,
  });
}
