import type { AuthConfig, Component, CryptoConfig } from "#api";
import { contentHash, sameJson } from "#base";
import {
  downloadService,
  hasCertificate,
  isHttp,
  pulsarService,
  type Service,
} from "../command/download.ts";
import { baseName, filePath, hasLogSidecar, runnersOf } from "../command/runner.ts";
import { sortedEntries } from "../json_text.ts";
import { VOLUME_NAME_MAX, volumeName } from "../names.ts";
import { quantitiesSpelled } from "../quantities.ts";
import type { Settings } from "../settings.ts";
import type { Part } from "../tidy.ts";
import { packageOf } from "./package.ts";

/** The containers that this program makes. */
export type Role = "runner" | "filebeat" | "downloader" | "cleanup";

/** A volume of ours and where each of our containers sees it. */
export interface OwnVolume {
  readonly name: string;
  /** The volume without its name; empty where the API server's default is meant. */
  readonly source: Part;
  readonly mounts: Readonly<Partial<Record<Role, Part>>>;
  /** Whether the reference operator leaves it out when there is one of the name: services may share a Secret. */
  readonly shared?: boolean;
}

/** Directory of the log files that the sidecar reads. */
export const LOG_PATH = "/pulsar/logs/functions";
/** Where the downloader leaves the package. */
export const DOWNLOAD_PATH = "/pulsar/download";
/** Name of the volume between the downloader and the runner. */
export const DOWNLOADER_VOLUME = "downloader-volume";
const SUFFIX_LENGTH = 8;

/** The volumes of a component's pod that are not the user's, in their order. */
export function ownVolumes(component: Component, settings: Settings): OwnVolume[] {
  const wanted = [
    ...logVolumes(component),
    ...serviceVolumes(component),
    ...cryptoVolumes(component),
    ...logConfigVolumes(component),
    ...packageServiceVolumes(component, settings),
    ...downloaderVolumes(component, settings),
  ];
  return distinct(wanted, component);
}

/** The volumes of the clean-up Job's pod: what it needs to authenticate. */
export function cleanupVolumes(component: Component, auth: AuthConfig | undefined): OwnVolume[] {
  const service = pulsarService(component);
  return distinct([
    ...certificateVolumes(service, ["cleanup"]),
    ...keyVolumes(service, ["cleanup"], auth),
  ], component);
}

/** All volumes of the pod, each name once: the user's, then ours. */
export function podVolumes(component: Component, own: readonly OwnVolume[]): Part[] {
  const user = (component.spec.pod?.volumes ?? []).map((volume) =>
    quantitiesSpelled(volume) as Part
  );
  return uniqueBy("name", [...user, ...own.map(({ name, source }) => ({ name, ...source }))]);
}

/**
 * Where a container of ours sees volumes: the user's mounts, then ours. At a path of ours, ours wins: the program would
 * not find its files otherwise.
 */
export function mountsOf(role: Role, component: Component, own: readonly OwnVolume[]): Part[] {
  const ours = uniqueBy(
    "mountPath",
    own.flatMap(({ name, mounts }): Part[] => mounts[role] ? [{ name, ...mounts[role] }] : []),
  );
  const paths = new Set(ours.map((mount) => mount["mountPath"]));
  const user = uniqueBy("mountPath", component.spec.volumeMounts ?? []);
  return [...user.filter((mount) => !paths.has(mount["mountPath"])), ...ours];
}

/** Items of a list that Kubernetes keys by a member: the first of each counts. */
function uniqueBy(member: string, items: readonly Part[]): Part[] {
  const keys = items.map((item) => item[member]);
  return items.filter((item, index) => keys.indexOf(item[member]) === index);
}

function logVolumes(component: Component): OwnVolume[] {
  if (!hasLogSidecar(component)) return [];
  const mount = { mountPath: LOG_PATH };
  return [{
    name: "filebeat-logs",
    source: { emptyDir: {} },
    mounts: { runner: mount, filebeat: mount },
  }];
}

function serviceVolumes(component: Component): OwnVolume[] {
  const service = pulsarService(component);
  return [
    ...certificateVolumes(service, ["runner", "filebeat"]),
    ...keyVolumes(service, ["runner", "filebeat"], service.messaging.authConfig),
  ];
}

function certificateVolumes(service: Service, roles: readonly Role[]): OwnVolume[] {
  const tls = service.messaging.tlsConfig;
  if (!hasCertificate(tls)) return [];
  return [
    secretVolume(
      { name: tls.certSecretName, key: tls.certSecretKey },
      mountsAt(service.tlsPath, roles),
    ),
  ];
}

function keyVolumes(
  service: Service,
  roles: readonly Role[],
  auth: AuthConfig | undefined,
): OwnVolume[] {
  const oauth2 = auth?.oauth2Config;
  if (!oauth2) return [];
  return [
    secretVolume(
      { name: oauth2.keySecretName, key: oauth2.keySecretKey },
      mountsAt(service.oauth2Path, roles),
    ),
  ];
}

function cryptoVolumes(component: Component): OwnVolume[] {
  return cryptoConfigs(component).flatMap((config) => config.cryptoSecrets ?? []).map((secret) =>
    secretVolume(
      { name: secret.secretName, key: secret.secretKey },
      secret.asVolume ? { runner: { mountPath: secret.asVolume } } : {},
    )
  );
}

function cryptoConfigs(component: Component): CryptoConfig[] {
  const producer = component.kind === "Sink"
    ? undefined
    : component.spec.output?.producerConf?.cryptoConfig;
  const topics = component.kind === "Source"
    ? []
    : sortedEntries(component.spec.input?.sourceSpecs);
  return [producer, ...topics.map(([, consumer]) => consumer.cryptoConfig)].filter((config) =>
    !!config
  );
}

function logConfigVolumes(component: Component): OwnVolume[] {
  return runnersOf(component).flatMap(({ runtime, log }) => {
    const config = log?.logConfig;
    if (!config || (runtime !== "java" && runtime !== "python")) return [];
    const yaml = log?.javaLog4JConfigFileType === "yaml";
    const path = runtime === "python"
      ? "python_instance_logging.ini"
      : `java_instance_log4j.${yaml ? "yaml" : "xml"}`;
    return [{
      name: volumeName(`${config.name}-${runtime}-log-conf`),
      source: { configMap: { name: config.name, items: [{ key: config.key, path }] } },
      mounts: { runner: { mountPath: `/pulsar/conf/${runtime}-log/` } },
    }];
  });
}

function packageServiceVolumes(component: Component, settings: Settings): OwnVolume[] {
  const service = downloadService(component);
  const download = packageOf(component, settings);
  const authenticates = download !== undefined && !isHttp(download.location);
  const own = service.prefix === "";
  const roles: Role[] = [
    ...(own ? [] : ["runner" as const]),
    ...(authenticates ? ["downloader" as const] : []),
  ];
  if (roles.length === 0) return [];
  return [
    ...certificateVolumes(service, roles),
    ...keyVolumes(service, roles, service.messaging.authConfig),
  ].map((volume) => ({ ...volume, shared: true }));
}

/** The volume that the downloader fills. */
function downloaderVolumes(component: Component, settings: Settings): OwnVolume[] {
  const download = packageOf(component, settings);
  if (download === undefined) return [];
  const runner = downloadMount(filePath(download.file, settings));
  return [{
    name: DOWNLOADER_VOLUME,
    source: {},
    mounts: { runner, downloader: { mountPath: DOWNLOAD_PATH } },
  }];
}

/** A file right below `/pulsar` is mounted alone: the rest of that directory belongs to the image. */
export function downloadMount(path: string): Part {
  return path.replace("/pulsar/", "").includes("/")
    ? { mountPath: path.slice(0, path.lastIndexOf("/")) }
    : { mountPath: path, subPath: baseName(path) };
}

function secretVolume(
  secret: { readonly name: string | undefined; readonly key: string | undefined },
  mounts: OwnVolume["mounts"],
): OwnVolume {
  const [name, key] = [secret.name ?? "", secret.key ?? ""];
  return {
    name: volumeName(`${name}-${key}`),
    source: { secret: { secretName: name, items: [{ key, path: key }] } },
    mounts,
  };
}

function mountsAt(mountPath: string, roles: readonly Role[]): OwnVolume["mounts"] {
  return Object.fromEntries(roles.map((role) => [role, { mountPath }]));
}

/**
 * Gives a volume another name when the user, or another of ours, has one of the same name with other content: both are
 * needed. (Names are made from those of Secrets, so `a.b` and `a-b` meet.)
 */
function distinct(wanted: readonly OwnVolume[], component: Component): OwnVolume[] {
  const sources = new Map<string, unknown>();
  for (const { name, ...source } of component.spec.pod?.volumes ?? []) {
    sources.set(String(name), source);
  }
  if (component.kind === "Function") {
    for (const claim of component.spec.volumeClaimTemplates ?? []) {
      const name = (claim["metadata"] as { readonly name?: string } | undefined)?.name;
      if (name !== undefined) sources.set(name, claim);
    }
  }
  return wanted.map((volume) => {
    const { source } = volume;
    const known = sources.get(volume.name);
    if (known === undefined) sources.set(volume.name, source);
    if (known === undefined || sameJson(known, source)) return volume;
    const suffix = contentHash({ source, name: volume.name }).slice(0, SUFFIX_LENGTH);
    return {
      ...volume,
      name: `${volume.name.slice(0, VOLUME_NAME_MAX - SUFFIX_LENGTH - 1)}-${suffix}`,
    };
  });
}
