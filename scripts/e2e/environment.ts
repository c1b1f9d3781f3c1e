import type { KubeObject } from "#base";
import { type Progress, reported } from "../control_plane/progress.ts";
import {
  brokerObjects,
  type BrokerPlace,
  brokerService,
  PLAIN_BROKER,
  SECURE_BROKER,
} from "./broker.ts";
import { type BrokerSecrets, newBrokerSecrets } from "./broker_secrets.ts";
import { installProgram } from "./deployment.ts";
import type { E2eSetting } from "./setting.ts";
import type { TargetCluster } from "./target_cluster.ts";
import { TOOLBOX, toolboxObjects } from "./toolbox.ts";

/** What the tests need in a cluster. */
export interface EnvironmentOptions {
  /** References that nodes can run, of the runner image and the program's. */
  readonly images: E2eSetting["images"];
  readonly failureFolder: string;
  readonly recordFolder?: string;
  readonly progress: Progress;
}

/** Namespace of the program, and of brokers and toolbox: none that somebody else would have. */
export const NAMESPACES = { program: "meshwright-e2e", pulsar: "meshwright-e2e-pulsar" } as const;

/** Puts brokers, toolbox and the program into a cluster and waits until all of them are ready. */
export async function prepareEnvironment(
  cluster: TargetCluster,
  options: EnvironmentOptions,
): Promise<E2eSetting> {
  const { images, progress } = options;
  const [node] = cluster.access.nodes;
  if (node === undefined) throw new Error("Cannot prepare the cluster: it has no node for pods");
  const place: BrokerPlace = { namespace: NAMESPACES.pulsar, image: images.runner, node };
  const secrets = await newBrokerSecrets();
  await cluster.apply([namespaceObject(NAMESPACES.pulsar)]);
  await cluster.apply([PLAIN_BROKER, SECURE_BROKER].map((name) => brokerService(name, place)));
  const address = (name: string) => cluster.serviceAddress(NAMESPACES.pulsar, name);
  const [plain, secure] = await Promise.all([address(PLAIN_BROKER), address(SECURE_BROKER)]);
  await cluster.apply([
    ...brokerObjects(place, { serviceAddress: plain }),
    ...brokerObjects(place, { serviceAddress: secure, secrets }),
    ...await toolboxObjects({ ...place, caPem: secrets.caPem }),
  ]);
  const program = { namespace: NAMESPACES.program, image: images.program };
  await Promise.all([
    reported("starting Pulsar", () => brokersReady(cluster), progress),
    reported("installing the program", () => installProgram(cluster, program), progress),
  ]);
  await grantFunctions(cluster, { secrets });
  const host = (name: string) => cluster.serviceHost(NAMESPACES.pulsar, name);
  const hosts = {
    plain: await host(PLAIN_BROKER),
    secure: await host(SECURE_BROKER),
    toolbox: await host(TOOLBOX),
  };
  return settingOf(cluster, { ...options, secrets, hosts });
}

function settingOf(
  cluster: TargetCluster,
  facts: EnvironmentOptions & {
    readonly secrets: BrokerSecrets;
    /** What pods call each Service by. */
    readonly hosts: Readonly<Record<"plain" | "secure" | "toolbox", string>>;
  },
): E2eSetting {
  const { hosts, secrets, images, failureFolder, recordFolder } = facts;
  const { choice, ...access } = cluster.access;
  return {
    ...access,
    cluster: choice,
    images,
    programNamespace: NAMESPACES.program,
    pulsarNamespace: NAMESPACES.pulsar,
    toolboxPod: TOOLBOX,
    toolboxUrl: `http://${hosts.toolbox}:8000`,
    broker: {
      serviceUrl: `pulsar://${hosts.plain}:6650`,
      webUrl: `http://${hosts.plain}:8080`,
    },
    secureBroker: {
      serviceUrl: `pulsar://${hosts.secure}:6650`,
      webUrl: `http://${hosts.secure}:8080`,
      tls: {
        serviceUrl: `pulsar+ssl://${hosts.secure}:6651`,
        webUrl: `https://${hosts.secure}:8443`,
      },
      caPem: secrets.caPem,
      adminToken: secrets.adminToken,
      functionsToken: secrets.functionsToken,
      strangerToken: secrets.strangerToken,
    },
    failureFolder,
    ...recordFolder === undefined ? {} : { recordFolder },
  };
}

async function brokersReady(cluster: TargetCluster): Promise<void> {
  const where = ["-n", NAMESPACES.pulsar, "--timeout=240s"];
  await Promise.all([
    ...[PLAIN_BROKER, SECURE_BROKER].map((name) =>
      cluster.kubectl(["rollout", "status", `statefulset/${name}`, ...where])
    ),
    cluster.kubectl(["wait", "--for=condition=Ready", `pod/${TOOLBOX}`, ...where]),
  ]);
}

/** The role `functions` may produce and consume: what tests of authorisation need from the start. */
async function grantFunctions(
  cluster: TargetCluster,
  options: { readonly secrets: BrokerSecrets },
): Promise<void> {
  const url = "http://localhost:8080/admin/v2/namespaces/public/default/permissions/functions";
  const script = [
    "import sys, urllib.request",
    `ask = urllib.request.Request("${url}", method="POST", data=b'["produce", "consume"]')`,
    'ask.add_header("Content-Type", "application/json")',
    'ask.add_header("Authorization", "Bearer " + sys.stdin.read())',
    "urllib.request.urlopen(ask, timeout=30).read()",
  ].join("\n");
  const pod = ["exec", "-i", "-n", NAMESPACES.pulsar, `${SECURE_BROKER}-0`, "--"];
  await cluster.kubectl([...pod, "python3", "-c", script], { stdin: options.secrets.adminToken });
}

function namespaceObject(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
