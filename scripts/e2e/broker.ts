import type { KubeObject } from "#base";
import type { BrokerSecrets } from "./broker_secrets.ts";
import { readyWhen, runnerContainer, runnerPod } from "./runner_pod.ts";

/** Names of the two brokers, of their Services and of their StatefulSets. */
export const [PLAIN_BROKER, SECURE_BROKER] = ["pulsar", "pulsar-secure"] as const;

/** Where and from what a broker is made. */
export interface BrokerPlace {
  readonly namespace: string;
  readonly image: string;
  /** The node that keeps it. */
  readonly node: string;
}

/** Settings of both brokers, as they differ from the shipped `conf/standalone.conf`. */
const SETTINGS: Readonly<Record<string, string>> = {
  // Topics of a test stay, and so do their messages: a test reads them from the first on.
  brokerDeleteInactiveTopicsEnabled: "false",
  defaultRetentionSizeInMB: "64",
  defaultRetentionTimeInMinutes: "240",
  enablePackagesManagement: "true",
  packagesManagementStorageProvider:
    "org.apache.pulsar.packages.management.storage.filesystem.FileSystemPackagesStorageProvider",
  STORAGE_PATH: "/data/packages",
  numIOThreads: "2",
  numHttpServerThreads: "8",
  // Needed for `effectively_once`; switched on for a namespace by the test that needs it.
  brokerDeduplicationEnabled: "false",
};

/** Only who has a token comes in, and may do what was granted; over TLS too. */
function secureSettings(secrets: BrokerSecrets): Readonly<Record<string, string>> {
  return {
    authenticationEnabled: "true",
    authenticationProviders: "org.apache.pulsar.broker.authentication.AuthenticationProviderToken",
    authorizationEnabled: "true",
    superUserRoles: "admin",
    tokenSecretKey: `data:;base64,${secrets.signingKey}`,
    brokerClientAuthenticationPlugin: "org.apache.pulsar.client.impl.auth.AuthenticationToken",
    brokerClientAuthenticationParameters: `token:${secrets.adminToken}`,
    brokerServicePortTls: "6651",
    webServicePortTls: "8443",
    tlsCertificateFilePath: "/data/tls/server.crt",
    tlsKeyFilePath: "/data/tls/server.key",
    tlsTrustCertsFilePath: "/settings/ca.crt",
  };
}

/** The Service of a broker: made first, because its address is needed by all others. */
export function brokerService(name: string, place: BrokerPlace): KubeObject {
  const port = (name: string, port: number) => ({ name, port, targetPort: port });
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: place.namespace },
    spec: {
      selector: { app: name },
      ports: [port("pulsar", 6650), port("http", 8080)].concat(
        name === SECURE_BROKER ? [port("pulsar-ssl", 6651), port("https", 8443)] : [],
      ),
    },
  };
}

/**
 * The other objects of a broker: its settings and a StatefulSet of one pod.
 *
 * @param options.serviceAddress of its Service, which its certificate names
 */
export function brokerObjects(
  place: BrokerPlace,
  options: { readonly secrets?: BrokerSecrets; readonly serviceAddress: string },
): KubeObject[] {
  const { secrets, serviceAddress } = options;
  const name = secrets === undefined ? PLAIN_BROKER : SECURE_BROKER;
  const settings = { ...SETTINGS, ...secrets === undefined ? {} : secureSettings(secrets) };
  const { namespace } = place;
  return [{
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    stringData: {
      "broker.conf": Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join(""),
      ...secrets === undefined ? {} : { "ca.crt": secrets.caPem, "ca.key": secrets.caKeyPem },
    },
  }, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: { app: name } },
      template: runnerPod(place, {
        name,
        containers: [brokerContainer(place, { secrets, serviceAddress })],
        volumes: [
          { name: "data", emptyDir: {} },
          { name: "settings", secret: { secretName: name } },
        ],
      }),
    },
  }];
}

function brokerContainer(
  place: BrokerPlace,
  options: { readonly secrets: BrokerSecrets | undefined; readonly serviceAddress: string },
): Record<string, unknown> {
  const { secrets, serviceAddress } = options;
  const header = secrets === undefined ? {} : {
    httpHeaders: [{ name: "Authorization", value: `Bearer ${secrets.adminToken}` }],
  };
  return {
    ...runnerContainer(place, {
      name: "broker",
      script: [
        "set -eu",
        // The shipped file has no line break at its end. Of a setting that is there twice the last one counts.
        "(cat conf/standalone.conf; echo; cat /settings/broker.conf) > /data/standalone.conf",
        ...secrets === undefined ? [] : certificateScript(place.namespace, CERTIFICATE_FILES),
        "exec bin/pulsar standalone --no-functions-worker --no-stream-storage" +
        ' --advertised-address "$POD_IP"' +
        " --metadata-dir /data/metadata --bookkeeper-dir /data/bookkeeper",
      ].join("\n"),
      memory: "1Gi",
    }),
    env: [
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "SERVICE_IP", value: serviceAddress },
      { name: "PULSAR_STANDALONE_CONF", value: "/data/standalone.conf" },
      { name: "PULSAR_LOG_DIR", value: "/data/logs" },
      { name: "PULSAR_MEM", value: "-Xms192m -Xmx384m -XX:MaxDirectMemorySize=384m" },
      { name: "PULSAR_GC", value: "-XX:+UseSerialGC -XX:TieredStopAtLevel=1" },
      { name: "PULSAR_GC_LOG", value: "-Xlog:disable" },
    ],
    readinessProbe: readyWhen({ path: "/admin/v2/brokers/health", port: 8080, ...header }),
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "settings", mountPath: "/settings" },
    ],
  };
}

/** Files that the script for the certificate reads, and the folder that it writes to. */
export interface CertificateFiles {
  /** Has `ca.crt` and `ca.key`. */
  readonly settings: string;
  readonly output: string;
  /** Tells the domain of the cluster. */
  readonly resolver: string;
}

const CERTIFICATE_FILES: CertificateFiles = {
  settings: "/settings",
  output: "/data/tls",
  resolver: "/etc/resolv.conf",
};

/**
 * Lines of shell that make the secure broker's certificate. It names the addresses of Service and pod, as clients are sent
 * to the pod after they asked the Service; and the names of both, as Java looks for the name that DNS tells for an
 * address. The name of a pod in it is its own or its address with dashes: one label.
 */
export function certificateScript(namespace: string, files: CertificateFiles): string[] {
  const { output, resolver, settings } = files;
  const service = `${SECURE_BROKER}.${namespace}.svc`;
  const names = [SECURE_BROKER, `${SECURE_BROKER}.${namespace}`, service].concat(
    `${service}.$domain`,
    `*.${service}.$domain`,
  );
  return [
    `mkdir -p ${output}`,
    "openssl req -newkey rsa:2048 -nodes -subj /CN=broker" +
    ` -keyout ${output}/server.key -out ${output}/server.csr`,
    `domain=$(sed -n 's/^search .*[ \t]svc\\.\\([^ \t]*\\).*/\\1/p' ${resolver})`,
    'domain="${domain:-cluster.local}"',
    `echo "subjectAltName=IP:$POD_IP,IP:$SERVICE_IP,${
      names.map((name) => `DNS:${name}`).join(",")
    }" > ${output}/extensions`,
    `openssl x509 -req -days 2 -CA ${settings}/ca.crt -CAkey ${settings}/ca.key -set_serial 2` +
    ` -extfile ${output}/extensions -in ${output}/server.csr -out ${output}/server.crt`,
  ];
}
