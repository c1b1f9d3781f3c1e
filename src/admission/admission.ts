import type { RuleOptions } from "#api";
import { type Clock, errorText, isAbort, type KubeObject, pause, StalledError } from "#base";
import { type ClusterClient, isForbidden, type ResourceType } from "#kube";
import type { Logger } from "#telemetry";
import { certificateEndMs } from "./certificate.ts";
import { readServingFiles, type ServingFiles } from "./certificate_files.ts";
import { type CertificateSecrets, keepCertificates, KeyStaysReport } from "./certificate_secret.ts";
import { installConfiguration, webhookConfiguration, type WebhookTarget } from "./configuration.ts";
import { certificateDelayMs, LOOK_EVERY_MS } from "./look_delay.ts";
import { AdmissionServer } from "./server.ts";

const SERVICE_TYPE: ResourceType = {
  apiVersion: "v1",
  kind: "Service",
  plural: "services",
  namespaced: true,
};

/** What an admission webhook needs to know. */
export interface AdmissionOptions {
  readonly cluster: ClusterClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where to listen. */
  readonly address: string;
  /** Namespace of Service and Secrets: the program's own. */
  readonly namespace: string;
  /** Name of the Service that leads here. */
  readonly service: string;
  /** `https://host:port` that leads here; goes before the Service. */
  readonly url?: string | undefined;
  /** A folder with a certificate that somebody else renews; one is made and kept in Secrets when left out. */
  readonly certificateFolder?: string | undefined;
  /** The only namespace that is looked at. */
  readonly watchedNamespace?: string | undefined;
  /** Whether it was asked for, or is only welcome: then what is missing for it is no reason to be unready. */
  readonly required: boolean;
  readonly rules?: (object: KubeObject) => RuleOptions;
  /** Told when the certificate that is served ends, in milliseconds since 1970. */
  readonly onCertificate?: (endMs: number) => void;
  /** How often to look; a minute when left out. */
  readonly lookEveryMs?: number;
  /** How long certificates last: see `CertificateTerms`. */
  readonly terms?: { readonly authorityMs?: number; readonly certificateMs?: number };
}

/**
 * The admission webhook of one replica: all replicas serve, whoever leads.
 *
 * # Guarantees
 * The API server is told of a webhook only after it listens, and of a new authority before a certificate of that
 * authority is served. Whatever fails is logged once, retried, and leaves the rest of the program alone.
 */
export class Admission implements AsyncDisposable {
  readonly #options: AdmissionOptions;
  readonly #server: AdmissionServer;
  #problem: string | undefined = "not started yet";
  readonly #keyStays: KeyStaysReport;
  #installed = false;
  #tried = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { address, log, rules } = options;
    this.#keyStays = new KeyStaysReport(log);
    this.#server = new AdmissionServer({ address, log, ...(rules === undefined ? {} : { rules }) });
  }

  /** The port that is listened on, once it is. */
  get port(): number | undefined {
    return this.#server.port;
  }

  /** What keeps the webhook from being called at all, for the readiness check. */
  problem(): string | undefined {
    if (this.#installed) return undefined;
    return this.#options.required || !this.#tried ? this.#problem : undefined;
  }

  /** Serves and looks after certificate and configuration until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, lookEveryMs = LOOK_EVERY_MS } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      failures = await this.#tryOnce(signal) ? 0 : failures + 1;
      const by = { failures, everyMs: lookEveryMs, random: Math.random() };
      await pause(certificateDelayMs(by), { clock, signal });
    }
  }

  /** Stops to listen; the configuration stays for the other replicas and blocks nobody. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#lookAfter(signal);
      this.#installed = true;
      this.#problem = undefined;
      return true;
    } catch (error) {
      if (isAbort(error, signal)) return false;
      this.#reportOnce(error);
      return false;
    } finally {
      this.#tried = true;
    }
  }

  #reportOnce(error: unknown): void {
    const problem = errorText(error);
    if (problem === this.#problem) return;
    this.#problem = problem;
    const hint = isForbidden(error)
      ? "Resources are not checked at kubectl apply until the program may do this; " +
        "--enable-webhooks=false turns it off"
      : "Resources are not checked at kubectl apply meanwhile";
    const { log, required } = this.#options;
    if (!required && error instanceof StalledError && error.reason === "NoService") {
      return log.info("Admission webhook waits for its Service", { problem });
    }
    log.warn("Cannot keep the admission webhook", { error, hint });
  }

  /** One look: certificate, server, configuration. */
  async #lookAfter(signal: AbortSignal): Promise<void> {
    const { cluster, log, watchedNamespace } = this.#options;
    const target = await this.#target(signal);
    const serving = await this.#serving(signal);
    const isFirst = this.#server.port === undefined;
    if (isFirst) await this.#serve(serving);
    const configuration = webhookConfiguration({
      name: configurationName(this.#options),
      target,
      authorities: serving.authorities,
      watchedNamespace,
    });
    const action = await installConfiguration(cluster, configuration, signal);
    if (action !== "unchanged") {
      log.info("Admission webhook is installed", { name: configuration.metadata.name, action });
    }
    if (!isFirst) await this.#serve(serving);
  }

  async #serve(serving: ServingFiles): Promise<void> {
    this.#options.onCertificate?.(certificateEndMs(serving.certificate));
    if (await this.#server.use(serving)) {
      this.#options.log.info("Admission webhook serves", { port: this.#server.port });
    }
  }

  async #target(signal: AbortSignal): Promise<WebhookTarget> {
    const { cluster, namespace, service, url } = this.#options;
    if (url !== undefined) return { url };
    const key = { namespace, name: service };
    if (this.#installed || await cluster.get(SERVICE_TYPE, key, signal) !== undefined) {
      return { service: key };
    }
    throw new StalledError(
      "NoService",
      `Cannot serve the admission webhook: there is no Service ${namespace}/${service} that leads ` +
        "here (--webhook-service names another)",
    );
  }

  async #serving(signal: AbortSignal): Promise<ServingFiles> {
    const { certificateFolder, clock, cluster, log, terms } = this.#options;
    if (certificateFolder !== undefined) return await readServingFiles(certificateFolder);
    const secrets = certificateSecrets(this.#options);
    const kept = await keepCertificates(cluster, secrets, {
      ...terms,
      hosts: [hostOf(this.#options)],
      nowMs: clock.now(),
      signal,
    });
    if (kept.renewed) {
      log.info("Made a certificate for the admission webhook", {
        certificateIn: secrets.serving,
      });
    }
    this.#keyStays.tell(kept);
    const { certificate, privateKey, authorities } = kept.certificates;
    return { certificate, privateKey, authorities: authorities.join("") };
  }
}

/** What the names of Secrets and configuration begin with: a program beside the cluster has its own. */
const LOCAL_NAME = "meshwright-local";

type Reached = Pick<AdmissionOptions, "namespace" | "service" | "url">;

/** Name of the ValidatingWebhookConfiguration: `meshwright-webhook.<namespace>`, so that two installations have two. */
export function configurationName({ namespace, service, url }: Reached): string {
  return `${url === undefined ? service : LOCAL_NAME}.${namespace}`;
}

/** The Secrets that keep the certificate, and what signs it. */
export function certificateSecrets({ namespace, service, url }: Reached): CertificateSecrets {
  const name = url === undefined ? service : LOCAL_NAME;
  return {
    serving: { namespace, name: `${name}-tls` },
    authority: { namespace, name: `${name}-ca` },
  };
}

/** The name by which the API server calls. */
function hostOf({ namespace, service, url }: Reached): string {
  if (url === undefined) return `${service}.${namespace}.svc`;
  return new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
}
